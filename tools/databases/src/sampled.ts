/**
 * Some of the points at which a test breaks something off: others in each run, and the same again where the run's seed is given.
 *
 * @module
 */

import { inject } from "vitest"

/**
 * Every `every`th of all, evenly over the whole; the run's seed decides which is the first, so that runs with seeds in a row have tried
 * all. vitest prints the seed as it begins; `--sequence.seed` repeats it.
 */
export const sampled = <A>(all: ReadonlyArray<A>, every: number, seed: number = inject("runSeed")): ReadonlyArray<A> => {
  if (!Number.isInteger(seed)) throw new TypeError(`the run has no seed, but ${seed}: no point would be tried`)
  return all.filter((_, at) => (at + seed) % every === 0)
}
