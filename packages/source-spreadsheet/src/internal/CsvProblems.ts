/**
 * What the scanner says of rows that could be read and are doubtful.
 */
import type { Problem } from "./CsvCells.ts"
import type { LineEnd } from "./CsvDialect.ts"

const endNames = { lf: "LF", crlf: "CRLF", cr: "CR" } as const

/** A row that ends otherwise than rows do, or stands behind one; `found` is how it ends where it is the first. */
export const lineEnd = (found: "LF" | "CR" | undefined, usual: LineEnd): Problem => {
  const where = found === undefined ? "the row before does not end as rows do" : `the row ends in ${found} alone`
  const message = `${where}, and rows of this file end in ${endNames[usual]}: is it a line end within a cell that is not quoted? Quote the cell, or say how rows end (lineEnd)`
  return { code: "csv.line-end", column: -1, message }
}

/** A row that begins like a detected comment and has the cells of a row. */
export const comment = (sign: string): Problem => {
  const message = `the row begins with ${JSON.stringify(sign)} as the comments of this file do, and has as many cells as a row; say which lines are comments (comment)`
  return { code: "csv.comment", column: 0, message }
}

/** A row behind a byte order mark. */
export const mark: Problem = {
  code: "csv.byte-order-mark",
  column: 0,
  message: "a byte order mark is at the start of this row: has one file been put behind another?",
}

/** A NUL in one of the cells, if there is one. */
export const nul = (cells: ReadonlyArray<string>): ReadonlyArray<Problem> => {
  const column = cells.findIndex((cell) => cell.includes("\u0000"))
  const message = "the cell has a NUL character; the file is damaged here, or is no text"
  return column < 0 ? [] : [{ code: "csv.nul", column, message }]
}
