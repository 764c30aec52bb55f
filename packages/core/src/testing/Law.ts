/**
 * A law is what every implementation of a contract keeps, told in a sentence and checked by an effect that any test runner can run.
 *
 * @module
 */
import type { Effect } from "effect"

/** A law over services `R`. */
export interface Law<R = never> {
  /** What holds; the name of the test. */
  readonly name: string
  /** What is looked at, where the name does not say it all. */
  readonly holds?: string
  /** Ends if the law holds, dies with an assertion error if it does not. It wants a store, target or input of its own. */
  readonly check: Effect.Effect<void, unknown, R>
  /** Why this law does not apply: what was declared that cannot be, with its reason. Its `check` then does nothing. */
  readonly waived?: string
}

/** The name of a law for a listing: a law that is waived shows its reason. */
export const titleOf = ({ name, waived }: Pick<Law, "name" | "waived">): string =>
  waived === undefined ? name : `${name} (waived: ${waived})`

/** What an adapter declares that it can: `true`, or the reason why it cannot, which waives the laws about it. */
export type Can = true | string

/** The reason why laws are waived; an empty one is a defect. */
export const waiver = (can: Can | object | undefined): string | undefined => {
  if (typeof can !== "string") return undefined
  if (can.trim() === "") throw new TypeError("a law that is waived needs a reason")
  return can
}
