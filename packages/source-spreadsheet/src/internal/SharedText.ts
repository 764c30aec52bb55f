/**
 * Texts of workbooks: runs of rich text are put together, phonetic readings left out, and `_x000D_` escapes decoded.
 */
import { decode, type Visitor } from "./Xml.ts"

const escaped = /_x([0-9a-f]{4})_/gi

/** Decodes what Excel writes for characters that XML has not: `_x000D_` is a carriage return, `_x005F_` an underscore. */
export const decodeEscapes = (text: string): string =>
  text.includes("_x") ? text.replace(escaped, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text

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
  private readonly runs = new TextRuns()

  open(name: string): void {
    this.runs.open(name)
  }

  close(name: string): void {
    this.runs.close(name)
    if (name === "si") this.texts.push(this.runs.take())
  }

  text(text: string, from: number, to: number, plain: boolean): void {
    this.runs.add(text, from, to, plain)
  }
}
