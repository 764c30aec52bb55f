/**
 * The CSV scanner is fed text as it comes and gives rows (the records of RFC 4180) as arrays of cells.
 *
 * Empty lines are no rows. A quote opens a quoted cell only at a cell's start, and is a character like any other elsewhere. A row is scanned
 * only when all of it is there, so that no state is carried but the text itself; lines without quotes are cut by `indexOf`, whose native
 * search is 1.5 to 2 times as fast here as a loop over characters.
 */
import { CsvCells, lineEnds, type Problem } from "./CsvCells.ts"
import type { Dialect, LineEnd } from "./CsvDialect.ts"
import * as Problems from "./CsvProblems.ts"

/** Why nothing more can be read. */
export interface Failure {
  /** The row to look at. */
  readonly row: number
  readonly message: string
}

const crCode = 13
const lfCode = 10
const markCode = 0xfeff

const noProblems: ReadonlyArray<Problem> = []

/** See the file's first sentence. */
export class CsvScanner {
  /** The number of the row that was given last: that of its first line. */
  number = 0
  /** How many lines that row has. */
  lines = 0
  /** What is wrong with that row. */
  problems: ReadonlyArray<Problem> = noProblems
  /** Set when nothing more can be read. */
  failure: Failure | undefined
  /** Lines that were left out as comments, and the number of the first. */
  comments = 0
  firstComment = 0

  private text = ""
  private at = 0
  private last = false
  private rowEnd = 0
  // the first position of each from `at` on, as far as looked; the text's length where there is none
  private lf = -1
  private cr = -1
  private special = -1
  private mark = -1
  // of a NUL or a byte order mark
  private strange = -1
  private hasNul = false
  private hasMark = false
  private readonly cells: CsvCells
  // what of the dialect every row looks at
  private readonly delimiter: string
  private readonly width: number
  private readonly hasComments: boolean
  private readonly isStrict: boolean
  private readonly endCode: number
  private readonly endWidth: number

  constructor(
    private readonly dialect: Dialect,
    /** The number of the line that comes next. */
    public nextNumber: number,
    private readonly maxRow: number,
    /** Whether the row before ended in another way than rows do. */
    public isOdd = false,
    /** How many cells make a row of a line that begins like a detected comment; 0 where that is always a comment. */
    private readonly commentCells = 0,
  ) {
    this.cells = new CsvCells(dialect, (from) => this.lineEnd(from))
    this.delimiter = dialect.delimiter
    this.width = dialect.delimiter.length
    this.hasComments = dialect.comment !== ""
    this.isStrict = dialect.isStrict
    this.endCode = dialect.lineEnd === "lf" ? lfCode : crCode
    this.endWidth = dialect.lineEnd === "crlf" ? 2 : 1
  }

  /** What has been fed and not been returned. */
  get rest(): string {
    return this.text.slice(this.at)
  }

  /** How much that is. */
  get restLength(): number {
    return this.text.length - this.at
  }

  /** What the row ended in that was given last; `undefined` at the end of the text. */
  get ended(): LineEnd | undefined {
    if (this.rowEnd >= this.at) return undefined
    return this.text.charCodeAt(this.rowEnd) === lfCode ? "lf" : this.rowEnd + 1 === this.at ? "cr" : "crlf"
  }

  /** Adds text; `last` says that no other follows, `hasNul` that NUL characters are in it. */
  feed(text: string, last: boolean, hasNul = false): void {
    this.hasNul ||= hasNul
    this.text = this.at < this.text.length ? this.rest + text : text
    this.at = 0
    this.last = last
    this.lf = this.cr = this.special = this.mark = -1
    this.strange = this.findStrange(0)
  }

  /** The next row; `undefined` when more text is needed, when there is none, or after a failure. */
  next(): Array<string> | undefined {
    if (this.failure !== undefined) return undefined
    const cells = this.scan()
    if (cells === undefined && this.restLength > this.maxRow) this.fail(this.nextNumber)
    return this.failure === undefined ? cells : undefined
  }

  /** Passes over one line, whatever is in it; `false` when more text is needed or when there is none. */
  skipLine(): boolean {
    const { at } = this
    if (at >= this.text.length) return false
    const end = Math.min(this.find("\n", at), this.find("\r", at))
    if (end === this.text.length && !this.last) return false
    const after = this.afterLineEnd(end)
    if (after === -1) return false
    this.at = after
    this.nextNumber++
    return true
  }

  private fail(row: number): void {
    this.failure = { row, message: `the row that starts here is longer than ${this.maxRow} characters; is a quote not closed?` }
  }

  private find(what: string, from: number): number {
    const found = this.text.indexOf(what, from)
    return found === -1 ? this.text.length : found
  }

  private findStrange(from: number): number {
    // V8 looks for U+0000 byte by byte, and every second byte of UTF-16 is one
    const nul = this.hasNul ? this.find("\u0000", from) : this.text.length
    return Math.min(nul, this.find("\ufeff", from))
  }

  private findSpecial(from: number): number {
    const { escape: escapes, quote } = this.dialect
    const found = quote === "" ? this.text.length : this.find(quote, from)
    return escapes === "doubled" ? found : Math.min(found, this.find("\\", from))
  }

  // where the line that begins at `at` ends
  private lineEnd(at: number): number {
    const { lineEnd } = this.dialect
    if (!this.isStrict) {
      if (this.lf < at) this.lf = this.find("\n", at)
      if (this.cr < at) this.cr = this.find("\r", at)
      return Math.min(this.lf, this.cr)
    }
    if (lineEnd === "lf") {
      if (this.lf < at) this.lf = this.find("\n", at)
      return this.lf > at && this.lf < this.text.length && this.text.charCodeAt(this.lf - 1) === crCode ? this.lf - 1 : this.lf
    }
    if (this.cr < at) this.cr = this.find(lineEnd === "cr" ? "\r" : "\r\n", at)
    return this.cr
  }

  private scan(): Array<string> | undefined {
    const { text } = this
    const { length } = text
    for (;;) {
      if (this.at === this.strange && this.at < length && text.charCodeAt(this.at) === markCode) {
        this.hasMark = true
        this.at++
        this.strange = this.findStrange(this.at)
      }
      const { at } = this
      if (at >= length) return undefined
      const end = this.lineEnd(at)
      if (this.hasComments && this.isComment(at, end)) {
        const after = end === length && !this.last ? -1 : this.afterLineEnd(end)
        if (after === -1) return undefined
        if (this.comments++ === 0) this.firstComment = this.nextNumber
        this.at = after
        this.nextNumber++
        continue
      }
      if (this.special < at) this.special = this.findSpecial(at)
      if (this.special < end) return this.careful(at, end)
      if (end === length && !this.last) return undefined
      const after = this.afterLineEnd(end)
      if (after === -1 || (after === length && this.isOpen(end, after))) return undefined
      if (end === at) {
        this.at = after
        this.nextNumber++
        continue
      }
      const cells = this.unquoted(at, end)
      const lines = this.isStrict ? 1 + lineEnds(text, at, end) : 1
      this.consume(end, after, lines, cells, noProblems)
      return cells
    }
  }

  // a line that begins like a comment; one that has as many cells as a row is a row where the comments were detected
  private isComment(at: number, end: number): boolean {
    const { comment } = this.dialect
    if (!this.text.startsWith(comment, at)) return !this.last && this.restLength < comment.length && comment.startsWith(this.rest)
    return this.commentCells === 0 || this.text.slice(at, end).split(this.dialect.delimiter).length !== this.commentCells
  }

  // where the next line starts; -1 where a CR is the last that is known, which an LF may follow
  private afterLineEnd(end: number): number {
    if (end === this.text.length) return end
    if (this.text.charCodeAt(end) === lfCode) return end + 1
    if (end + 1 === this.text.length && !this.last) return -1
    return this.text.charCodeAt(end + 1) === lfCode ? end + 2 : end + 1
  }

  private unquoted(start: number, end: number): Array<string> {
    const { delimiter, text } = this
    const cells: Array<string> = []
    let from = start
    let mark = this.mark < from ? this.find(delimiter, from) : this.mark
    while (mark < end) {
      cells.push(text.slice(from, mark))
      from = mark + this.width
      mark = this.find(delimiter, from)
    }
    cells.push(text.slice(from, end))
    this.mark = mark
    return cells
  }

  // a row that has quotes or escapes
  private careful(at: number, end: number): Array<string> | undefined {
    const { cells } = this
    const found = cells.row(this.text, at, end, this.last)
    if (found === undefined) {
      const { unclosed } = cells
      if (unclosed !== undefined)
        this.failure = {
          row: this.nextNumber + lineEnds(this.text, at, unclosed.at),
          message: `the quote that opens in column ${unclosed.column + 1} is never closed`,
        }
      return undefined
    }
    const after = this.afterLineEnd(cells.end)
    if (after === -1 || this.isOpen(cells.end, after)) return undefined
    const lines = 1 + (this.isStrict ? lineEnds(this.text, at, cells.end) : cells.innerLines)
    this.consume(cells.end, after, lines, found, cells.problem === undefined ? noProblems : [cells.problem])
    return found
  }

  private consume(
    end: number,
    after: number,
    lines: number,
    cells: ReadonlyArray<string>,
    problems: ReadonlyArray<Problem>,
  ): void {
    this.number = this.nextNumber
    this.lines = lines
    this.nextNumber += lines
    this.problems = problems
    if (after - this.at > this.maxRow) this.fail(this.number)
    if (this.isOdd || after - end !== this.endWidth || this.text.charCodeAt(end) !== this.endCode) this.lookAtEnd(end, after)
    if (this.commentCells > 0 && this.text.startsWith(this.dialect.comment, this.at)) {
      this.problems = [...this.problems, Problems.comment(this.dialect.comment)]
    }
    if (this.hasMark || this.strange < after) this.lookAtStrange(after, cells)
    this.rowEnd = end
    this.at = after
  }

  // whether a row ends otherwise than rows do
  private endsOddly(end: number, after: number): boolean {
    if (this.isStrict || after === end) return false
    const usual = this.dialect.lineEnd
    return this.text.charCodeAt(end) === lfCode ? usual !== "lf" : after === end + 1 && usual !== "cr"
  }

  // the last row of a file may end as it likes, and whether it is the last is not known yet
  private isOpen(end: number, after: number): boolean {
    return after === this.text.length && !this.last && this.endsOddly(end, after)
  }

  private lookAtEnd(end: number, after: number): void {
    const isOdd = after < this.text.length && this.endsOddly(end, after)
    if (isOdd || this.isOdd) {
      const found = !isOdd ? undefined : this.text.charCodeAt(end) === lfCode ? "LF" : "CR"
      this.problems = [...this.problems, Problems.lineEnd(found, this.dialect.lineEnd)]
    }
    this.isOdd = isOdd
  }

  private lookAtStrange(after: number, cells: ReadonlyArray<string>): void {
    this.problems = [...this.problems, ...(this.hasMark ? [Problems.mark] : []), ...Problems.nul(cells)]
    this.hasMark = false
    this.strange = this.findStrange(after)
  }
}
