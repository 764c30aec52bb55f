/**
 * A fault is one call at which a worker dies or stands still; the wire counts a worker's calls and lets the fault strike.
 *
 * @module
 */
import { Effect, Stream } from "effect"
import { random } from "./random.ts"

/**
 * What happens at the call. `before`: the worker dies, and the call is not made. `after`: it is done, and the worker dies before it has the
 * answer. `unknown`: one of both, which the seed decides. `stalled`: the worker stands still before the call, is taken for dead, and
 * goes on when another worker has done its work.
 */
export type Moment = "before" | "after" | "unknown" | "stalled"

/** Where and when a fault strikes. */
export interface Fault {
  /** The number of the call, from 0. */
  readonly at: number
  readonly moment: Moment
  readonly seed: number
}

/** Counts the calls of one worker. */
export interface Wire {
  /** The names of the calls so far. */
  readonly calls: ReadonlyArray<string>
  /** Resolves when the fault has struck. */
  readonly struck: Promise<void>
  /** The worker's life: aborted when it dies. */
  readonly life: AbortSignal
  /** Lets a stalled worker go on. */
  readonly wake: () => void
  /** Makes a call, which may be the fatal one. A dead worker makes no call any more, not even to say goodbye. */
  readonly call: <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** A stream whose opening is a call, and each of its elements. */
  readonly stream: <A, E, R>(name: string, stream: Stream.Stream<A, E, R>) => Stream.Stream<A, E, R>
}

/** A wire with a fault, or without; `sever` drops the worker's connections. */
export const wire = (fault: Fault | null, sever: () => void): Wire => {
  const calls: Array<string> = []
  const life = new AbortController()
  let strike = (): void => {}
  const struck = new Promise<void>((resolve) => {
    strike = resolve
  })
  let wake = (): void => {}
  const awake = new Promise<void>((resolve) => {
    wake = resolve
  })
  const die = Effect.suspend(() => {
    // those who wait are told first: the signal ends the fiber that says so
    strike()
    sever()
    life.abort()
    return Effect.interrupt
  })
  const isDone = ({ at, moment, seed }: Fault): boolean =>
    moment === "after" || (moment === "unknown" && random(seed + at)(2) === 1)
  const call: Wire["call"] = (name, effect) =>
    Effect.suspend(() => {
      if (life.signal.aborted) return Effect.interrupt
      const number = calls.push(name) - 1
      if (fault === null || number !== fault.at) return effect
      if (fault.moment === "stalled") {
        strike()
        return Effect.andThen(
          Effect.promise(() => awake),
          effect,
        )
      }
      // whether it went well or not, nobody hears of it
      return isDone(fault) ? Effect.andThen(Effect.exit(effect), die) : die
    })
  return {
    calls,
    struck,
    life: life.signal,
    wake,
    call,
    stream: (name, stream) =>
      Stream.unwrap(
        call(
          name,
          Effect.sync(() => Stream.mapEffect(stream, (element) => call(`${name}.element`, Effect.succeed(element)))),
        ),
      ),
  }
}
