/**
 * `resume`, `cancel` and `pause`: go on with a job that broke off, give one up, or have its worker give it back.
 */
import { Engine } from "@waybill/core"
import { Effect } from "effect"
import * as Entry from "../../Entry.ts"
import { type Command, entryOf, exitCode, exitCodes, getJob, typedJob } from "../Command.ts"
import { UsageError } from "../complaint.ts"
import { report } from "./reporting.ts"

/** Goes on with a job. */
export const resume: Command = {
  name: "resume",
  takes: "jobAndEntry",
  help: "go on with a job that broke off or was paused; a validation needs the arguments of its import again",
  options: [
    { name: "wait", help: "where another worker is in the way, wait for it" },
    { name: "no-mirrors", help: "of a validation that was begun so: leave records that the source has no more as they are" },
  ],
  run: (context) =>
    Effect.gen(function* () {
      const [id, ...given] = context.typed.positionals
      if (id === undefined) return yield* Effect.fail(new UsageError("Which job? Its id is missing; `jobs` lists them."))
      const before = yield* getJob(id)
      const entry = yield* entryOf(context, before)
      const wanted = Object.keys(entry.arguments ?? {})
      if (given.length > wanted.length)
        return yield* Effect.fail(new UsageError(`There is one argument too many: ${given[wanted.length]}.`))
      if (before.status === "validating" && given.length < wanted.length) {
        const missing = wanted[given.length]!
        return yield* Effect.fail(
          new UsageError(
            `Job ${id} was being validated; to go on, the import ${before.import} needs ${missing.toUpperCase()} again: ${entry.arguments![missing]}.`,
          ),
        )
      }
      const input = new Map([
        ...wanted.map((argument, at) => [argument, given[at]] as const),
        ...Object.keys(entry.options ?? {}).map((option) => [option, context.typed.values.get(option)] as const),
      ])
      const definition = yield* Entry.definition(entry)
      const source = before.status === "validating" ? entry.source(Object.fromEntries(input)) : undefined
      const job = yield* Engine.resume(definition, id, source, {
        onBusy: context.typed.flags.has("wait") ? "wait" : "refuse",
        ...(context.typed.flags.has("no-mirrors") ? { mirrors: false } : {}),
        onProgress: context.progress.show,
      })
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
