/**
 * `undo`: takes back what a job or all partitions of a parent wrote, or tells what that would do.
 */
import { Engine } from "@waybill/core"
import { Effect } from "effect"
import * as Entry from "../../Entry.ts"
import * as Report from "../../Report.ts"
import { type Command, entryOf, exitCode, exitCodes, getJob, typedJob, writeJson } from "../Command.ts"
import { report } from "./reporting.ts"

/** See the file's first sentence. */
export const undo: Command = {
  name: "undo",
  takes: "job",
  help: "take back what a job wrote, or all partitions of a run; what somebody changed since is kept and listed",
  options: [
    { name: "preview", help: "only tell what would be reversed and what kept" },
    { name: "wait", help: "where another worker is in the way, wait for it" },
    { name: "started-by", value: "NAME", help: "who asks; you by default" },
  ],
  run: (context) =>
    Effect.gen(function* () {
      const id = yield* typedJob(context)
      const definition = yield* Entry.definition(yield* entryOf(context, yield* getJob(id)))
      if (context.typed.flags.has("preview")) {
        const preview = yield* Engine.previewUndo(definition, id)
        yield* context.progress.clear
        if (context.json) yield* writeJson(context, preview)
        else yield* context.host.out(Report.undoPreview(preview, `${context.program} undo ${id}`, context.look))
        const refused = (preview.partitions ?? []).filter((it) => it.refused !== null)
        return preview.kept + preview.errored + refused.length > 0 ? exitCodes.partial : exitCodes.success
      }
      const job = yield* Engine.undo(definition, id, {
        startedBy: context.typed.values.get("started-by") ?? context.host.user,
        onBusy: context.typed.flags.has("wait") ? "wait" : "refuse",
        onProgress: context.progress.show,
      })
      yield* report(context, job)
      return exitCode(job)
    }),
}
