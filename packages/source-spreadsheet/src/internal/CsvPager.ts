/**
 * The CSV pager makes pages of decoded text: it reads the header, gives rows their numbers, applies formats, and says what
 * is wrong with rows. It is synchronous, knows nothing of files, and decides nothing: that is done before ({@link CsvSurvey}).
 */
import type { Source } from "@waybill/core"
import { Result } from "effect"
import * as Headers from "../Headers.ts"
import { type Change, type Choice, ColumnFormats, type Readers } from "./ColumnFormats.ts"
import { lineEnds } from "./CsvCells.ts"
import type { Dialect } from "./CsvDialect.ts"
import { type CsvPosition, toCursor } from "./CsvPosition.ts"
import { CsvScanner } from "./CsvScanner.ts"
import { malformed } from "./classifyError.ts"
import type { Piece } from "./Decoder.ts"
import { type Codec, codecOf } from "./Encoding.ts"
import type { Prepare, PrepareRow } from "./Preparation.ts"

/** What a user says of the table. */
export interface Settings {
  readonly place: string
  /** Names of the columns of a file that has no header. */
  readonly headers: ReadonlyArray<string> | undefined
  /** The line that the header is on, where it is given. */
  readonly headerRow: number | undefined
  readonly columnOf: (header: string) => string
  readonly pageRows: number
  /** Longest row, in characters. */
  readonly maxRow: number
  readonly formats: Readers
  /** What is done to cells before formats are applied to them. */
  readonly prepare?: Prepare
}

/** What was decided of the file. */
export interface Reading extends Pick<CsvPosition, "encoding" | "dialect" | "commentCells" | "choices"> {
  /** How many lines are passed over at the start. */
  readonly skip: number
  /** What is told with the first page. */
  readonly notices: ReadonlyArray<Headers.Notice>
  /** What is said besides where bytes are no characters. */
  readonly advice: string
}

// a page is also full when its text is this long, so that memory is bounded whatever the rows are like
const pageLength = 4 * 1024 * 1024

// more columns without a name are told by their number only
const mostUnnamed = 20

const isBlank = (cells: ReadonlyArray<string>): boolean => {
  for (let at = 0; at < cells.length; at++) if (cells[at] !== "") return false
  return true
}

/** See the file's first sentence. */
export class CsvPager {
  /** Set when nothing more can be read. */
  failure: Source.SourceError | undefined

  private readonly scanner: CsvScanner
  private readonly codec: Codec
  private readonly dialect: Dialect
  private readonly choices: ReadonlyArray<Choice>
  private skip: number
  private columns: ReadonlyArray<string> | undefined
  private formats: ColumnFormats | undefined
  private prepare: PrepareRow | undefined
  private unnamed: ReadonlyArray<number>
  private blankRows: number
  private firstBlank: number
  private held = ""
  private heldBytes = 0
  private hasNul = false
  private yielded: boolean
  private rows: Array<ReadonlyArray<string>> = []
  private labels: Array<number> = []
  private issues: Array<Source.PageIssue> = []
  private changes: Array<Change> = []
  private notices: Array<Headers.Notice>
  private length = 0

  constructor(
    private readonly settings: Settings,
    private readonly reading: Reading,
    // byte offset of the end of all text that the scanner was fed
    private fed: number,
    position: CsvPosition | undefined,
  ) {
    this.codec = codecOf(reading.encoding)
    this.dialect = reading.dialect
    this.choices = reading.choices
    this.skip = position === undefined ? reading.skip : 0
    this.notices = [...reading.notices]
    this.unnamed = position?.unnamed ?? []
    this.blankRows = position?.left[0] ?? 0
    this.firstBlank = position?.left[1] ?? 0
    this.yielded = position !== undefined
    const odd = position?.isOdd ?? false
    this.scanner = new CsvScanner(reading.dialect, position?.row ?? 1, settings.maxRow, odd, reading.commentCells)
    this.scanner.comments = position?.left[2] ?? 0
    this.scanner.firstComment = position?.left[3] ?? 0
    if (position !== undefined) this.begin(position.columns)
    else if (settings.headers !== undefined) this.begin(settings.headers)
  }

  /** The names of the columns, once the header was read. */
  get names(): ReadonlyArray<string> | undefined {
    return this.columns
  }

  /** Adds a piece of text and gives the pages that are full; after the `last` piece also the rest, unless there is a failure. */
  *push(piece: Piece, last: boolean): Generator<Source.Page> {
    this.held = this.held === "" ? piece.text : this.held + piece.text
    this.heldBytes += piece.bytes
    this.hasNul ||= piece.hasNul
    const { scanner } = this
    // text is scanned when there is as much new as old, so that the time a huge cell takes does not grow with its square
    const enough = Math.min(scanner.restLength, this.settings.maxRow)
    if (!last && piece.invalid === undefined && this.held.length < enough) return
    const text = this.held
    this.fed += this.heldBytes
    this.held = ""
    this.heldBytes = 0
    // after bytes that are no characters a row may go on, so it is not the end
    scanner.feed(text, last && piece.invalid === undefined, this.hasNul)
    yield* this.scan()
    if (this.failure !== undefined) return
    if (piece.invalid !== undefined)
      this.fail(scanner.nextNumber + lineEnds(scanner.rest, 0, scanner.restLength), piece.invalid + this.reading.advice)
    else if (last) yield* this.finish()
  }

  private begin(columns: ReadonlyArray<string>): void {
    this.columns = columns
    this.prepare = this.settings.prepare?.(columns)
    if (this.settings.formats.length === 0) return
    this.formats = new ColumnFormats(this.settings.formats, this.choices, columns)
    if (!this.yielded) this.notices.push(...this.formats.notices)
  }

  private *scan(): Generator<Source.Page> {
    const { scanner } = this
    const { pageRows } = this.settings
    for (; this.skip > 0; this.skip--) if (!scanner.skipLine()) return
    if (this.columns === undefined) {
      const problem = this.header()
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
      if (cells.length !== width) this.ragged(cells.length, width)
      if (scanner.problems.length > 0) this.wrong()
      if (this.unnamed.length > 0) this.look(cells, scanner.number)
      if (this.prepare !== undefined) this.prepare(cells, this.rows.length, this.changes)
      if (this.formats !== undefined) this.formats.apply(cells, this.rows.length, this.changes, this.issues)
      this.rows.push(cells)
      this.labels.push(scanner.number)
      if (this.rows.length >= pageRows || this.length >= pageLength) yield this.page()
    }
    if (scanner.failure !== undefined) this.fail(scanner.failure.row, scanner.failure.message)
  }

  // reads the header; gives what is wrong with it
  private header(): string | undefined {
    const { headerRow } = this.settings
    const { scanner } = this
    let cells = scanner.next()
    while (cells !== undefined && isBlank(cells) && headerRow === undefined) cells = scanner.next()
    if (cells === undefined) return undefined
    if (headerRow !== undefined && (scanner.number !== headerRow || isBlank(cells)))
      return `row ${headerRow}, which headerRow names, has no header; expected the names of the columns there`
    const [problem] = scanner.problems.filter(({ code }) => code === "csv.quote" || code === "csv.nul")
    if (problem?.code === "csv.nul") return "the header has NUL characters; is the file UTF-16, or not text at all?"
    if (problem !== undefined) return problem.message
    const headers = Headers.resolve(cells, this.settings.columnOf)
    if (Result.isFailure(headers)) return headers.failure
    this.unnamed = headers.success.unnamed
    this.notices.push(...headers.success.notices)
    this.begin(headers.success.columns)
    return undefined
  }

  private fail(row: number, message: string): void {
    this.failure = malformed(`${this.settings.place}:${row}: ${message}`)
  }

  // what is said of a row of several lines
  private get span(): string {
    const { lines, number } = this.scanner
    return lines === 1 ? "" : ` (the row goes on to line ${number + lines - 1})`
  }

  private ragged(found: number, width: number): void {
    const message = `expected ${width} cells as in the header, found ${found}${this.span}`
    this.issues.push({ row: this.rows.length, severity: "error", code: "csv.ragged", column: null, message })
  }

  private wrong(): void {
    for (const { code, column, message } of this.scanner.problems) {
      const name = column < 0 ? null : (this.columns![column] ?? null)
      this.issues.push({ row: this.rows.length, severity: "error", code, column: name, message: message + this.span })
    }
  }

  private look(cells: ReadonlyArray<string>, row: number): void {
    const found = this.unnamed.filter((at) => cells[at] !== undefined && cells[at] !== "")
    if (found.length === 0) return
    for (const at of found.slice(0, mostUnnamed)) this.notices.push(Headers.unnamedNotice(this.columns![at]!, row))
    if (found.length > mostUnnamed) {
      const message = `${found.length - mostUnnamed} more columns have data (first in row ${row}) and no header.`
      this.notices.push({ code: "header.empty", message })
    }
    const seen = new Set(found)
    this.unnamed = this.unnamed.filter((at) => !seen.has(at))
  }

  private page(): Source.Page {
    const { changes, rows, scanner } = this
    const page: Source.Page = {
      columns: this.columns!,
      rows,
      release: () => {
        rows.length = 0
      },
      place: this.settings.place,
      labels: this.labels,
      issues: this.issues,
      ...(changes.length > 0 ? { changes } : {}),
      ...(this.notices.length > 0 ? { notices: this.notices } : {}),
      cursor: toCursor({
        offset: this.fed - this.codec.byteLength(scanner.rest),
        row: scanner.nextNumber,
        encoding: this.codec.name,
        dialect: this.dialect,
        commentCells: this.reading.commentCells,
        choices: this.choices,
        columns: this.columns!,
        unnamed: this.unnamed,
        left: [this.blankRows, this.firstBlank, scanner.comments, scanner.firstComment],
        isOdd: scanner.isOdd,
      }),
    }
    this.rows = []
    this.labels = []
    this.issues = []
    this.changes = []
    this.notices = []
    this.length = 0
    this.yielded = true
    return page
  }

  private *finish(): Generator<Source.Page> {
    const { scanner } = this
    if (this.columns === undefined) {
      const { headerRow } = this.settings
      const where = headerRow === undefined || headerRow === 1 ? "" : ` in row ${headerRow}, which headerRow names`
      this.fail(1, `the file is empty, not even a header is there${where}`)
      return
    }
    const leave = (code: string, what: string, count: number, first: number): void => {
      if (count > 0) this.notices.push({ code, message: `${what} were left out: ${count}, the first is row ${first}.` })
    }
    leave("csv.blank-rows", "Rows of nothing but delimiters", this.blankRows, this.firstBlank)
    leave("csv.comment-lines", "Comments", scanner.comments, scanner.firstComment)
    this.blankRows = 0
    scanner.comments = 0
    if (this.rows.length > 0 || this.notices.length > 0 || !this.yielded) yield this.page()
  }
}
