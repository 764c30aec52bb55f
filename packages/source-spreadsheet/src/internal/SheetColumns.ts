/**
 * Which columns of a sheet are read: all of them, or those that are not hidden.
 */
import { type CellValue, columnLetters, type RawRow } from "./SheetRow.ts"

/** See the file's first sentence. */
export class SheetColumns {
  private readonly isHidden: ReadonlyArray<boolean>
  // positions in the sheet of the columns that are read, as far as hidden ones lie before or between them
  private readonly read: ReadonlyArray<number>

  constructor(
    ranges: ReadonlyArray<readonly [number, number]>,
    private readonly skips: boolean,
  ) {
    const isHidden: Array<boolean> = []
    for (const [first, last] of ranges) for (let at = first; at <= last; at++) isHidden[at] = true
    this.isHidden = isHidden
    this.read = skips ? Array.from(isHidden, (hidden, at) => (hidden ? -1 : at)).filter((at) => at >= 0) : []
  }

  /** Where a column that is read is in the sheet. */
  inSheet(column: number): number {
    if (!this.skips) return column
    return this.read[column] ?? column - this.read.length + this.isHidden.length
  }

  /** The letters of a column that is read. */
  letters(column: number): string {
    return columnLetters(this.inSheet(column))
  }

  /** The letters of the hidden columns among the first so many of the sheet. */
  hiddenAmong(width: number): ReadonlyArray<string> {
    return this.isHidden.slice(0, width).flatMap((hidden, at) => (hidden ? [columnLetters(at)] : []))
  }

  /** A row without the columns that are not read. */
  only(row: RawRow): RawRow {
    if (!this.skips || this.isHidden.length === 0) return row
    const cells: Array<CellValue> = []
    // where each column of the sheet is among those that are read
    const positions = new Map<number, number>()
    for (let at = 0; at < row.cells.length; at++) {
      if (this.isHidden[at]) continue
      positions.set(at, cells.length)
      cells.push(row.cells[at]!)
    }
    const problems = row.problems.flatMap((problem) => {
      const column = positions.get(problem.column)
      return column === undefined ? [] : [{ ...problem, column }]
    })
    return { ...row, cells, problems }
  }
}
