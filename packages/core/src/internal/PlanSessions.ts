/**
 * A plan session that is opened anew, and goes on without what was staged, when the connection to the target broke.
 */
import { Effect, Exit, Scope } from "effect"
import type { Import } from "../Import.ts"
import { needsLastWritten } from "../Ownership.ts"
import type { PlanSession, SinkError } from "../Sink.ts"
import type { Full } from "./Collector.ts"
import { isRetryable, retrying, Stopped } from "./worldError.ts"

/** The session of one validation, whichever connection it has. */
export interface PlanSessions {
  readonly use: <A, E>(f: (session: PlanSession) => Effect.Effect<A, E | SinkError>) => Effect.Effect<A, E | SinkError>
  readonly stage: (full: Full) => Effect.Effect<void, SinkError>
  readonly transaction: () => PlanSession["transaction"]
  /** What the session stages. */
  readonly face: "bytes" | "records"
}

// a sink that does not know what a commit wrote last could not tell a person's edit from it
const unsupported = ({ entities, sink }: Import): Stopped | undefined => {
  const entity = sink.keepsEdits === true ? undefined : entities.find(needsLastWritten)
  return entity === undefined
    ? undefined
    : new Stopped({
        code: "ownership.unsupported",
        message: `${entity.name} has fields that are owned keepEdits, and the sink ${sink.kind} does not keep what its commits wrote last; own them whenEmpty or atCreation, or write to a sink that does`,
        retryable: false,
      })
}

/** Opens the session; it closes with the scope. Fails where the sink cannot do what the entities ask for. */
export const open = (definition: Import, job: string): Effect.Effect<PlanSessions, SinkError | Stopped, Scope.Scope> =>
  Effect.gen(function* () {
    const stopped = unsupported(definition)
    if (stopped !== undefined) return yield* Effect.fail(stopped)
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
