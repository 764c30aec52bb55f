/**
 * The XLSX pager makes pages of a sheet's rows: it finds the header, leaves out empty rows, and says what is wrong with cells. It is
 * synchronous and knows nothing of files.
 */
import type { Source } from "@waybill/core"
import { Result } from "effect"
import * as Headers from "../Headers.ts"
import { malformed } from "./classifyError.ts"
import { type CellValue, columnLetters, type RawRow } from "./SheetScanner.ts"
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
}

// a page is also full when it has this many cells, so that memory is bounded however wide the rows are
const pageCells = 400_000
const areasShown = 5

const isEmpty = (value: CellValue | undefined): boolean => value === null || value === undefined || value === ""

// takes the empty cells off a row's end
const trimEnd = (cells: Array<CellValue>): void => {
  while (cells.length > 0 && isEmpty(cells[cells.length - 1])) cells.pop()
}

const lastRowOf = (area: string): number => Number(/(\d+)$/.exec(area)?.[1] ?? 0)

/** See the file's first sentence. */
export class XlsxPager {
  /** Set when nothing more can be read. */
  failure: Source.SourceError | undefined

  private columns: ReadonlyArray<string> | undefined
  private unnamed: ReadonlyArray<number>
  private header: number
  private last: number
  private yielded: boolean
  private ended = false
  private rows: Array<ReadonlyArray<CellValue>> = []
  private labels: Array<number> = []
  private issues: Array<Source.PageIssue> = []
  private notices: Array<Headers.Notice> = []
  private cells = 0

  constructor(
    private readonly settings: Settings,
    position: XlsxPosition | undefined,
  ) {
    this.columns = position?.columns ?? settings.headers
    this.unnamed = position?.unnamed ?? []
    this.header = position?.header ?? 0
    this.last = position?.row ?? 0
    this.yielded = position !== undefined
  }

  /** Adds rows and gives the pages that are full. */
  *push(rows: ReadonlyArray<RawRow>): Generator<Source.Page> {
    for (const row of rows) {
      if (row.number <= this.last) continue
      if (this.columns === undefined) {
        this.readHeader(row)
        if (this.failure !== undefined) return
      } else {
        this.add(row, this.columns)
        if (this.rows.length >= this.settings.pageRows || this.cells >= pageCells) yield this.page()
      }
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
      const more = areas.length > areasShown ? ` and ${areas.length - areasShown} more` : ""
      this.notices.push({
        code: "xlsx.merged-cells",
        message: `Cells are merged (${areas.slice(0, areasShown).join(", ")}${more}); only the first cell of each area has its value.`,
      })
    }
    this.ended = true
    if (this.rows.length > 0 || this.notices.length > 0 || !this.yielded) yield this.page()
  }

  private fail(message: string): void {
    this.failure = malformed(`${this.settings.place}: ${message}`)
  }

  private readHeader(row: RawRow): void {
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
    this.header = this.last = row.number
  }

  private add(row: RawRow, columns: ReadonlyArray<string>): void {
    trimEnd(row.cells)
    // a row with nothing but a broken formula is no empty row
    if (row.cells.length === 0 && row.problems.length === 0) return
    const at = this.rows.length
    for (const { column, code, message, value } of row.problems) {
      this.issues.push({ row: at, severity: "error", code, column: columns[column] ?? columnLetters(column), message, value })
    }
    if (row.cells.length > columns.length) this.beyond(row, columns.length)
    if (this.unnamed.length > 0) this.look(row, columns)
    this.rows.push(row.cells)
    this.labels.push(row.number)
    this.last = row.number
    this.cells += row.cells.length
  }

  private beyond(row: RawRow, width: number): void {
    const column = row.cells.findIndex((cell, at) => at >= width && !isEmpty(cell))
    this.issues.push({
      row: this.rows.length,
      severity: "warning",
      code: "xlsx.beyond-header",
      column: columnLetters(column),
      message: "found a value to the right of the header's last column; it is not read",
      value: row.cells[column],
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
        row: this.last,
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
    this.cells = 0
    this.yielded = true
    return page
  }
}
