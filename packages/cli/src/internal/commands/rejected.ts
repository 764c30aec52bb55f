/**
 * `rejected` and `replay`: the rows that a job rejected, as they came, and how they are sent again.
 */
import { DeadLetters } from "@waybill/core"
import { Effect, Stream } from "effect"
import * as Entry from "../../Entry.ts"
import * as Report from "../../Report.ts"
import { type Command, entryOf, exitCode, exitCodes, getJob, numberOption, typedJob } from "../Command.ts"
import { report } from "./reporting.ts"

/** Lists rejected rows. */
export const rejected: Command = {
  name: "rejected",
  takes: "job",
  help: "list the rows that a job rejected and no replay has accepted, as they came; --json writes one per line",
  options: [{ name: "limit", value: "N", help: "at most so many; 20 by default, all with --json" }],
  run: (context) =>
    Effect.gen(function* () {
      const id = yield* typedJob(context)
      const limit = (yield* numberOption(context, "limit")) ?? (context.json ? Number.POSITIVE_INFINITY : 20)
      let shown = 0
      yield* DeadLetters.list(id).pipe(
        Stream.take(limit),
        Stream.runForEachArray((some) => {
          shown += some.length
          const text = context.json ? some.map((it) => `${JSON.stringify(it)}\n`) : some.map(Report.deadLetter)
          return context.host.out(text.join(""))
        }),
      )
      if (!context.json && shown === 0) yield* context.host.out("No rejected rows.\n")
      if (!context.json && shown === limit) yield* context.host.out("\nThere may be more; --limit N shows more.\n")
      return exitCodes.success
    }),
}

/** Validates rejected rows again. */
export const replay: Command = {
  name: "replay",
  takes: "job",
  help: "validate the rows that a job rejected again, by the import as it is now; commit the job that comes back",
  options: [{ name: "started-by", value: "NAME", help: "who asks; you by default" }],
  run: (context) =>
    Effect.gen(function* () {
      const id = yield* typedJob(context)
      const definition = yield* Entry.definition(yield* entryOf(context, yield* getJob(id)))
      const job = yield* DeadLetters.replay(definition, id, {
        startedBy: context.typed.values.get("started-by") ?? context.host.user,
        onProgress: context.progress.show,
      })
      yield* report(context, job)
      return exitCode(job)
    }),
}
