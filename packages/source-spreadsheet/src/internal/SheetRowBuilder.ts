/**
 * Builds a row of a sheet, cell by cell, and keeps what its cells must not be: outside of the sheet, in another row, too long, there twice.
 */
import { type CellProblem, type CellValue, columnLetters, isEmpty, type RawRow } from "./SheetRow.ts"
import { beyond, defaults, type Failure, wrong, type XlsxLimits } from "./XlsxLimits.ts"

const noProblems: ReadonlyArray<CellProblem> = []

/** How many columns to the right of the header are kept, to be told of; cells further out would make a row far larger than its XML. */
export const keptBeyond = 1_000

/** See the file's first sentence. */
export class SheetRowBuilder {
  /** Set when nothing more can be read. */
  failure: Failure | undefined
  /** Whether a row is being built. */
  isOpen = false
  number = 0
  /** The number as a cell's reference has it. */
  text = ""
  /** The column of the last cell. */
  column = -1
  /** How many columns are wanted; more are not kept, but for {@link keptBeyond}. */
  width = Number.POSITIVE_INFINITY

  private cells: Array<CellValue> = []
  private problems: Array<CellProblem> | undefined
  private length = 0
  private isHidden = false
  private hasNumber = false
  private outermost: RawRow["outermost"]
  // one bit for each number of a row that was there
  private readonly seen: Uint8Array

  constructor(readonly limits: XlsxLimits) {
    this.seen = new Uint8Array((limits.rows >> 3) + 1)
  }

  /** Begins a row; one without a number follows the last, or has that of its first cell. */
  begin(reference: string, isHidden: boolean): void {
    this.isOpen = true
    this.isHidden = isHidden
    this.cells = []
    this.length = 0
    this.problems = undefined
    this.outermost = undefined
    this.column = -1
    this.hasNumber = reference !== ""
    this.beRow(this.hasNumber ? Number(reference) : this.number + 1, reference)
  }

  private beRow(number: number, reference: string): void {
    this.number = number
    this.text = String(number)
    if (!(Number.isInteger(number) && number >= 1 && number <= defaults.rows)) {
      this.failure ??= wrong(`has a row of number ${reference === "" ? number : reference}`)
    } else if (number > this.limits.rows) this.failure ??= beyond(`has a row of number ${number}`, this.limits.rows, "rows")
  }

  /** Ends the row; nothing where it has no cells. */
  end(): RawRow | undefined {
    this.isOpen = false
    if (this.failure !== undefined) return undefined
    const { cells, isHidden, length, number, outermost } = this
    const bit = 1 << (number & 7)
    if ((this.seen[number >> 3]! & bit) !== 0) this.failure = wrong(`has row ${number} twice`)
    this.seen[number >> 3]! |= bit
    if (cells.length === 0 && outermost === undefined) return undefined
    return { number, cells, problems: this.problems ?? noProblems, isHidden, length, outermost }
  }

  /** Moves to a cell; its number is the one in its reference. */
  moveTo(column: number, reference: string, number: string): void {
    if (number !== this.text) {
      if (!this.hasNumber && this.column === -1 && Number(number) >= this.number) this.beRow(Number(number), number)
      else this.failure ??= wrong(`has a cell ${reference} in row ${this.number}`)
      this.hasNumber = true
    }
    this.column = column
  }

  /** Puts a value into the cell at hand. */
  put(value: CellValue): void {
    const { cells, column } = this
    if (typeof value === "string") this.measure(value)
    if (column < 0 || column >= this.limits.columns) this.outside()
    else if (column === cells.length) cells.push(value)
    else if (column < cells.length) this.putAgain(value)
    else this.putBehindGap(value)
  }

  private outside(): void {
    const { column } = this
    this.failure ??=
      column >= 0 && column < defaults.columns
        ? beyond(`has a cell in column ${columnLetters(column)}, in row ${this.number}`, this.limits.columns, "columns")
        : wrong(`has a cell outside of the columns A to XFD, in row ${this.number}`)
  }

  private measure(value: string): void {
    this.length += value.length
    if (this.length > this.limits.rowLength) {
      this.failure ??= beyond(`has a row that is too long, row ${this.number}`, this.limits.rowLength, "rowLength")
    }
  }

  private putAgain(value: CellValue): void {
    if (value === null) return
    if (this.cells[this.column] !== null)
      this.problem("xlsx.bad-cell", `the cell ${this.reference()} is there twice`, String(value))
    this.cells[this.column] = value
  }

  private putBehindGap(value: CellValue): void {
    const { cells, column } = this
    if (column >= this.width + keptBeyond) {
      if (!isEmpty(value)) this.outermost ??= { column, value }
      return
    }
    while (cells.length < column) cells.push(null)
    cells.push(value)
  }

  /** Says what is wrong with the cell at hand; it has no value. */
  problem(code: CellProblem["code"], message: string, value: string): null {
    this.problems ??= []
    this.problems.push({ column: this.column, code, message, value })
    return null
  }

  /** Says that the cell at hand is longer than it may be. */
  tooLong(): void {
    this.failure ??= beyond(`has a cell that is too long, ${this.reference()}`, this.limits.cellLength, "cellLength")
  }

  private reference(): string {
    return `${columnLetters(this.column)}${this.number}`
  }
}
