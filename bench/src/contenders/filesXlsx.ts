/**
 * Readers of XLSX that people use in Node, told to leave out what is not asked for.
 *
 * @module
 */
import exceljs from "exceljs"
import * as XLSX from "xlsx"
import type { Contender } from "../contender.ts"
import { FilesTally } from "../filesTally.ts"

/** exceljs's streaming reader. */
export const excelJs: Contender = async ({ file }) => {
  const tally = new FilesTally()
  const reader = new exceljs.stream.xlsx.WorkbookReader(file, {
    worksheets: "emit",
    sharedStrings: "cache",
    hyperlinks: "ignore",
    styles: "ignore",
    entries: "ignore",
  })
  for await (const sheet of reader) for await (const row of sheet) tally.row(row.values as ReadonlyArray<unknown>)
  return tally.outcome()
}

interface DenseCell {
  readonly v?: unknown
}

/** SheetJS: it reads a file at once, here into rows of cells, without what is only for display. */
export const sheetJs: Contender = async ({ file }) => {
  const tally = new FilesTally()
  const { readFileSync } = await import("node:fs")
  const book = XLSX.read(readFileSync(file), {
    dense: true,
    cellFormula: false,
    cellHTML: false,
    cellText: false,
    cellStyles: false,
  })
  const rows = book.Sheets[book.SheetNames[0]!] as unknown as ReadonlyArray<ReadonlyArray<DenseCell | undefined>>
  for (const row of rows) tally.row(Array.from(row, (cell) => cell?.v))
  return tally.outcome()
}
