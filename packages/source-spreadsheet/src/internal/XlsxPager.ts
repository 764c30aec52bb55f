/**
 * The XLSX pager makes pages of a sheet's rows: it finds the header, leaves out empty rows, and says what is wrong with cells. It is
 * synchronous and knows nothing of files.
 */
import type { Source } from "@waybill/core"
import { Result } from "effect"
import * as Headers from "../Headers.ts"
import { malformed, tooLarge } from "./classifyError.ts"
import { SheetColumns } from "./SheetColumns.ts"
import type { SheetMerges } from "./SheetMerges.ts"
import { type CellValue, columnLetters, isEmpty, type RawRow } from "./SheetRow.ts"
import { keptBeyond } from "./SheetRowBuilder.ts"
import { toCursor, type XlsxPosition } from "./XlsxPosition.ts"

/** How a sheet is read. */
export interface Settings {
  readonly place: string
  readonly sheet: string
  /** The number of the row that holds the header; the first that is not empty where `undefined`. */
  readonly headerRow: number | undefined
  /** Names of the columns of a sheet that has no header. */
  readonly headers: ReadonlyArray<string> | undefined
  readonly columnOf: (header: string) => string
  readonly pageRows: number
  readonly skipsHiddenRows: boolean
  readonly skipsHiddenColumns: boolean
  /** What is told with the first page. */
  readonly notices: ReadonlyArray<Headers.Notice>
}

// a page is also full when it has so many cells or characters, so that memory is bounded however wide and long the rows are
const pageCells = 400_000
const pageLength = 8 * 1024 * 1024
const shown = 5

// takes the empty cells off a row's end
const trimEnd = (cells: Array<CellValue>): void => {
  while (cells.length > 0 && isEmpty(cells[cells.length - 1])) cells.pop()
}

const lastRowOf = (area: string): number => Number(/(\d+)$/.exec(area)?.[1] ?? 0)

const list = (names: ReadonlyArray<string>): string =>
  `${names.slice(0, shown).join(", ")}${names.length > shown ? ` and ${names.length - shown} more` : ""}`

/** See the file's first sentence. */
export class XlsxPager {
  /** Set when nothing more can be read. */
  failure: Source.SourceError | undefined

  private columns: ReadonlyArray<string> | undefined
  private unnamed: ReadonlyArray<number>
  private header: number
  // rows of the sheet that were looked at, and up to which they are in pages already
  private seen = 0
  private readonly done: number
  private readonly isResumed: boolean
  private yielded: boolean
  private ended = false
  private sheetColumns: SheetColumns | undefined
  private hiddenRows = 0
  private firstHidden = 0
  private rows: Array<ReadonlyArray<CellValue>> = []
  private labels: Array<number> = []
  private issues: Array<Source.PageIssue> = []
  private notices: Array<Headers.Notice> = []
  private cells = 0
  private length = 0

  constructor(
    private readonly settings: Settings,
    position: XlsxPosition | undefined,
    /** The areas whose value is repeated, where it is. */
    private readonly merges: SheetMerges | undefined,
  ) {
    this.columns = position?.columns ?? settings.headers
    this.unnamed = position?.unnamed ?? []
    this.header = position?.header ?? 0
    this.done = position?.rows ?? 0
    this.isResumed = this.yielded = position !== undefined
    if (!this.isResumed) this.notices.push(...settings.notices)
  }

  /** How many columns of the sheet are wanted, as far as that is known. */
  get width(): number {
    const { columns, sheetColumns } = this
    return columns === undefined || sheetColumns === undefined
      ? Number.POSITIVE_INFINITY
      : sheetColumns.inSheet(columns.length - 1) + 1
  }

  /** Adds rows and gives the pages that are full. `hidden` are the first and last positions of the hidden columns. */
  *push(rows: ReadonlyArray<RawRow>, hidden: ReadonlyArray<readonly [number, number]>): Generator<Source.Page> {
    if (this.sheetColumns === undefined) {
      this.sheetColumns = new SheetColumns(hidden, this.settings.skipsHiddenColumns)
      if (this.columns !== undefined) this.tellHiddenColumns(this.sheetColumns, this.columns)
    }
    for (const raw of rows) {
      const isBefore = ++this.seen <= this.done
      const row = this.sheetColumns.only(this.merges === undefined ? raw : this.repeat(raw, this.merges))
      if (this.failure !== undefined) return
      if (row.isHidden && this.leavesOut(row)) continue
      if (isBefore) continue
      if (this.columns === undefined) this.readHeader(row, this.sheetColumns)
      else this.add(row, this.columns, this.sheetColumns)
      if (this.failure !== undefined) return
      const isFull = this.rows.length >= this.settings.pageRows || this.cells >= pageCells || this.length >= pageLength
      if (isFull) yield this.page()
    }
  }

  /** Gives what is left, after the last row. `merged` are the areas of merged cells. */
  *finish(merged: ReadonlyArray<string>): Generator<Source.Page> {
    if (this.columns === undefined) {
      const { headerRow } = this.settings
      this.fail(headerRow === undefined ? "the sheet is empty, not even a header is there" : `row ${headerRow} holds no header`)
      return
    }
    const areas = merged.filter((area) => lastRowOf(area) >= this.header)
    if (areas.length > 0) {
      const what =
        this.merges === undefined
          ? "only the first cell of each area has its value"
          : "the value of each area is repeated in its cells"
      this.notices.push({ code: "xlsx.merged-cells", message: `Cells are merged (${list(areas)}); ${what}.` })
    }
    if (this.hiddenRows > 0) {
      const what = this.settings.skipsHiddenRows ? "left out" : "read as others are"
      this.notices.push({
        code: "xlsx.hidden-rows",
        message: `Hidden rows were ${what}: ${this.hiddenRows}, the first is row ${this.firstHidden}.`,
      })
    }
    this.ended = true
    if (this.rows.length > 0 || this.notices.length > 0 || !this.yielded) yield this.page()
  }

  private fail(message: string): void {
    this.failure = malformed(`${this.settings.place}: ${message}`)
  }

  private repeat(raw: RawRow, merges: SheetMerges): RawRow {
    const row = merges.fill(raw, this.width, this.columns === undefined)
    const { failure } = merges
    if (failure !== undefined) {
      this.failure = (failure.isLimit ? tooLarge : malformed)(`${this.settings.place} ${failure.message}`)
    }
    return row
  }

  // counts a hidden row of data; gives whether it is left out. A header that is named is read even where it is hidden
  private leavesOut(row: RawRow): boolean {
    if (this.columns !== undefined && row.number > this.header && !row.cells.every(isEmpty) && this.hiddenRows++ === 0) {
      this.firstHidden = row.number
    }
    return this.settings.skipsHiddenRows && !(this.columns === undefined && row.number === this.settings.headerRow)
  }

  private tellHiddenColumns(sheetColumns: SheetColumns, columns: ReadonlyArray<string>): void {
    if (this.isResumed) return
    const letters = sheetColumns.hiddenAmong(sheetColumns.inSheet(columns.length - 1) + 1)
    if (letters.length === 0) return
    const what = this.settings.skipsHiddenColumns ? "left out" : "read as others are"
    this.notices.push({ code: "xlsx.hidden-columns", message: `Hidden columns were ${what}: ${list(letters)}.` })
  }

  private readHeader(row: RawRow, sheetColumns: SheetColumns): void {
    const { headerRow, columnOf } = this.settings
    if (headerRow !== undefined && row.number < headerRow) return
    trimEnd(row.cells)
    if (headerRow !== undefined && (row.number > headerRow || row.cells.length === 0)) {
      this.fail(`row ${headerRow} holds no header`)
      return
    }
    if (row.cells.length === 0) return
    const headers = Headers.resolve(
      row.cells.map((cell) => (cell === null ? "" : String(cell))),
      columnOf,
    )
    if (Result.isFailure(headers)) {
      this.fail(`row ${row.number}: ${headers.failure}`)
      return
    }
    this.columns = headers.success.columns
    this.unnamed = headers.success.unnamed
    this.notices.push(...headers.success.notices)
    this.header = row.number
    this.tellHiddenColumns(sheetColumns, this.columns)
  }

  private add(row: RawRow, columns: ReadonlyArray<string>, sheetColumns: SheetColumns): void {
    trimEnd(row.cells)
    if (row.number < this.header) {
      if (this.settings.headerRow === undefined && row.cells.length > 0) {
        this.fail(`row ${row.number} comes after row ${this.header}, which was read as the header; say which row is (headerRow)`)
      }
      return
    }
    // a row with nothing but a broken formula, or a value far to the right, is no empty row
    if (row.cells.length === 0 && row.problems.length === 0 && row.outermost === undefined) return
    const at = this.rows.length
    for (const { column, code, message, value } of row.problems) {
      this.issues.push({
        row: at,
        severity: "error",
        code,
        column: columns[column] ?? sheetColumns.letters(column),
        message,
        value,
      })
    }
    if (row.cells.length > columns.length || row.outermost !== undefined) {
      this.beyond(row, columns.length, sheetColumns)
      row.cells.length = Math.min(row.cells.length, columns.length + keptBeyond)
    }
    if (this.unnamed.length > 0) this.look(row, columns)
    this.rows.push(row.cells)
    this.labels.push(row.number)
    this.cells += row.cells.length
    this.length += row.length
  }

  private beyond(row: RawRow, width: number, sheetColumns: SheetColumns): void {
    let column = width
    while (column < row.cells.length && isEmpty(row.cells[column])) column++
    const isKept = column < row.cells.length
    this.issues.push({
      row: this.rows.length,
      severity: "warning",
      code: "xlsx.beyond-header",
      column: isKept ? sheetColumns.letters(column) : columnLetters(row.outermost!.column),
      message: "found a value to the right of the header's last column; it is not read",
      value: isKept ? row.cells[column] : row.outermost!.value,
    })
  }

  private look(row: RawRow, columns: ReadonlyArray<string>): void {
    const found = this.unnamed.filter((at) => !isEmpty(row.cells[at]))
    if (found.length === 0) return
    for (const at of found) this.notices.push(Headers.unnamedNotice(columns[at]!, row.number))
    this.unnamed = this.unnamed.filter((at) => !found.includes(at))
  }

  private page(): Source.Page {
    const { rows } = this
    const page: Source.Page = {
      columns: this.columns!,
      rows,
      release: () => {
        rows.length = 0
      },
      place: this.settings.place,
      labels: this.labels,
      issues: this.issues,
      ...(this.notices.length > 0 ? { notices: this.notices } : {}),
      cursor: toCursor({
        sheet: this.settings.sheet,
        rows: this.seen,
        ended: this.ended,
        columns: this.columns!,
        unnamed: this.unnamed,
        header: this.header,
      }),
    }
    this.rows = []
    this.labels = []
    this.issues = []
    this.notices = []
    this.cells = this.length = 0
    this.yielded = true
    return page
  }
}
