/**
 * `resume`, `cancel` and `pause`: go on with a job that broke off, give one up, or have its worker give it back.
 */
import { Engine, Job, Partitions } from "@waybill/core"
import { Effect } from "effect"
import * as Entry from "../../Entry.ts"
import { type Command, entryOf, exitCode, exitCodes, getJob, typedJob } from "../Command.ts"
import { UsageError } from "../complaint.ts"
import { dividedOf, options, singleOf, sourceOf, typedOptions } from "./partitioned.ts"
import { report } from "./reporting.ts"

/** Goes on with a job. */
export const resume: Command = {
  name: "resume",
  takes: "jobAndEntry",
  help: "go on with a job that broke off or was paused; a validation needs the arguments of its import again",
  options: [
    { name: "wait", help: "where another worker is in the way, wait for it" },
    { name: "no-mirrors", help: "of a validation that was begun so: leave records that the source has no more as they are" },
    ...options,
  ],
  run: (context) =>
    Effect.gen(function* () {
      const [id, ...given] = context.typed.positionals
      if (id === undefined) return yield* Effect.fail(new UsageError("Which job? Its id is missing; `jobs` lists them."))
      const before = yield* getJob(id)
      const entry = yield* entryOf(context, before)
      const definition = yield* Entry.definition(entry)
      const asked = {
        onBusy: context.typed.flags.has("wait") ? ("wait" as const) : ("refuse" as const),
        ...(context.typed.flags.has("no-mirrors") ? { mirrors: false as const } : {}),
        onProgress: context.progress.show,
      }
      // what waits for its commit needs no source
      const source = yield* sourceOf(
        context,
        entry,
        before,
        given,
        Job.isParent(before) ? before.status !== "pending" : before.status === "validating",
      )
      const job = Job.isParent(before)
        ? yield* Partitions.resume(definition, id, yield* dividedOf(source, definition), {
            ...asked,
            ...(yield* typedOptions(context)),
            startedBy: context.host.user,
          })
        : yield* Engine.resume(
            definition,
            id,
            source === undefined || before.status !== "validating" ? undefined : yield* singleOf(source, before),
            asked,
          )
      yield* report(context, job, before.plan === null ? {} : { preview: before })
      return exitCode(job)
    }),
}

const asking = (name: "cancel" | "pause", help: string): Command => ({
  name,
  takes: "job",
  help,
  options: [],
  run: (context) =>
    Effect.gen(function* () {
      const job = yield* Engine[name](yield* typedJob(context))
      yield* report(context, job)
      return exitCodes.success
    }),
})

/** Gives a job up. */
export const cancel = asking("cancel", "give a job up; its worker stops at the next safe point, and what is written stays")

/** Has the worker give a job back. */
export const pause = asking("pause", "have the worker stop at the next safe point; `resume` goes on from there")
