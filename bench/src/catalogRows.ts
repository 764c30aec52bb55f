/**
 * Generates the catalog's rows as CSV lines, about 217 bytes each: 2 % of them messy but decodable, one in 10,000 invalid.
 *
 * @module
 */
import { adjectives, brands, categories, nouns, phrases, series } from "./catalogWords.ts"
import { type Random, random } from "./random.ts"

/** The generator's version: files of another version are made anew. */
export const catalogVersion = 1

/** One row in 50 is messy. */
const messyOneIn = 50
/** One row in 10,000 is invalid. */
const invalidEvery = 10_000

/** Whether the row at this position is invalid. */
export const isInvalid = (index: number): boolean => index % invalidEvery === invalidEvery / 2

/** How many of this many rows are invalid. */
export const invalidRows = (rows: number): number => Math.floor((rows + invalidEvery / 2 - 1) / invalidEvery)

const two = (value: number): string => (value < 10 ? `0${value}` : String(value))

const quoted = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

// 13 digits, each number once, in an order that has nothing to do with the order of the rows
const ean = (index: number): string => {
  const body = `869${String((index * 387_420_489) % 999_999_937).padStart(9, "0")}`
  let sum = 0
  for (let at = 0; at < 12; at++) sum += (body.charCodeAt(at) - 48) * (at % 2 === 0 ? 1 : 3)
  return body + String((10 - (sum % 10)) % 10)
}

const day = (draw: Random): string => `${2012 + draw.below(13)}-${two(1 + draw.below(12))}-${two(1 + draw.below(28))}`

const description = (draw: Random): string => {
  const first = draw.below(phrases.length)
  const count = 2 + draw.below(3)
  let text = ""
  for (let at = 0; at < count; at++) {
    const phrase = phrases[(first + at * 4) % phrases.length]!
    text += at === 0 ? phrase[0]!.toUpperCase() + phrase.slice(1) : `; ${phrase}`
  }
  return `${text}.`
}

/** A change of the cell of one column. */
type Change = readonly [column: number, change: (cell: string) => string]

// what people's exports look like: blanks around cells, words for nothing, other spellings of the same value
const messes: ReadonlyArray<Change> = [
  [2, (cell) => `  ${cell} `],
  [3, (cell) => `${cell}\u00a0`],
  [5, () => "-"],
  [6, () => "null"],
  [7, (cell) => `${cell} `],
  [7, (cell) => `+${cell}`],
  [8, () => "nan"],
  [8, () => "NaN "],
  [9, (cell) => `${cell}  `],
  [9, (cell) => `+${cell}`],
  [10, (cell) => ` ${cell} `],
  [11, (cell) => (cell === "true" ? "Yes" : "NO")],
  [12, () => " - "],
  [13, (cell) => cell.replace("T", " ").replace("Z", "+03:00")],
]

const breakages: ReadonlyArray<Change> = [
  [7, () => "cheap"],
  [9, () => "12.5"],
  [12, () => "2023-02-30"],
]

const apply = (cells: Array<string>, [column, change]: Change): void => {
  cells[column] = change(cells[column]!)
}

/** Rows from the first on, each a CSV line with its line end; the same seed gives the same rows, however many are asked for. */
export const catalogRows = (seed: number): (() => string) => {
  const draw = random(seed)
  let index = 0
  return () => {
    const [code, brand] = draw.pick(brands)
    const category = draw.pick(categories)
    const line = draw.pick(series)
    const cells = [
      `${code}-${draw.below(90) + 10}-${String(index).padStart(7, "0")}`,
      ean(index),
      `${brand} ${draw.pick(adjectives)} ${draw.pick(nouns)} ${line} ${draw.below(900) + 100}`,
      brand,
      category,
      draw.oneIn(10) ? "" : line,
      description(draw),
      `${draw.below(2_000)}.${two(draw.below(100))}`,
      draw.oneIn(8) ? "" : `${draw.below(40)}.${draw.below(10)}`,
      String(draw.below(5_000)),
      String(draw.pick([1, 1, 1, 2, 4, 6, 10, 12, 100])),
      draw.oneIn(6) ? "false" : "true",
      draw.oneIn(12) ? "" : day(draw),
      `${day(draw)}T${two(draw.below(24))}:${two(draw.below(60))}:${two(draw.below(60))}Z`,
    ]
    if (draw.oneIn(messyOneIn)) {
      const first = draw.below(messes.length)
      for (let times = draw.below(3); times >= 0; times--) apply(cells, messes[(first + 5 * times) % messes.length]!)
    }
    if (isInvalid(index)) apply(cells, draw.pick(breakages))
    index++
    return `${cells.map(quoted).join(",")}\n`
  }
}
