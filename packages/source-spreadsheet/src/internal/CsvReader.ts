/**
 * The CSV reader is the CSV source, with what only this package may ask of it.
 */
import type { Source } from "@waybill/core"
import { Stream } from "effect"
import type * as DateText from "../DateText.ts"
import * as Headers from "../Headers.ts"
import type * as NumberText from "../NumberText.ts"
import { readersOf } from "./ColumnFormats.ts"
import { check, type Escape, type LineEnd } from "./CsvDialect.ts"
import { CsvPager, type Reading, type Settings } from "./CsvPager.ts"
import { type CsvPosition, fromCursor } from "./CsvPosition.ts"
import { survey, usualAdvice, type Wishes } from "./CsvSurvey.ts"
import { malformed } from "./classifyError.ts"
import { Decoder } from "./Decoder.ts"
import { codecOf, type Encoding, encodings } from "./Encoding.ts"
import * as Input from "./Input.ts"

/** How the cells of one column are written: numbers or dates. */
export type Format = NumberText.Format | DateText.Format

/** What a CSV source takes: `file` or `bytes`, and how to read them. What is not said is detected, unless its comment says otherwise. */
export interface Options extends Input.Location {
  /** What bytes are which characters. A byte order mark that says otherwise is an error. */
  readonly encoding?: Encoding
  /** What parts the cells: one character or more. `,` `;` tab and `|` are detected. */
  readonly delimiter?: string
  /** What encloses cells: `"`, `'` or another character; `null` where quotes are characters like any other. */
  readonly quote?: string | null
  /** How a quote within a quoted cell is written: twice, or behind a backslash, which then makes delimiters and line ends characters too. */
  readonly escape?: Escape
  /** What lines begin with that are left out; `null` for none. Detected is `#`. */
  readonly comment?: string | null
  /**
   * What ends a row, and nothing else then does: `lf` (or CRLF), `crlf`, `cr` (or CRLF). If it is not given, all of these end a row, and a row
   * that ends otherwise than those at the start of the file is an issue.
   */
  readonly lineEnd?: LineEnd
  /** The line that the header is on, counted from 1; lines before it are passed over. */
  readonly headerRow?: number
  /** The names of the columns, for a file without a header. */
  readonly headers?: ReadonlyArray<string>
  /** Other names that columns have in the header. */
  readonly aliases?: Headers.Aliases
  /**
   * How the numbers and dates of columns are written, by the columns' names: `{ price: { number: "comma" }, since: { date: "detect" } }`. The cells
   * become digits with a point and ISO dates. A column without a format is delivered as it is written.
   */
  readonly formats?: { readonly [column: string]: Format }
  /** How many bytes at the start of the file are looked at to decide on formats that are to be detected; 4 MiB by default. */
  readonly sampleBytes?: number
  /** Rows in a page; 500 by default: small pages stay in the processor's cache. */
  readonly pageRows?: number
  /** Longest row in characters, a guard against quotes that are never closed; 16 million by default, 256 million at most. */
  readonly maxRowLength?: number
}

const longestRow = 256 * 1024 * 1024

/** A CSV source, whose cells are prepared before formats are applied to them. Options that contradict each other are a defect, thrown here. */
export const make = (options: Options, prepare?: Settings["prepare"]): Source.Source => {
  const input = Input.make(options, "input.csv")
  const wishes = wishesOf(options, input.name, prepare)
  return {
    kind: "csv",
    name: input.name,
    identify: Input.identify(input),
    read: (from) => {
      if (from === null) return Input.pagesOf("csv", input.name, () => pages(input, wishes, undefined))
      const position = fromCursor(from)
      if (position === undefined || position.choices.length !== wishes.settings.formats.length)
        return Stream.fail(malformed(`${input.name}: the cursor is not one of a CSV source with these options`))
      return Input.pagesOf("csv", input.name, () => pages(input, wishes, position))
    },
  }
}

const wishesOf = (options: Options, place: string, prepare: Settings["prepare"]): Wishes => {
  const { comment, delimiter, encoding, headerRow, headers, lineEnd, maxRowLength = 16 * 1024 * 1024, quote } = options
  if (encoding !== undefined && !encodings.includes(encoding))
    throw new TypeError(`the encoding is one of ${encodings.join(", ")}, not ${String(encoding)}`)
  if (headers !== undefined && headerRow !== undefined) throw new TypeError("a CSV source takes either `headers` or `headerRow`")
  if (headerRow !== undefined && (!Number.isSafeInteger(headerRow) || headerRow < 1))
    throw new TypeError("headerRow is the number of a line, counted from 1")
  if (!(maxRowLength > 0 && maxRowLength <= longestRow)) throw new TypeError(`maxRowLength is at most ${longestRow}`)
  const dialect = {
    delimiter,
    quote: quote === null ? "" : quote,
    escape: options.escape,
    comment: comment === null ? "" : comment,
    lineEnd,
    headerRow: headers === undefined ? headerRow : 1,
  }
  check(dialect)
  const settings: Settings = {
    place,
    headers: Headers.given(headers),
    headerRow,
    columnOf: Headers.lookup(options.aliases ?? {}),
    pageRows: options.pageRows ?? 500,
    maxRow: maxRowLength,
    formats: readersOf(options.formats),
    ...(prepare === undefined ? {} : { prepare }),
  }
  return { settings, encoding, dialect, sampleBytes: options.sampleBytes ?? 4 * 1024 * 1024 }
}

const nothing = { text: "", bytes: 0, hasNul: false, invalid: undefined }

async function* pages(input: Input.Input, wishes: Wishes, position: CsvPosition | undefined): AsyncGenerator<Source.Page> {
  const handle = await input.open()
  try {
    let offset = position?.offset ?? 0
    if (offset > handle.size) throw malformed(`${input.name}: the file is shorter than it was when its reading was broken off`)
    const { mark, reading } = position === undefined ? await survey(handle, wishes) : { mark: 0, reading: readingOf(position) }
    offset += mark
    const pager = new CsvPager(wishes.settings, reading, offset, position)
    const decoder = new Decoder(codecOf(reading.encoding), offset)
    const block = Buffer.allocUnsafeSlow(Math.max(1, Math.min(Input.blockBytes, handle.size - offset)))
    for (let read = await handle.read(block, offset); read > 0; read = await handle.read(block, offset)) {
      offset += read
      for (const piece of decoder.pieces(block.subarray(0, read), false)) yield* pager.push(piece, false)
      if (pager.failure !== undefined) throw pager.failure
    }
    for (const piece of decoder.pieces(block.subarray(0, 0), true)) yield* pager.push(piece, false)
    if (pager.failure === undefined) yield* pager.push(nothing, true)
    if (pager.failure !== undefined) throw pager.failure
  } finally {
    await handle.close()
  }
}

const readingOf = ({ choices, commentCells, dialect, encoding }: CsvPosition): Reading => ({
  choices,
  commentCells,
  dialect,
  encoding,
  skip: 0,
  notices: [],
  advice: encoding === "utf-8" ? usualAdvice : "",
})
