/**
 * A source of rows from CSV files: UTF-8, comma, semicolon, tab or vertical bar, with a header.
 *
 * A row is an array of texts in the order of the columns; its label is the row number in the file, header and empty lines counted.
 * What is wrong with one row is an issue of it (`csv.ragged`, `csv.quote`), and the row is delivered; what makes the rows after
 * it doubtful too (a quote that is never closed, bytes that are not UTF-8, two columns of one name) ends the source as `Malformed`.
 * Empty lines are no rows; rows of nothing but delimiters are left out, counted, and told at the end.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import { Stream } from "effect"
import * as Headers from "./Headers.ts"
import type { Delimiter } from "./internal/CsvDelimiter.ts"
import { CsvPager, type Settings } from "./internal/CsvPager.ts"
import { type CsvPosition, fromCursor } from "./internal/CsvPosition.ts"
import { malformed } from "./internal/classifyError.ts"
import * as Input from "./internal/Input.ts"
import { Utf8 } from "./internal/Utf8.ts"

/** What {@link make} takes: `file` or `bytes`, and how to read them. */
export interface Options extends Input.Location {
  /** What parts the cells; detected from the first rows by default. */
  readonly delimiter?: Delimiter
  /** The names of the columns, for a file without a header. */
  readonly headers?: ReadonlyArray<string>
  /** Other names that columns have in the header. */
  readonly aliases?: Headers.Aliases
  /** Rows in a page; 500 by default: small pages stay in the processor's cache. */
  readonly pageRows?: number
  /** Longest row in characters, a guard against quotes that are never closed; 16 million by default. */
  readonly maxRowLength?: number
}

/** A CSV source. Options that contradict each other are a defect, thrown here. */
export const make = (options: Options): Source.Source => {
  const input = Input.make(options, "input.csv")
  const settings: Settings = {
    place: input.name,
    delimiter: options.delimiter,
    headers: Headers.given(options.headers),
    columnOf: Headers.lookup(options.aliases ?? {}),
    pageRows: options.pageRows ?? 500,
    maxRow: options.maxRowLength ?? 16 * 1024 * 1024,
  }
  return {
    kind: "csv",
    identify: Input.identify(input),
    read: (from) => {
      if (from === null) return Input.pagesOf(input.name, () => pages(input, settings, undefined))
      const position = fromCursor(from)
      if (position === undefined) return Stream.fail(malformed(`${input.name}: the cursor is not one of a CSV source`))
      return Input.pagesOf(input.name, () => pages(input, settings, position))
    },
  }
}

const noPiece = { text: "", bytes: 0, invalid: false }

async function* pages(input: Input.Input, settings: Settings, position: CsvPosition | undefined): AsyncGenerator<Source.Page> {
  const handle = await input.open()
  try {
    let offset = position?.offset ?? 0
    if (offset > handle.size) throw malformed(`${input.name}: the file is shorter than it was when its reading was broken off`)
    const block = Buffer.allocUnsafeSlow(Math.max(1, Math.min(Input.blockBytes, handle.size - offset)))
    let read = await handle.read(block, offset)
    const mark = offset === 0 ? byteOrderMark(input.name, block.subarray(0, read)) : 0
    const pager = new CsvPager(settings, offset + mark, position)
    const utf8 = new Utf8()
    let start = mark
    while (read > 0) {
      offset += read
      for (const piece of utf8.pieces(block.subarray(start, read), false)) yield* pager.push(piece, false)
      if (pager.failure !== undefined) throw pager.failure
      start = 0
      read = await handle.read(block, offset)
    }
    for (const piece of utf8.pieces(block.subarray(0, 0), true)) yield* pager.push(piece, false)
    if (pager.failure === undefined) yield* pager.push(noPiece, true)
    if (pager.failure !== undefined) throw pager.failure
  } finally {
    await handle.close()
  }
}

// the length of the UTF-8 byte order mark; files that begin as something else do are refused
const byteOrderMark = (name: string, start: Buffer): number => {
  const begins = (...bytes: ReadonlyArray<number>): boolean => bytes.every((byte, at) => start[at] === byte)
  if (begins(0xff, 0xfe) || begins(0xfe, 0xff)) {
    throw malformed(`${name} is UTF-16 (its byte order mark at offset 0 says so); save it as UTF-8 and try again`)
  }
  if (begins(0x50, 0x4b, 0x03, 0x04)) throw malformed(`${name} is a workbook or another zip file, not CSV`)
  if (begins(0xd0, 0xcf, 0x11, 0xe0)) throw malformed(`${name} is a workbook of the old kind (.xls), not CSV`)
  return begins(0xef, 0xbb, 0xbf) ? 3 : 0
}
