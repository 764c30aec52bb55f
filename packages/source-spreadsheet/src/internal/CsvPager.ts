/**
 * The CSV pager makes pages of decoded text: it finds the delimiter and the header, gives rows their numbers, and says what
 * is wrong with them. It is synchronous and knows nothing of files.
 */
import type { Source } from "@waybill/core"
import { Result } from "effect"
import * as Headers from "../Headers.ts"
import { type Delimiter, detect, sampleLength } from "./CsvDelimiter.ts"
import { type CsvPosition, toCursor } from "./CsvPosition.ts"
import { CsvScanner, lineEnds } from "./CsvScanner.ts"
import { malformed } from "./classifyError.ts"
import type { Piece } from "./Utf8.ts"

/** How a CSV is read. */
export interface Settings {
  readonly place: string
  readonly delimiter: Delimiter | undefined
  /** Names of the columns of a file that has no header. */
  readonly headers: ReadonlyArray<string> | undefined
  readonly columnOf: (header: string) => string
  readonly pageRows: number
  /** Longest row, in characters. */
  readonly maxRow: number
}

// a page is also full when its text is this long, so that memory is bounded whatever the rows are like
const pageLength = 4 * 1024 * 1024

const delimiterNames: { readonly [delimiter in Delimiter]: string } = {
  ",": "a comma",
  ";": "a semicolon",
  "\t": "a tab",
  "|": "a vertical bar",
}

const isBlank = (cells: ReadonlyArray<string>): boolean => {
  for (let at = 0; at < cells.length; at++) if (cells[at] !== "") return false
  return true
}

/** See the file's first sentence. */
export class CsvPager {
  /** Set when nothing more can be read. */
  failure: Source.SourceError | undefined

  private scanner: CsvScanner | undefined
  private delimiter: Delimiter | undefined
  private columns: ReadonlyArray<string> | undefined
  private unnamed: ReadonlyArray<number>
  private blankRows: number
  private firstBlank: number
  // byte offset of the end of all text that the scanner was fed
  private fed: number
  private held = ""
  private heldBytes = 0
  private yielded: boolean
  private rows: Array<ReadonlyArray<string>> = []
  private labels: Array<number> = []
  private issues: Array<Source.PageIssue> = []
  private notices: Array<Headers.Notice> = []
  private length = 0

  constructor(
    private readonly settings: Settings,
    offset: number,
    position: CsvPosition | undefined,
  ) {
    this.fed = offset
    this.delimiter = position?.delimiter ?? settings.delimiter
    this.columns = position?.columns
    this.unnamed = position?.unnamed ?? []
    this.blankRows = position?.blank[0] ?? 0
    this.firstBlank = position?.blank[1] ?? 0
    this.yielded = position !== undefined
    if (position !== undefined) this.scanner = new CsvScanner(position.delimiter, position.row, settings.maxRow)
  }

  /** Adds a piece of text and gives the pages that are full; after the `last` piece also the rest, unless there is a failure. */
  *push(piece: Piece, last: boolean): Generator<Source.Page> {
    this.held = this.held === "" ? piece.text : this.held + piece.text
    this.heldBytes += piece.bytes
    const ends = last || piece.invalid
    // text is scanned when there is as much new as old, so that the time a huge cell takes does not grow with its square
    const enough = this.delimiter === undefined ? sampleLength : Math.min(this.scanner?.restLength ?? 0, this.settings.maxRow)
    if (!ends && this.held.length < enough) return
    const scanner = this.scanner ?? this.start(ends)
    const text = this.held
    this.fed += this.heldBytes
    this.held = ""
    this.heldBytes = 0
    // after bytes that are not UTF-8 a row may go on, so it is not the end
    scanner.feed(text, last && !piece.invalid)
    yield* this.scan(scanner)
    if (this.failure !== undefined) return
    if (piece.invalid) this.fail(scanner.nextNumber + lineEnds(scanner.rest, 0, scanner.restLength), notUtf8(this.fed))
    else if (last) yield* this.finish()
  }

  private start(ends: boolean): CsvScanner {
    const { delimiter, headers, maxRow } = this.settings
    if (delimiter === undefined) {
      this.delimiter = detect(this.held, ends)
      if (this.delimiter !== ",") {
        this.notices.push({
          code: "csv.delimiter",
          message: `The cells are parted by ${delimiterNames[this.delimiter]}, as detected.`,
        })
      }
    }
    if (headers !== undefined) this.columns = headers
    this.scanner = new CsvScanner(this.delimiter!, 1, maxRow)
    return this.scanner
  }

  private *scan(scanner: CsvScanner): Generator<Source.Page> {
    const { pageRows } = this.settings
    if (this.columns === undefined) {
      const problem = this.header(scanner)
      if (problem !== undefined) this.fail(scanner.number, problem)
    }
    if (scanner.failure !== undefined) this.fail(scanner.failure.row, scanner.failure.message)
    if (this.columns === undefined || this.failure !== undefined) return
    const width = this.columns.length
    for (;;) {
      const before = scanner.restLength
      const cells = scanner.next()
      if (cells === undefined) break
      this.length += before - scanner.restLength
      if (cells[0] === "" && isBlank(cells)) {
        if (this.blankRows++ === 0) this.firstBlank = scanner.number
        continue
      }
      if (cells.length !== width) this.ragged(scanner, cells.length, width)
      if (scanner.problem !== undefined) this.misquoted(scanner, scanner.problem)
      if (this.unnamed.length > 0) this.look(cells, scanner.number)
      this.rows.push(cells)
      this.labels.push(scanner.number)
      if (this.rows.length >= pageRows || this.length >= pageLength) yield this.page(scanner)
    }
    if (scanner.failure !== undefined) this.fail(scanner.failure.row, scanner.failure.message)
  }

  // reads the header; gives what is wrong with it
  private header(scanner: CsvScanner): string | undefined {
    let cells = scanner.next()
    while (cells !== undefined && isBlank(cells)) cells = scanner.next()
    if (cells === undefined) return undefined
    if (scanner.problem !== undefined) return scanner.problem.message
    if (cells.some((cell) => cell.includes("\u0000"))) {
      return "the header has NUL characters; is the file UTF-16, or not text at all?"
    }
    const headers = Headers.resolve(cells, this.settings.columnOf)
    if (Result.isFailure(headers)) return headers.failure
    this.columns = headers.success.columns
    this.unnamed = headers.success.unnamed
    this.notices.push(...headers.success.notices)
    return undefined
  }

  private fail(row: number, message: string): void {
    this.failure = malformed(`${this.settings.place}:${row}: ${message}`)
  }

  private ragged(scanner: CsvScanner, found: number, width: number): void {
    const lines = scanner.lines === 1 ? "" : ` (the row goes on to line ${scanner.number + scanner.lines - 1})`
    this.issues.push({
      row: this.rows.length,
      severity: "error",
      code: "csv.ragged",
      column: null,
      message: `expected ${width} cells as in the header, found ${found}${lines}`,
    })
  }

  private misquoted(scanner: CsvScanner, problem: NonNullable<CsvScanner["problem"]>): void {
    const lines = scanner.lines === 1 ? "" : ` (the row goes on to line ${scanner.number + scanner.lines - 1})`
    this.issues.push({
      row: this.rows.length,
      severity: "error",
      code: "csv.quote",
      column: this.columns![problem.column] ?? null,
      message: `${problem.message}${lines}`,
    })
  }

  private look(cells: ReadonlyArray<string>, row: number): void {
    const found = this.unnamed.filter((at) => cells[at] !== undefined && cells[at] !== "")
    if (found.length === 0) return
    for (const at of found) this.notices.push(Headers.unnamedNotice(this.columns![at]!, row))
    this.unnamed = this.unnamed.filter((at) => !found.includes(at))
  }

  private page(scanner: CsvScanner): Source.Page {
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
        offset: this.fed - Buffer.byteLength(scanner.rest),
        row: scanner.nextNumber,
        delimiter: this.delimiter!,
        columns: this.columns!,
        unnamed: this.unnamed,
        blank: this.blankRows === 0 ? [] : [this.blankRows, this.firstBlank],
      }),
    }
    this.rows = []
    this.labels = []
    this.issues = []
    this.notices = []
    this.length = 0
    this.yielded = true
    return page
  }

  private *finish(): Generator<Source.Page> {
    if (this.columns === undefined) {
      this.fail(1, "the file is empty, not even a header is there")
      return
    }
    if (this.blankRows > 0) {
      this.notices.push({
        code: "csv.blank-rows",
        message: `Rows of nothing but delimiters were left out: ${this.blankRows}, the first is row ${this.firstBlank}.`,
      })
      this.blankRows = 0
    }
    if (this.rows.length > 0 || this.notices.length > 0 || !this.yielded) yield this.page(this.scanner!)
  }
}

const notUtf8 = (offset: number): string =>
  `the byte at offset ${offset} is not UTF-8; save the file as UTF-8 (Excel: "CSV UTF-8") and try again`
