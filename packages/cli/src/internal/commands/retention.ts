/**
 * `retention`: what is kept of jobs, in the snapshot store and in the target, for longer than it has to be, and what taking it away frees.
 */
import { Retention } from "@waybill/core"
import { Duration, Effect } from "effect"
import * as Entry from "../../Entry.ts"
import * as Report from "../../Report.ts"
import { type Command, exitCodes, numberOption, writeJson } from "../Command.ts"
import { UsageError } from "../complaint.ts"

/** See the file's first sentence. */
export const retention: Command = {
  name: "retention",
  takes: [],
  help: "tell what is kept of jobs for longer than it has to be, and how many bytes that is; --purge takes it away",
  options: [
    { name: "days", value: "N", help: "for jobs of imports that this program does not have; 90 by default" },
    { name: "purge", help: "take it away, after which these jobs can neither be looked into nor undone" },
  ],
  run: (context) =>
    Effect.gen(function* () {
      const { typed } = context
      if (typed.positionals.length > 0)
        return yield* Effect.fail(new UsageError(`There is one argument too many: ${typed.positionals[0]}.`))
      const days = yield* numberOption(context, "days")
      const imports = yield* Effect.forEach(context.entries.values(), (entry) => Entry.definition(entry))
      const due = yield* Retention.look({ imports, ...(days === undefined ? {} : { age: Duration.days(days) }) })
      const purged = typed.flags.has("purge") ? yield* Retention.purge(due, { imports }) : undefined
      const purging = `${context.program} retention${days === undefined ? "" : ` --days ${days}`} --purge`
      if (context.json) yield* writeJson(context, purged ?? due)
      else yield* context.host.out(Report.retention(due, purged, purging, context.look))
      return exitCodes.success
    }),
}
