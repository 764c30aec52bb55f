/**
 * What stands around each step of a session: a worker that lost its job is told so, and a transaction over all that broke off stays so.
 */
import { Sink } from "@waybill/core"
import { Effect } from "effect"
import { checkToken, type Worker } from "./bookkeeping.ts"
import type { Target } from "./server.ts"

const brokenOff = new Sink.SinkError({
  reason: "Contention",
  isRetryable: true,
  message: "the transaction of the session was broken off, and nothing of it is written; a new session can begin again",
})

/** Guards the steps of one session. */
export type Guard = <A>(step: Effect.Effect<A, Sink.SinkError>) => Effect.Effect<A, Sink.SinkError>

/** The guard of a session; `atomic` where one transaction holds all its steps. */
export const guardOf = (target: Target, worker: Worker, atomic: boolean): Guard => {
  // one that failed once has lost what it did: no further batch may look as if it were written
  let broken: Sink.SinkError | undefined
  return (step) =>
    Effect.suspend(() => (broken === undefined ? step : Effect.fail(broken))).pipe(
      Effect.catchIf(
        // the other transaction in the way may be the takeover by another worker
        (error) => error.reason === "Contention",
        (error) =>
          checkToken(target, worker).pipe(
            Effect.catch((other) => Effect.fail(other.reason === "Fenced" ? other : error)),
            Effect.andThen(Effect.fail(error)),
          ),
      ),
      Effect.onError(() =>
        Effect.sync(() => {
          if (atomic) broken ??= brokenOff
        }),
      ),
    )
}
