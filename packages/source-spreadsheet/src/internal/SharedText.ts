/**
 * Texts of workbooks: runs of rich text are put together, phonetic readings left out, and `_x000D_` escapes decoded. Blanks count, with
 * or without `xml:space`.
 */

import { SharedTable } from "./SharedTable.ts"
import { beyond, type Failure, type XlsxLimits } from "./XlsxLimits.ts"
import { decode, type Visitor } from "./Xml.ts"

const escaped = /(?:_x[0-9a-fA-F]{4}_)+/g

/**
 * Decodes what Excel writes for characters that XML has not: `_x000D_` is a carriage return, `_x005F_` an underscore. Escapes that make no
 * character together (half of a pair) are left as they are.
 */
export const decodeEscapes = (text: string): string =>
  text.includes("_x")
    ? text.replace(escaped, (whole) => {
        let decoded = ""
        for (let at = 2; at < whole.length; at += 7) decoded += String.fromCharCode(Number.parseInt(whole.slice(at, at + 4), 16))
        return /\p{Surrogate}/u.test(decoded) ? whole : decoded
      })
    : text

const plainStart = "<si><t>"
const plainEnd = "</t></si>"

/** Puts one text together from the elements within `<si>` or `<is>`. */
export class TextRuns {
  private text = ""
  private collects = false
  private phonetic = 0

  open(name: string): void {
    if (name === "t") this.collects = this.phonetic === 0
    else if (name === "rPh") this.phonetic++
  }

  close(name: string): void {
    if (name === "t") this.collects = false
    else if (name === "rPh") this.phonetic--
  }

  add(text: string, from: number, to: number, plain: boolean): void {
    if (!this.collects) return
    const part = text.slice(from, to)
    this.text += plain ? part : decode(part)
  }

  /** Characters so far. */
  get length(): number {
    return this.text.length
  }

  /** The text so far; the next starts empty. */
  take(): string {
    const text = decodeEscapes(this.text)
    this.text = ""
    return text
  }
}

/** Reads the table of shared texts. */
export class SharedTexts implements Visitor {
  readonly table = new SharedTable()
  failure: Failure | undefined
  private readonly runs = new TextRuns()

  constructor(private readonly limits: Pick<XlsxLimits, "sharedTexts" | "cellLength">) {}

  /** Reads texts that are written as nearly all are: `<si><t>…</t></si>`, with nothing to decode. */
  ahead(text: string, start: number): number {
    let at = start
    while (text.startsWith(plainStart, at)) {
      const from = at + plainStart.length
      const to = text.indexOf("<", from)
      if (to === -1 || !text.startsWith(plainEnd, to) || to - from > this.limits.cellLength) return at
      if (this.failure !== undefined || this.table.count >= this.limits.sharedTexts) return at
      const part = text.slice(from, to)
      if (part.includes("&") || part.includes("\r")) return at
      this.table.add(decodeEscapes(part))
      at = to + plainEnd.length
    }
    return at
  }

  open(name: string): void {
    this.runs.open(name)
  }

  close(name: string): void {
    this.runs.close(name)
    if (name !== "si") return
    const text = this.runs.take()
    if (this.failure !== undefined) return
    if (this.table.count < this.limits.sharedTexts) this.table.add(text)
    else this.failure = beyond("has too many shared texts", this.limits.sharedTexts, "sharedTexts")
  }

  text(text: string, from: number, to: number, plain: boolean): void {
    this.runs.add(text, from, to, plain)
    if (this.runs.length <= this.limits.cellLength) return
    this.runs.take()
    this.failure ??= beyond(
      `has a shared text that is too long (number ${this.table.count})`,
      this.limits.cellLength,
      "cellLength",
    )
  }
}
