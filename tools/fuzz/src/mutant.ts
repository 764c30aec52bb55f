/**
 * A mutant is a seed after some mutations; seed number and iteration say which, so that each can be made again.
 *
 * @module
 */
import { byteMutations, type Mutation } from "./byteMutations.ts"
import { csvMutations } from "./csvMutations.ts"
import { type Random, random } from "./random.ts"
import type { Seed } from "./seeds.ts"
import { repack } from "./zipMutations.ts"

/** What is read. */
export interface Mutant {
  readonly name: string
  readonly reader: Seed["reader"]
  readonly options: Seed["options"]
  readonly bytes: Buffer
  /** How many mutations there were. */
  readonly steps: number
}

const csvChoices: ReadonlyArray<Seed["options"]> = [
  { encoding: "utf-8" },
  { encoding: "utf-16le" },
  { encoding: "windows-1254" },
  { encoding: "shift_jis" },
  { delimiter: ";" },
  { delimiter: "||" },
  { quote: null },
  { quote: "'" },
  { escape: "backslash" },
  { lineEnd: "lf" },
  { lineEnd: "crlf" },
  { lineEnd: "cr" },
  { headerRow: 2 },
  { headers: ["a", "b", "c"] },
  { pageRows: 1 },
]

const xlsxChoices: ReadonlyArray<Seed["options"]> = [
  { values: "shown" },
  { merged: "repeat" },
  { hidden: { rows: "skip", columns: "skip", sheets: "skip" } },
  { headerRow: 2 },
  { headers: ["a", "b", "c"] },
  { sheet: 1 },
  { pageRows: 1 },
  { values: "shown", merged: "repeat" },
]

const mutationOf = (reader: Seed["reader"], random: Random): Mutation => {
  if (reader === "csv") return random.pick(random.oneIn(3) ? byteMutations : csvMutations)
  return random.oneIn(4) ? random.pick(byteMutations) : repack
}

/** The mutant of an iteration. `keeps` says of each of its mutations whether it is made; all are where it is not given. */
export const mutant = (
  seeds: ReadonlyArray<Seed>,
  seed: number,
  iteration: number,
  keeps: (step: number) => boolean = () => true,
): Mutant => {
  const draw = random(seed, iteration)
  const kind = draw.pick(["csv", "xlsx"] as const)
  const alike = seeds.filter(({ reader }) => reader === kind)
  const chosen = draw.pick(alike)
  const another = draw.pick(alike)
  // one in fifty is read as what it is not
  const reader = draw.oneIn(50) ? draw.pick(["csv", "xlsx"] as const) : kind
  const turn = draw.below(4)
  const choice = draw.pick(reader === "csv" ? csvChoices : xlsxChoices)
  const options = turn === 0 ? choice : turn === 1 || reader !== kind ? {} : chosen.options
  const steps = 1 + draw.size(5)
  let bytes = chosen.bytes()
  for (let step = 0; step < steps; step++) {
    const own = random(seed, iteration, step + 1)
    if (keeps(step)) bytes = mutationOf(kind, own)(bytes, own, another.bytes)
  }
  return { name: chosen.name, reader, options, bytes, steps }
}
