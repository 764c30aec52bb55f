/**
 * A seeded generator of pseudo-random numbers: the same seeds give the same numbers on every machine.
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
  /** A small number mostly, a large one at times, below `bound`. */
  readonly size: (bound: number) => number
}

const mixed = (state: number): number => {
  let value = Math.imul(state ^ (state >>> 15), 1 | state)
  value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
  return (value ^ (value >>> 14)) >>> 0
}

/** Starts the sequence of these seeds (mulberry32). */
export const random = (...seeds: ReadonlyArray<number>): Random => {
  let state = 0
  for (const seed of seeds) state = mixed((Math.imul(state, 0x9e3779b1) + seed + 0x6d2b79f5) | 0)
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0
    return Math.floor((mixed(state) / 0x1_0000_0000) * bound)
  }
  return {
    below,
    pick: (items) => items[below(items.length)]!,
    oneIn: (times) => below(times) === 0,
    size: (bound) => below(Math.min(bound, 2 ** below(1 + Math.ceil(Math.log2(Math.max(1, bound)))) + 1)),
  }
}
