/**
 * A row of a sheet as its XML has it, before anything is known of headers.
 */
import type { CellFormat } from "./NumberFormat.ts"

/** The value of a cell. */
export type CellValue = string | number | boolean | null

/** What is wrong with a cell. */
export interface CellProblem {
  /** Position of the column. */
  readonly column: number
  readonly code: "xlsx.error-cell" | "xlsx.no-cached-value" | "xlsx.bad-cell"
  readonly message: string
  readonly value: string
}

/** See the file's first sentence. */
export interface RawRow {
  readonly number: number
  /** From column A on, as far as there are cells. */
  readonly cells: Array<CellValue>
  readonly problems: ReadonlyArray<CellProblem>
  readonly isHidden: boolean
  /** Characters of all its texts. */
  readonly length: number
  /** The first value so far to the right that it is not among the cells. */
  readonly outermost: { readonly column: number; readonly value: CellValue } | undefined
}

/** What the cells of a sheet refer to. */
export interface Shared {
  readonly texts: { readonly at: (index: number) => string | undefined }
  /** How each cell style shows numbers. */
  readonly styles: ReadonlyArray<CellFormat>
  readonly is1904: boolean
  /** Whether numbers are read as their formats show them. */
  readonly asShown: boolean
}

/** Whether a cell counts as empty. */
export const isEmpty = (value: CellValue | undefined): boolean => value === null || value === undefined || value === ""

/** The letters of a column's position: 0 is A. */
export const columnLetters = (column: number): string => {
  let letters = ""
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters
  }
  return letters
}
