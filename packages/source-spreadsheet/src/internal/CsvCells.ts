/**
 * Reads the cells of a row that has quotes or escapes in it, character by character where it must.
 */
import type { Dialect } from "./CsvDialect.ts"

/** What is wrong with a row that could be read nevertheless. */
export interface Problem {
  /** The code. */
  readonly code: string
  /** Position of the cell, -1 where it is about the row. */
  readonly column: number
  readonly message: string
}

const crCode = 13
const lfCode = 10
const backslash = 92

/** How many line ends there are in part of a text; CRLF is one. */
export const lineEnds = (text: string, from: number, to: number): number => {
  let count = 0
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    if (code === lfCode || (code === crCode && text.charCodeAt(at + 1) !== lfCode)) count++
  }
  return count
}

/** See the file's first sentence. The results beside the cells stay until the next row. */
export class CsvCells {
  /** Where the row ends. */
  end = 0
  /** How many line ends are within cells. */
  innerLines = 0
  problem: Problem | undefined
  /** Where a quote opens that is never closed. */
  unclosed: { readonly at: number; readonly column: number } | undefined

  private text = ""
  private last = false
  private isDoubled = false
  private readonly quoteCode: number
  private readonly delimiterCode: number
  private readonly escapes: boolean

  constructor(
    private readonly dialect: Dialect,
    // where the line ends that goes on at a position
    private readonly lineEnd: (from: number) => number,
  ) {
    this.quoteCode = dialect.quote === "" ? -1 : dialect.quote.charCodeAt(0)
    this.delimiterCode = dialect.delimiter.charCodeAt(0)
    this.escapes = dialect.escape === "backslash"
  }

  /**
   * The cells of the row that begins at `from`, and whose line ends at `lineEnd`; `undefined` where its end is not there, or a quote of it is never
   * closed.
   */
  row(text: string, from: number, lineEnd: number, last: boolean): Array<string> | undefined {
    this.text = text
    this.last = last
    this.innerLines = 0
    this.problem = this.unclosed = undefined
    const { delimiter } = this.dialect
    const cells: Array<string> = []
    let at = from
    let line = lineEnd
    for (;;) {
      const quoted = text.charCodeAt(at) === this.quoteCode
      const close = quoted ? this.close(at) : -1
      if (quoted && close === -1) {
        if (last) this.unclosed = { at, column: cells.length }
        return undefined
      }
      const start = quoted ? close + 1 : at
      if (close > line) {
        this.innerLines += lineEnds(text, line, close)
        line = this.lineEnd(start)
      }
      const stop = this.escapes ? this.cellEnd(start) : this.plainEnd(start, line)
      let cell = quoted ? this.inner(at, close) : ""
      if (stop > start) {
        const tail = text.slice(start, stop)
        if (quoted) {
          this.problem ??= {
            code: "csv.quote",
            column: cells.length,
            message: `found text after the closing quote: ${text.slice(close, Math.min(stop, close + 40))}`,
          }
        }
        cell += this.escapes ? this.unescape(tail) : tail
        if (stop > line) {
          this.innerLines += lineEnds(text, line, stop)
          line = this.lineEnd(stop)
        }
      }
      cells.push(cell)
      at = stop
      if (at === text.length && !last) return undefined
      if (at < text.length && this.isDelimiter(at)) {
        at += delimiter.length
        continue
      }
      this.end = at
      return cells
    }
  }

  // where the quote that opens at `open` is closed, -1 where it is not
  private close(open: number): number {
    const { text } = this
    const { quote } = this.dialect
    if (!this.escapes) {
      let close = text.indexOf(quote, open + 1)
      this.isDoubled = false
      while (close !== -1 && text.charCodeAt(close + 1) === this.quoteCode) {
        this.isDoubled = true
        close = text.indexOf(quote, close + 2)
      }
      return close
    }
    let from = open + 1
    for (;;) {
      const close = text.indexOf(quote, from)
      if (close === -1) return -1
      const escaped = text.indexOf("\\", from)
      if (escaped === -1 || escaped > close) return close
      from = escaped + 2
    }
  }

  // the text of a quoted cell
  private inner(open: number, close: number): string {
    const { text } = this
    const { quote } = this.dialect
    const cell = text.slice(open + 1, close)
    if (this.escapes) return this.unescape(cell)
    return this.isDoubled ? cell.replaceAll(quote + quote, quote) : cell
  }

  // a backslash before what would mean something makes it a character, and is one itself before anything else
  private unescape(cell: string): string {
    if (!cell.includes("\\")) return cell
    const { delimiter, quote } = this.dialect
    return cell.replace(/\\(\r\n|[\s\S])/g, (all, next: string) =>
      next === "\\" || next === quote || next === delimiter[0] || next === "\n" || next.startsWith("\r") ? next : all,
    )
  }

  private isDelimiter(at: number): boolean {
    return (
      this.text.charCodeAt(at) === this.delimiterCode &&
      (this.dialect.delimiter.length === 1 || this.text.startsWith(this.dialect.delimiter, at))
    )
  }

  private isLineEnd(at: number, code: number): boolean {
    const { isStrict, lineEnd } = this.dialect
    if (!isStrict) return true
    if (code === lfCode) return lineEnd === "lf"
    if (lineEnd === "cr") return true
    const next = at + 1
    return next < this.text.length ? this.text.charCodeAt(next) === lfCode : !this.last
  }

  private plainEnd(from: number, line: number): number {
    const mark = this.text.indexOf(this.dialect.delimiter, from)
    return mark === -1 || mark > line ? line : mark
  }

  // the same where delimiters and line ends may be escaped
  private cellEnd(from: number): number {
    const { text } = this
    let at = from
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === this.delimiterCode && this.isDelimiter(at)) break
      if ((code === lfCode || code === crCode) && this.isLineEnd(at, code)) break
      // what is escaped ends nothing; of an escaped CRLF both
      if (code === backslash && this.escapes)
        at += text.charCodeAt(at + 1) === crCode && text.charCodeAt(at + 2) === lfCode ? 2 : 1
    }
    return Math.min(at, text.length)
  }
}
