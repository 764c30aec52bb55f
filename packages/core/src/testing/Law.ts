/**
 * A law is what every implementation of a contract keeps, told in a sentence and checked by an effect that any test runner can run.
 *
 * @module
 */
import type { Effect } from "effect"

/** A law over services `R`. */
export interface Law<R> {
  /** What holds; the name of the test. */
  readonly name: string
  /** Ends if the law holds, dies with an assertion error if it does not. It wants a store with nothing in it. */
  readonly check: Effect.Effect<void, unknown, R>
}
