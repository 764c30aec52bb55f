/**
 * What a run does about a world that is wrong: the schedule that repeats calls, and the failure that a job keeps.
 */
import { Cause, Duration, Effect, Schedule } from "effect"
import type { IntegrityError } from "../IntegrityError.ts"
import type { Failure } from "../Job.ts"
import type { LimitReached } from "../Limits.ts"
import { SinkError } from "../Sink.ts"
import type { SnapshotStoreError } from "../SnapshotStore.ts"
import { SourceError } from "../Source.ts"

/** All that stops a phase and ends in the job. */
export type WorldError = SourceError | SinkError | SnapshotStoreError | LimitReached | IntegrityError | Stopped | Halted

/** A person asked for it; the phase stopped at a safe point. */
export class Halted {
  readonly _tag = "Halted"
  constructor(readonly request: "cancel" | "pause") {}
}

/** A phase stopped for a reason of its own; the job keeps the failure. */
export class Stopped {
  readonly _tag = "Stopped"
  constructor(readonly failure: Failure) {}
}

/** Whether the same call to the source or the target may succeed later. Calls to the stores are repeated where they are made. */
export const isRetryable = (error: unknown): boolean =>
  (error instanceof SourceError || error instanceof SinkError) && error.isRetryable

const askedDelay = (error: unknown): Duration.Duration | undefined =>
  error instanceof SourceError ? error.retryAfter : undefined

const warn = (error: unknown): Effect.Effect<void> =>
  isRetryable(error)
    ? Effect.logWarning("the other side failed; unless that was the last try, it is asked again", {
        reason: (error as SourceError | SinkError).reason,
        error: (error as SourceError | SinkError).message,
      })
    : Effect.void

/** The import's schedule, with every wait at least as long as the other side asks (`Retry-After`), and only for retryable errors. */
export const retrying =
  (schedule: Schedule.Schedule<unknown, unknown>, when: (error: unknown) => boolean = isRetryable) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.retry(Effect.tapError(effect, warn), {
      schedule: schedule.pipe(
        Schedule.modifyDelay(({ duration, input }) => {
          const asked = askedDelay(input)
          return Effect.succeed(asked === undefined ? duration : Duration.max(duration, asked))
        }),
      ),
      while: (error: E) => when(error),
    }) as Effect.Effect<A, E, R>

/** What a job keeps of an error that stopped it. */
export const failureOf = (error: WorldError): Failure => {
  switch (error._tag) {
    // no failure of a job that does what it was asked, but the phase is not at its end either
    case "Halted":
      return { code: error.request, message: `a person asked to ${error.request} it`, retryable: true }
    case "SourceError":
      return { code: `source.${error.reason}`, message: error.message, retryable: error.isRetryable }
    case "SinkError":
      return { code: `sink.${error.reason}`, message: error.message, retryable: error.isRetryable }
    case "SnapshotStoreError":
      return { code: `store.${error.reason}`, message: error.message, retryable: error.isRetryable }
    case "LimitReached":
      // a commit goes on from its checkpoint, however little time it has at once
      return { code: `limit.${error.limit}`, message: error.message, retryable: error.limit === "commitTimeout" }
    case "IntegrityError":
      return { code: "integrity", message: error.message, retryable: false }
    case "Stopped":
      return error.failure
  }
}

/** What a job keeps of a defect that stopped it: something threw that never should, mostly a function of the import itself. */
export const defectOf = (cause: Cause.Cause<unknown>): Failure => {
  const thrown = Cause.squash(cause)
  const said = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return { code: "defect", message: `the code of the import, or of a source, sink or store, threw ${said}`, retryable: false }
}
