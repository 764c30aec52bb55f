/**
 * The source: the workbook, or the same table saved as CSV.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import { CsvSource, XlsxSource } from "@waybill/source-spreadsheet"
import { headings } from "./Row.ts"

/** The headings that the columns have in files. */
export const aliases = Object.fromEntries(Object.entries(headings).map(([column, heading]) => [column, [heading]]))

/** Reads a file by its ending: `.csv`, or a workbook; `sheet` names a sheet other than the first. */
export const sourceOf = (file: string, sheet?: string): Source.Source =>
  /\.csv$/i.test(file)
    ? CsvSource.make({ file, aliases })
    : XlsxSource.make({ file, aliases, ...(sheet === undefined ? {} : { sheet }) })
