/**
 * A seeded generator of pseudo-random numbers: the same seed gives the same numbers on every machine.
 *
 * @module
 */

/** Draws from one sequence. */
export interface Random {
  /** A whole number from 0 up to, not including, `bound`. */
  readonly below: (bound: number) => number
  /** One of the items. */
  readonly pick: <T>(items: ReadonlyArray<T>) => T
  /** True in one of `times` draws. */
  readonly oneIn: (times: number) => boolean
}

/** Starts the sequence of a seed (mulberry32). */
export const random = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (bound: number): number => Math.floor((next() / 0x1_0000_0000) * bound)
  return {
    below,
    pick: (items) => items[below(items.length)]!,
    oneIn: (times) => below(times) === 0,
  }
}
