/**
 * Generates products for the readers of files: cells with quotes, commas and letters beyond ASCII, one description in twenty of several lines.
 * Cells are what CSV and XLSX can both say: texts and numbers, no dates, which each reader shows in its own way.
 *
 * @module
 */
import { adjectives, brands, categories, nouns, phrases, series } from "./catalogWords.ts"
import { random } from "./random.ts"

/** The generator's version: files of another version are made anew. */
export const filesVersion = 1

/** The names of the columns. */
export const filesColumns: ReadonlyArray<string> = [
  ...["sku", "ean", "title", "brand", "category", "series", "description"],
  ...["price", "weight_kg", "stock", "pack_size", "active", "released_on", "updated_at"],
]

const two = (value: number): string => (value < 10 ? `0${value}` : String(value))

/** Rows from the first on; the same seed gives the same rows. */
export const filesRows = (seed: number): (() => ReadonlyArray<string | number>) => {
  const draw = random(seed)
  let index = 0
  return () => {
    const [code, brand] = draw.pick(brands)
    const line = draw.pick(series)
    const between = draw.oneIn(20) ? ";\n" : "; "
    const parts = Array.from({ length: 2 + draw.below(3) }, () => draw.pick(phrases))
    const day = `${2012 + draw.below(13)}-${two(1 + draw.below(12))}-${two(1 + draw.below(28))}`
    return [
      `${code}-${draw.below(90) + 10}-${String(index++).padStart(7, "0")}`,
      String(8_690_000_000_000 + draw.below(1_000_000_000)),
      `${brand} ${draw.pick(adjectives)} ${draw.pick(nouns)} ${line} ${draw.below(900) + 100}`,
      brand,
      draw.pick(categories),
      draw.oneIn(10) ? "" : line,
      parts.join(between),
      (draw.below(200_000) + 1) / 100,
      draw.oneIn(8) ? "" : (draw.below(400) + 1) / 10,
      draw.below(5_000),
      draw.pick([1, 1, 1, 2, 4, 6, 10, 12, 100]),
      draw.oneIn(6) ? "no" : "yes",
      draw.oneIn(12) ? "" : day,
      `${day}T${two(draw.below(24))}:${two(draw.below(60))}:${two(draw.below(60))}Z`,
    ]
  }
}
