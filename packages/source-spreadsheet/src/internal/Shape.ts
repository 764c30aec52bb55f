/**
 * Shapes of JSON, to see whether a cursor is one.
 */

/** A whole number from 0 on. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** A text. */
export const isText = (value: unknown): value is string => typeof value === "string"

/** A list of values of one shape. */
export const isListOf =
  <A>(check: (value: unknown) => value is A) =>
  (value: unknown): value is ReadonlyArray<A> =>
    Array.isArray(value) && value.every(check)
