/**
 * Which delimiter a CSV has, judged by its first rows.
 */
import { CsvScanner } from "./CsvScanner.ts"

/** The delimiters that are known. */
export const delimiters = [",", ";", "\t", "|"] as const

/** What parts the cells of a CSV. */
export type Delimiter = (typeof delimiters)[number]

/** How much text is looked at. */
export const sampleLength = 64 * 1024

const sampleRows = 50

// the width of the first row, and the share of the other rows that are as wide
const judge = (sample: string, whole: boolean, delimiter: Delimiter): { readonly width: number; readonly even: number } => {
  const scanner = new CsvScanner(delimiter, 1, sample.length)
  scanner.feed(sample, whole)
  const width = scanner.next()?.length ?? 0
  let rows = 0
  let same = 0
  while (rows < sampleRows) {
    const cells = scanner.next()
    if (cells === undefined) break
    rows++
    if (cells.length === width) same++
  }
  return { width, even: rows === 0 ? 1 : same / rows }
}

/** The delimiter that parts the first row and gives the other rows the same width most often; a comma if none does. */
export const detect = (sample: string, whole: boolean): Delimiter => {
  let best: Delimiter = ","
  let bestScore = 0
  for (const delimiter of delimiters) {
    const { width, even } = judge(sample, whole, delimiter)
    const score = width < 2 ? 0 : even * 1000 + Math.min(width, 999)
    if (score > bestScore) {
      best = delimiter
      bestScore = score
    }
  }
  return best
}
