/**
 * `again`: runs one partition of a parent job again.
 */
import { Partitions } from "@waybill/core"
import { Effect } from "effect"
import * as Entry from "../../Entry.ts"
import { type Command, entryOf, exitCode, getJob } from "../Command.ts"
import { UsageError } from "../complaint.ts"
import { dividedOf, sourceOf } from "./partitioned.ts"
import { report } from "./reporting.ts"

/** See the file's first sentence. */
export const again: Command = {
  name: "again",
  takes: "partitionAndEntry",
  help: "run one partition of a job again, with the arguments of its import; the job follows",
  options: [
    { name: "force", help: "take the partition although the same bytes were imported before" },
    { name: "wait", help: "where another worker is in the way, wait for it" },
  ],
  run: (context) =>
    Effect.gen(function* () {
      const { flags, positionals } = context.typed
      const [id, partition, ...given] = positionals
      if (id === undefined) return yield* Effect.fail(new UsageError("Which job? Its id is missing; `jobs` lists them."))
      if (partition === undefined)
        return yield* Effect.fail(new UsageError(`Which partition of job ${id}? Its name is missing; \`show\` lists them.`))
      const before = yield* getJob(id)
      const entry = yield* entryOf(context, before)
      const definition = yield* Entry.definition(entry)
      const source = yield* dividedOf(yield* sourceOf(context, entry, before, given, true), definition)
      const job = yield* Partitions.again(definition, id, partition, source, {
        startedBy: context.host.user,
        force: flags.has("force"),
        onBusy: flags.has("wait") ? "wait" : "refuse",
        onProgress: context.progress.show,
      })
      yield* report(context, job)
      return exitCode(job)
    }),
}
