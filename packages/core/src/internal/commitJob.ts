/**
 * The job of a commit: taken, held while the plan is carried out, and saved with what became of it.
 */
import { Cause, Effect, type Exit, Option } from "effect"
import { EngineError } from "../EngineError.ts"
import type { Import } from "../Import.ts"
import type * as Job from "../Job.ts"
import type { RunOptions } from "../Run.ts"
import * as Summary from "../Summary.ts"
import { type Control, given, withTaken } from "./Control.ts"
import { type Committed, commit } from "./commit.ts"
import * as jobs from "./jobs.ts"
import { Tally } from "./Tally.ts"
import { defectOf, failureOf, type WorldError } from "./worldError.ts"

/** Whether a commit of a job may begin or go on. */
export const isCommittable = (job: Job.Job): boolean =>
  job.plan !== null &&
  job.undo === null &&
  (job.status === "pending" || job.status === "running" || (job.status === "failed" && job.failure?.retryable === true))

const notCommittable = ({ failure, id, status, undo }: Job.Job): string => {
  if (undo !== null) return `job ${id} is an undo; it goes on when job ${undo.of} is taken back again`
  return failure === null
    ? `job ${id} is ${status}; only a pending job can be committed`
    : `job ${id} is ${status} (${failure.message}); validate again`
}

const begin = (job: Job.Job): Effect.Effect<Partial<Job.Job>, EngineError> =>
  isCommittable(job)
    ? Effect.succeed({ status: "running", failure: null })
    : Effect.fail(
        new EngineError({
          reason: "WrongStatus",
          job: job.id,
          message: notCommittable(job),
        }),
      )

/** Takes a job, and does what its plan says. */
export const run = (definition: Import, jobId: string, options: Pick<RunOptions, "onBusy" | "onProgress">) =>
  withTaken({ read: jobs.getJob(definition, jobId), begin, alone: true, onBusy: options.onBusy }, (control, before) =>
    work(definition, control, before, options),
  )

/**
 * Takes a job whose commit broke off, to give it up: the target is asked what is done, and shuts out the worker that had the job; nothing more is
 * written. A commit that broke off behind its last batch is brought to its end instead.
 */
export const giveUp = (definition: Import, jobId: string) =>
  withTaken(
    {
      read: jobs.getJob(definition, jobId),
      begin: (job) => Effect.map(begin(job), (changes) => ({ ...changes, request: "cancel" as const })),
      alone: false,
      onBusy: "refuse",
    },
    (control, before) => work(definition, control, before, {}),
  )

const work = (definition: Import, control: Control, before: Job.Job, options: Pick<RunOptions, "onProgress">) =>
  Effect.gen(function* () {
    const jobId = before.id
    yield* Effect.logInfo("commit begins", { job: jobId, transaction: before.transaction })
    const tally = Tally.from(before.counts, definition.limits.issues)
    const attempt = { opened: false }
    const exit = yield* Effect.exit(commit(definition, control.job(), tally, options, attempt, control.safePoint))
    // what stopped before it came to the target has no counts of its own: those of the attempt before it still say what was done
    const counts = !attempt.opened && before.status === "failed" ? before.counts : tally.counts()
    const done = yield* settle(control, tally, counts, exit)
    yield* Effect.logInfo(done.status === "running" ? "commit paused" : "commit ended", {
      job: jobId,
      status: done.status,
      failure: done.failure?.code,
      ...jobs.brief(done.counts),
    })
    if (exit._tag === "Failure" && Cause.hasDies(exit.cause)) return yield* Effect.die(Cause.squash(exit.cause))
    return done
  })

const settle = (control: Control, tally: Tally, counts: Summary.Counts, exit: Exit.Exit<Committed, WorldError>) => {
  const save = (changes: Partial<Job.Job>) => control.save({ counts, ...changes, ...given }, tally.drainIssues())
  if (exit._tag === "Success") {
    const unbalanced = Summary.unbalanced(counts)
    const failure = exit.value.failure ?? (unbalanced.length === 0 ? null : jobs.accounting(unbalanced))
    const left = counts.rejected + counts.conflict + counts.failed
    const status = failure !== null ? "failed" : left > 0 ? "partial" : "success"
    return save({ status, timings: { ...control.job().timings, ...exit.value.timings }, failure })
  }
  const { cause } = exit
  // its code may be mended, and the commit goes on from its checkpoint
  if (Cause.hasDies(cause)) return save({ status: "failed", failure: { ...defectOf(cause), retryable: true } })
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error === undefined) return Effect.failCause(cause as Cause.Cause<never>)
  if (error._tag !== "Halted") return save({ status: "failed", failure: failureOf(error) })
  // a commit that goes on counts afresh, and finds its issues again
  return error.request === "cancel" ? save({ status: "cancelled", failure: null }) : control.save(given)
}
