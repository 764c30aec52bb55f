/**
 * Texts of workbooks: runs of rich text are put together, phonetic readings left out, and `_x000D_` escapes decoded. Blanks count, with
 * or without `xml:space`.
 */

import { beyond, type Failure, type XlsxLimits } from "./XlsxLimits.ts"
import { decode, type Visitor } from "./Xml.ts"

const escaped = /(?:_x[0-9a-f]{4}_)+/gi

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
  readonly texts: Array<string> = []
  failure: Failure | undefined
  private readonly runs = new TextRuns()

  constructor(private readonly limits: Pick<XlsxLimits, "sharedTexts" | "cellLength">) {}

  open(name: string): void {
    this.runs.open(name)
  }

  close(name: string): void {
    this.runs.close(name)
    if (name !== "si") return
    if (this.failure !== undefined) this.runs.take()
    else if (this.texts.length < this.limits.sharedTexts) this.texts.push(this.runs.take())
    else this.failure = beyond("has too many shared texts", this.limits.sharedTexts, "sharedTexts")
  }

  text(text: string, from: number, to: number, plain: boolean): void {
    this.runs.add(text, from, to, plain)
    if (this.runs.length <= this.limits.cellLength) return
    this.runs.take()
    this.failure ??= beyond(
      `has a shared text that is too long (number ${this.texts.length})`,
      this.limits.cellLength,
      "cellLength",
    )
  }
}
