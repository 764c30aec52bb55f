/**
 * What people ask of a job besides its work: to cancel it, to pause it. A worker that has the job hears it at its next safe point.
 */
import { Clock, Effect } from "effect"
import { EngineError } from "../EngineError.ts"
import type { Import } from "../Import.ts"
import * as Job from "../Job.ts"
import type { JobStore, JobStoreError } from "../JobStore.ts"
import type { SnapshotStore } from "../SnapshotStore.ts"
import type { Counts } from "../Summary.ts"
import { given } from "./Control.ts"
import * as commitJob from "./commitJob.ts"
import * as jobs from "./jobs.ts"
import * as RawPages from "./RawPages.ts"
import { Tally } from "./Tally.ts"

const wrongStatus = (job: Job.Job, what: string): Effect.Effect<never, EngineError> =>
  Effect.fail(
    new EngineError({
      reason: "WrongStatus",
      job: job.id,
      message: `job ${job.id} is ${job.status}; ${what}`,
    }),
  )

// the job may be saved by its worker between our read and our save: then it is looked at again
const retryingStale = <A, E, R>(effect: Effect.Effect<A, E | JobStoreError, R>) =>
  Effect.retry(effect, { while: (error: E | JobStoreError) => (error as { readonly reason?: unknown }).reason === "Stale" })

/** The counts of a plan that is not carried out: what was unchanged still is, and nothing else was done. */
export const notDone = (counts: Counts): Counts => {
  const tally = Tally.from(counts, Number.POSITIVE_INFINITY)
  for (const [name, { unchanged }] of Object.entries(counts.entities)) tally.entity(name).unchanged = unchanged
  tally.stop(true)
  return tally.counts()
}

/** Gives a job up: at once where nobody works on it, else at the next safe point of the worker that has it. */
export const cancel = (
  jobId: string,
  definition?: Import,
): Effect.Effect<Job.Job, EngineError | JobStoreError, JobStore | SnapshotStore> =>
  Effect.gen(function* () {
    const job = yield* jobs.getJob(null, jobId)
    const now = yield* Clock.currentTimeMillis
    // the token shuts out a worker that wakes up later
    const cancelled = { status: "cancelled", token: job.token + 1, ...given } as const
    switch (job.status) {
      case "pending":
        return yield* jobs.save(job, { ...cancelled, counts: notDone(job.counts) })
      case "validating":
      case "running": {
        if (Job.isHeld(job, now)) return yield* jobs.save(job, { request: "cancel" })
        if (job.status === "running" && job.undo === null && definition !== undefined)
          return yield* commitJob.giveUp(definition, jobId)
        if (job.status === "running")
          return yield* jobs.save(job, {
            ...cancelled,
            counts: notDone(job.counts),
            failure: {
              code: "cancelled",
              message:
                job.transaction === "atomic"
                  ? "it was given up while nobody worked on it; nothing was written, unless the commit broke off just after its end"
                  : "it was given up while nobody worked on it; batches that were applied before are in the target, and not in these counts",
              // nobody knows all that was written, so it may be undone
              retryable: true,
            },
          })
        const done = yield* jobs.save(job, cancelled)
        yield* RawPages.sweep(done, "others")
        return done
      }
      default:
        return yield* wrongStatus(job, "there is nothing to cancel")
    }
  }).pipe(retryingStale)

/**
 * Gives up the job of a run whose commit was turned down because another job is at work: nobody asked for a job that waits, and while it did, the same
 * bytes would count as imported. Fails as before, and says what became of the job. One that somebody has taken meanwhile is left to them.
 */
export const takeBack = (jobId: string, busy: EngineError): Effect.Effect<never, EngineError, JobStore> =>
  Effect.gen(function* () {
    const job = yield* jobs.getJob(null, jobId)
    const now = yield* Clock.currentTimeMillis
    if (job.status !== "pending" || Job.isHeld(job, now)) return false
    yield* jobs.save(job, { status: "cancelled", token: job.token + 1, ...given, counts: notDone(job.counts) })
    return true
  }).pipe(
    // a store that fails now leaves the job as it is
    Effect.catch(() => Effect.succeed(false)),
    Effect.flatMap((cancelled) =>
      Effect.fail(
        new EngineError({
          ...busy,
          ...(cancelled ? { cancelled: jobId } : {}),
          message: `${busy.message}; job ${jobId}, which this run had validated, ${
            cancelled ? "was cancelled, and the run can be done again as it is" : "is left as it is, to be committed or cancelled"
          }`,
        }),
      ),
    ),
  )

/** Asks the worker that has a job to stop at its next safe point and give it back as it is. A job that nobody works on stays as it is. */
export const pause = (jobId: string): Effect.Effect<Job.Job, EngineError | JobStoreError, JobStore> =>
  Effect.gen(function* () {
    const job = yield* jobs.getJob(null, jobId)
    if (job.status !== "validating" && job.status !== "running") return yield* wrongStatus(job, "there is nothing to pause")
    const now = yield* Clock.currentTimeMillis
    // who asked to cancel it is not overruled
    return Job.isHeld(job, now) && job.request === null ? yield* jobs.save(job, { request: "pause" }) : job
  }).pipe(retryingStale)
