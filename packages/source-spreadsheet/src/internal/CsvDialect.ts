/**
 * A dialect is how a CSV marks its cells and rows.
 */
import { isListOf, isText } from "./Shape.ts"

/** What ends a row: LF (or CRLF), CRLF, CR (or CRLF). */
export type LineEnd = "lf" | "crlf" | "cr"

/** How a quote is written within a quoted cell: twice, or behind a backslash. */
export type Escape = "doubled" | "backslash"

/** See the file's first sentence. */
export interface Dialect {
  /** What parts cells: one character or more. */
  readonly delimiter: string
  /** What encloses a cell that has delimiters or line ends in it; empty where nothing does. */
  readonly quote: string
  readonly escape: Escape
  /** What a line begins with that is left out; empty where there is no such line. */
  readonly comment: string
  readonly lineEnd: LineEnd
  /** Whether other line ends are part of a cell, because somebody said how rows end; else they end a row too, which is an issue. */
  readonly isStrict: boolean
}

/** What is meant by CSV where nothing is said or found. */
export const usual: Dialect = { delimiter: ",", quote: '"', escape: "doubled", comment: "", lineEnd: "lf", isStrict: false }

/** The delimiters that are detected. */
export const delimiters = [",", ";", "\t", "|"] as const

const named: { readonly [sign: string]: string } = {
  ",": "a comma",
  ";": "a semicolon",
  "\t": "a tab",
  "|": "a vertical bar",
}

/** What a delimiter is called. */
export const nameOf = (delimiter: string): string => named[delimiter] ?? JSON.stringify(delimiter)

type Signs = { readonly [sign in "comment" | "delimiter" | "quote" | "escape"]: string | undefined }

/** Signs that contradict each other are a defect, thrown here. */
export const check = ({ comment, delimiter, escape: escapes, quote }: Signs): void => {
  const hasLineEnd = (text: string): boolean => /[\r\n]/.test(text)
  if (delimiter !== undefined && (delimiter === "" || hasLineEnd(delimiter)))
    throw new TypeError("the delimiter is one character or more, and no line end")
  if (quote !== undefined && quote.length > 1) throw new TypeError("the quote is one character, or null where nothing is quoted")
  if (quote !== undefined && (quote === "\\" || hasLineEnd(quote)))
    throw new TypeError("the quote is neither a backslash nor a line end")
  if (comment !== undefined && hasLineEnd(comment)) throw new TypeError("what comments begin with has no line end")
  if (quote !== undefined && quote !== "" && delimiter?.includes(quote))
    throw new TypeError("delimiter and quote are different characters")
  if (delimiter !== undefined && comment !== undefined && comment !== "" && comment.startsWith(delimiter))
    throw new TypeError("what comments begin with is not the delimiter")
  if (escapes === "backslash" && delimiter?.includes("\\"))
    throw new TypeError("the delimiter has no backslash where that escapes")
}

/** A dialect as a cursor holds it. */
export const toList = (it: Dialect): ReadonlyArray<string> => [
  it.delimiter,
  it.quote,
  it.escape,
  it.comment,
  it.lineEnd,
  it.isStrict ? "strict" : "",
]

/** The dialect of a cursor; `undefined` where it is none. */
export const fromList = (list: unknown): Dialect | undefined => {
  if (!isListOf(isText)(list) || list.length !== 6) return undefined
  const [delimiter, quote, escapes, comment, lineEnd, strict] = list as [string, string, string, string, string, string]
  if (delimiter === "" || quote.length > 1) return undefined
  if (escapes !== "doubled" && escapes !== "backslash") return undefined
  if (lineEnd !== "lf" && lineEnd !== "crlf" && lineEnd !== "cr") return undefined
  return { delimiter, quote, escape: escapes, comment, lineEnd, isStrict: strict === "strict" }
}
