/**
 * Which delimiter a CSV has, judged by the first records of it.
 */
import { CsvScanner } from "./CsvScanner.ts"

/** The delimiters that are known. */
export const delimiters = [",", ";", "\t", "|"] as const

/** What parts the cells of a CSV. */
export type Delimiter = (typeof delimiters)[number]

/** How much text is looked at. */
export const sampleLength = 64 * 1024

const sampleRecords = 50

// the width of the first record, and the share of the other records that are as wide
const judge = (sample: string, whole: boolean, delimiter: Delimiter): { readonly width: number; readonly even: number } => {
  const scanner = new CsvScanner(delimiter, 1, sample.length)
  scanner.feed(sample, whole)
  const width = scanner.record()?.length ?? 0
  let records = 0
  let same = 0
  while (records < sampleRecords) {
    const cells = scanner.record()
    if (cells === undefined) break
    records++
    if (cells.length === width) same++
  }
  return { width, even: records === 0 ? 1 : same / records }
}

/** The delimiter that parts the first record and gives the other records the same width most often; a comma if none does. */
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
