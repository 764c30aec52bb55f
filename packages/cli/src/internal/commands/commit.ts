/**
 * `commit`: does what a job's plan says.
 */
import { Engine, Job, Partitions } from "@waybill/core"
import { Effect } from "effect"
import * as Entry from "../../Entry.ts"
import { type Command, entryOf, exitCode, getJob, typedJob } from "../Command.ts"
import { report } from "./reporting.ts"

/** See the file's first sentence. */
export const commit: Command = {
  name: "commit",
  takes: "job",
  help: "do exactly what the job's plan says, and verify it in the target",
  options: [{ name: "wait", help: "where another worker is in the way, wait for it" }],
  run: (context) =>
    Effect.gen(function* () {
      const id = yield* typedJob(context)
      const preview = yield* getJob(id)
      const entry = yield* entryOf(context, preview)
      const definition = yield* Entry.definition(entry)
      const asked = {
        onBusy: context.typed.flags.has("wait") ? ("wait" as const) : ("refuse" as const),
        onProgress: context.progress.show,
      }
      const job = Job.isParent(preview)
        ? yield* Partitions.commit(definition, id, asked)
        : yield* Engine.commit(definition, id, asked)
      yield* report(context, job, { preview })
      return exitCode(job)
    }),
}
