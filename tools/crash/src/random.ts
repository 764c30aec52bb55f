/**
 * A seeded generator of pseudo-random numbers: the same seed gives the same numbers on every machine.
 *
 * @module
 */

/** Draws a whole number from 0 up to, not including, `bound`. */
export type Random = (bound: number) => number

/** Starts the sequence of a seed (mulberry32). */
export const random = (seed: number): Random => {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * bound)
  }
}
