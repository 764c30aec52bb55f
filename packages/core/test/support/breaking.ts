/**
 * Sources and sinks that break off where a test says, with errors that may be retried, and count their calls.
 */
import { Sink, Source } from "@waybill/core"
import { Clock, type Duration, Effect, Stream } from "effect"

export const sourceError = (options: { readonly isRetryable?: boolean; readonly retryAfter?: Duration.Duration } = {}) =>
  new Source.SourceError({ reason: "Unreachable", message: "connection reset", isRetryable: true, ...options })

/**
 * A source whose n-th read gives so many pages and then fails; reads after the last entry are whole. The cursors that reads began
 * at are kept in `reads`, the moments of breaks and reads, by the clock of the test, in `times`.
 */
export const breakingSource = (
  source: Source.Source,
  failures: ReadonlyArray<{ readonly pages: number; readonly error: Source.SourceError }>,
): Source.Source & { readonly reads: Array<Source.Cursor | null>; readonly times: Array<number> } => {
  const reads: Array<Source.Cursor | null> = []
  const times: Array<number> = []
  const note = Effect.map(Clock.currentTimeMillis, (time) => void times.push(time))
  return {
    ...source,
    reads,
    times,
    read: (from) =>
      Stream.unwrap(
        Effect.map(note, () => {
          const failure = failures[reads.length]
          reads.push(from)
          const pages = source.read(from)
          return failure === undefined
            ? pages
            : Stream.concat(
                Stream.take(pages, failure.pages),
                Stream.fromEffect(Effect.andThen(note, Effect.fail(failure.error))),
              )
        }),
      ),
  }
}

/** When a call breaks: before it did anything, after all of it took effect, or, for a stream, behind its first element. */
export type Moment = "before" | "after" | "midway"

/** Where and when, by the number of the call, from 0; the calls that were made are kept in `calls`. */
export interface Breaking {
  at: number
  moment: Moment
  /** How many calls break from there on. */
  times: number
  readonly calls: Array<string>
}

export const breaking = (): Breaking => ({ at: Number.POSITIVE_INFINITY, moment: "before", times: 1, calls: [] })

/** A sink that breaks at the calls that `breaking` says. A session that broke is gone: to use it again is a defect. */
export const breakingSink = <S extends Sink.Sink>(sink: S, breaking: Breaking): S => {
  const error = new Sink.SinkError({ reason: "Unreachable", message: "connection reset", isRetryable: true })
  // numbers the call, and says whether it breaks
  const enter = (name: string): boolean => {
    const number = breaking.calls.push(name) - 1
    return number >= breaking.at && number < breaking.at + breaking.times
  }
  interface Connection {
    gone: boolean
  }
  const call = <A, E, R>(on: Connection, name: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Sink.SinkError, R> =>
    Effect.suspend((): Effect.Effect<A, E | Sink.SinkError, R> => {
      if (on.gone) return Effect.die(new Error(`${name} on a session that broke`))
      if (!enter(name)) return effect
      on.gone = true
      return breaking.moment === "before" ? Effect.fail(error) : Effect.andThen(Effect.exit(effect), Effect.fail(error))
    })
  const stream = <A, E, R>(
    on: Connection,
    name: string,
    inner: Stream.Stream<A, E, R>,
  ): Stream.Stream<A, E | Sink.SinkError, R> =>
    Stream.suspend((): Stream.Stream<A, E | Sink.SinkError, R> => {
      if (on.gone) return Stream.die(new Error(`${name} on a session that broke`))
      if (!enter(name)) return inner
      on.gone = true
      const some = breaking.moment === "before" ? Stream.empty : breaking.moment === "midway" ? Stream.take(inner, 1) : inner
      return Stream.concat(some, Stream.fail(error))
    })
  return {
    ...sink,
    plan: (context: Sink.PlanContext) =>
      Effect.suspend(() => {
        const on = { gone: false }
        return Effect.map(
          call(on, "plan.open", sink.plan(context)),
          (session): Sink.PlanSession => ({
            transaction: session.transaction,
            existing: (entity, keys) => call(on, "existing", session.existing(entity, keys)),
            stage: (batch) => call(on, "stage", session.stage(batch)),
            plan: (entity, batches) => stream(on, "plan", session.plan(entity, batches)),
          }),
        )
      }),
    commit: (context: Sink.CommitContext) =>
      Effect.suspend(() => {
        const on = { gone: false }
        return Effect.map(
          call(on, "commit.open", sink.commit(context)),
          (session): Sink.CommitSession => ({
            checkpoint: session.checkpoint,
            apply: (batch, planned) => call(on, "apply", session.apply(batch, planned)),
            ...(session.probe === undefined
              ? {}
              : { probe: (batch, planned) => call(on, "probe", session.probe!(batch, planned)) }),
            complete: call(on, "complete", session.complete),
            verify: (entity, records) => stream(on, "verify", session.verify(entity, records)),
          }),
        )
      }),
    ...(sink.undo === undefined
      ? {}
      : {
          undo: (context: Sink.UndoContext) =>
            Effect.suspend(() => {
              const on = { gone: false }
              return Effect.map(
                call(on, "undo.open", sink.undo!(context)),
                (session): Sink.UndoSession => ({
                  checkpoint: session.checkpoint,
                  revert: (batch, planned) => call(on, "revert", session.revert(batch, planned)),
                  complete: call(on, "undo.complete", session.complete),
                }),
              )
            }),
        }),
  }
}
