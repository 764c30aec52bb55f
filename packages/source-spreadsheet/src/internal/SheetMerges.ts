/**
 * Repeats the value of merged cells: an area shows the value of its first cell, and only that cell has it in the file.
 */
import { type CellProblem, type CellValue, isEmpty, type RawRow } from "./SheetRow.ts"
import { beyond, type Failure, wrong, type XlsxLimits } from "./XlsxLimits.ts"

interface Area {
  readonly firstRow: number
  readonly lastRow: number
  readonly firstColumn: number
  readonly lastColumn: number
  value: CellValue
  problem: CellProblem | undefined
}

const form = /^\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})$/

const columnOf = (letters: string): number => {
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64
  return column - 1
}

const areaOf = (text: string): ReadonlyArray<Area> => {
  const match = form.exec(text.toUpperCase())
  if (match === null) return []
  const [, left, top, right, bottom] = match
  const area = { firstRow: Number(top), lastRow: Number(bottom), firstColumn: columnOf(left!), lastColumn: columnOf(right!) }
  return [{ ...area, value: null, problem: undefined }]
}

/** See the file's first sentence. Rows have to come in their order. */
export class SheetMerges {
  /** Set when nothing more can be read. */
  failure: Failure | undefined
  private readonly areas: ReadonlyArray<Area>
  private next = 0
  private active: Array<Area> = []
  private last = 0
  private repeated = 0

  constructor(
    areas: ReadonlyArray<string>,
    private readonly limits: Pick<XlsxLimits, "repeatedCells" | "columns">,
  ) {
    this.areas = areas.flatMap(areaOf).sort((one, other) => one.firstRow - other.firstRow)
  }

  /**
   * Fills a row's cells, up to `width` columns. A row that has nothing of its own stays empty. In a header, and above it, values are repeated
   * downwards only: two columns of one name would be none.
   */
  fill(row: RawRow, width: number, isHeader: boolean): RawRow {
    if (row.number < this.last)
      this.failure ??= wrong(`has row ${row.number} after row ${this.last}, so merged cells cannot be repeated`)
    this.last = row.number
    this.activate(row)
    if (this.active.length === 0 || (row.cells.every(isEmpty) && row.problems.length === 0)) return row
    const problems = [...row.problems]
    for (const area of this.active) {
      const isFirst = area.firstRow === row.number
      const last = Math.min(isHeader ? area.firstColumn : area.lastColumn, width - 1)
      for (let column = area.firstColumn + (isFirst ? 1 : 0); column <= last; column++) this.put(row, column, area, problems)
    }
    return { ...row, problems }
  }

  private activate(row: RawRow): void {
    this.active = this.active.filter((area) => area.lastRow >= row.number)
    for (; this.areas[this.next] !== undefined && this.areas[this.next]!.firstRow <= row.number; this.next++) {
      const area = this.areas[this.next]!
      if (area.lastRow < row.number) continue
      if (area.firstRow === row.number) {
        area.value = row.cells[area.firstColumn] ?? null
        area.problem = row.problems.find(({ column }) => column === area.firstColumn)
      }
      this.active.push(area)
    }
    if (this.active.length > this.limits.columns) this.failure ??= wrong("has areas of merged cells that overlap")
  }

  private put({ cells }: RawRow, column: number, { problem, value }: Area, problems: Array<CellProblem>): void {
    if (problem !== undefined) problems.push({ ...problem, column })
    if (isEmpty(value)) return
    while (cells.length < column) cells.push(null)
    cells[column] = value
    this.repeated++
    if (this.repeated > this.limits.repeatedCells) {
      this.failure ??= beyond("has merged cells of too great a size", this.limits.repeatedCells, "repeatedCells")
    }
  }
}
