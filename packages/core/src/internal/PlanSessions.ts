/**
 * A plan session that is opened anew, and goes on without what was staged, when the connection to the target broke.
 */
import { Effect, Exit, Scope } from "effect"
import type { Import } from "../Import.ts"
import type { PlanSession, SinkError } from "../Sink.ts"
import type { Full } from "./Collector.ts"
import { isRetryable, retrying } from "./worldError.ts"

/** The session of one validation, whichever connection it has. */
export interface PlanSessions {
  readonly use: <A, E>(f: (session: PlanSession) => Effect.Effect<A, E | SinkError>) => Effect.Effect<A, E | SinkError>
  readonly stage: (full: Full) => Effect.Effect<void, SinkError>
  readonly transaction: () => PlanSession["transaction"]
  /** What the session stages. */
  readonly face: "bytes" | "records"
}

/** Opens the session; it closes with the scope. */
export const open = (definition: Import, job: string): Effect.Effect<PlanSessions, SinkError, Scope.Scope> =>
  Effect.gen(function* () {
    const outer = yield* Effect.scope
    const retry = retrying(definition.retry)
    const connect = Effect.gen(function* () {
      const scope = yield* Scope.fork(outer)
      const session = yield* definition.sink
        .plan({ job, entities: definition.entities, preferred: definition.transaction })
        .pipe(Effect.provideService(Scope.Scope, scope))
      return { session, scope }
    })
    let current = yield* retry(connect)
    let broken = false
    const reopen = Effect.gen(function* () {
      yield* Scope.close(current.scope, Exit.void)
      current = yield* connect
      broken = false
    })
    return {
      use: (f) =>
        Effect.suspend(() =>
          broken
            ? Effect.andThen(
                reopen,
                Effect.suspend(() => f(current.session)),
              )
            : f(current.session),
        ).pipe(
          Effect.tapError((error) =>
            Effect.sync(() => {
              broken ||= isRetryable(error)
            }),
          ),
          retry,
        ),
      stage: ({ batch }) =>
        broken
          ? Effect.void
          : Effect.catchTag(current.session.stage(batch), "SinkError", (error) => {
              if (!error.isRetryable) return Effect.fail(error)
              broken = true
              return Effect.logWarning("the target broke off while the source is read; planning will open it again", {
                job,
                reason: error.reason,
              })
            }),
      transaction: () => current.session.transaction,
      face: current.session.face ?? "bytes",
    }
  })
