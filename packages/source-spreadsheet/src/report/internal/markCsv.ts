/**
 * Marks a CSV up: the issue column behind its cells, in its dialect and encoding. What need not change stays as it is written.
 */
import type { Source } from "@waybill/core"
import { Effect } from "effect"
import iconv from "iconv-lite"
import type { Options } from "../../CsvSource.ts"
import * as IssueColumn from "../../IssueColumn.ts"
import type { Dialect } from "../../internal/CsvDialect.ts"
import { fromCursor } from "../../internal/CsvPosition.ts"
import { CsvScanner } from "../../internal/CsvScanner.ts"
import { malformed } from "../../internal/classifyError.ts"
import { type Codepage, codecOf } from "../../internal/Encoding.ts"
import { quoted, unquoted } from "../../internal/formulaText.ts"
import * as Input from "../../internal/Input.ts"
import { ReportError } from "../ReportError.ts"
import type { Marks } from "./marks.ts"
import { sentence } from "./places.ts"

const unsupported = (message: string) => Effect.fail(new ReportError({ reason: "Unsupported", message }))

const marksOfOrder: ReadonlyArray<Buffer> = [
  Buffer.from([0xef, 0xbb, 0xbf]),
  Buffer.from([0xff, 0xfe]),
  Buffer.from([0xfe, 0xff]),
]

const encoded = (text: string, encoding: Codepage): Buffer => {
  if (encoding === "utf-8") return Buffer.from(text)
  if (encoding === "utf-16le") return Buffer.from(text, "utf16le")
  if (encoding === "utf-16be") return Buffer.from(text, "utf16le").swap16()
  return iconv.encode(text, encoding === "western" ? "windows-1252" : encoding)
}

const cellText = (cell: string, { delimiter, escape: how, quote }: Dialect): string => {
  if (quote === "") return cell
  if (!cell.includes(delimiter) && !cell.includes(quote) && !/[\r\n\\]/.test(cell) && !/^[ \t]|[ \t]$/.test(cell)) return cell
  const inner =
    how === "doubled" ? cell.replaceAll(quote, quote + quote) : cell.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`)
  return quote + inner + quote
}

// without what would need a quote where there is none
const plain = (text: string, { delimiter, quote }: Dialect): string =>
  quote === "" ? text.replaceAll(delimiter, " ").replace(/[\r\n]+/g, " ") : text

const lineEnd = /\r\n|\n|\r/g

const afterLines = (text: string, from: number, count: number): number => {
  lineEnd.lastIndex = from
  for (let left = count; left > 0; left--) if (lineEnd.exec(text) === null) return from
  return count === 0 ? from : lineEnd.lastIndex
}

/** The bytes of the file with its issue column. */
export const markCsv = (input: Input.Input, options: Options, cursor: Source.Cursor, marks: Marks) =>
  Effect.gen(function* () {
    const { columns, dialect, encoding } = fromCursor(cursor)!
    if (options.headers !== undefined)
      return yield* unsupported(
        `${input.name}: a CSV without a header cannot be marked up, because the column of issues would be one of its cells; make a report workbook`,
      )
    const bytes = yield* Input.attempt(input.name, async () => {
      const handle = await input.open()
      try {
        const all = Buffer.alloc(handle.size)
        await handle.read(all, 0)
        return all
      } finally {
        await handle.close()
      }
    })
    const mark = marksOfOrder.find((it) => bytes.subarray(0, it.length).equals(it))?.length ?? 0
    const text = codecOf(encoding).decode(bytes.subarray(mark))
    if (text === undefined) return yield* Effect.fail(malformed(`${input.name} is not ${encoding}`))
    const marked = markText(text, dialect, columns, options.headerRow ?? 1, marks)
    return Buffer.concat([bytes.subarray(0, mark), encoded(marked, encoding)])
  })

/** The text of a CSV with its issue column. */
export const markText = (
  text: string,
  dialect: Dialect,
  columns: ReadonlyArray<string>,
  headerRow: number,
  marks: Marks,
): string => {
  const known = columns.findIndex(IssueColumn.is)
  const scanner = new CsvScanner(dialect, 1, text.length + 1)
  scanner.feed(text, true)
  const pieces: Array<string> = []
  let copied = 0
  let isHeaderRead = false
  while (scanner.nextNumber < headerRow && scanner.skipLine());
  for (;;) {
    const before = text.length - scanner.restLength
    const number = scanner.nextNumber
    const cells = scanner.next()
    if (cells === undefined) break
    const after = text.length - scanner.restLength
    if (cells.every((cell) => cell === "")) continue
    const start = afterLines(text, before, scanner.number - number)
    const whole = text.slice(start, after)
    const end = /(?:\r\n|\n|\r)$/.exec(whole)?.[0] ?? ""
    const isHeader = !isHeaderRead
    isHeaderRead = true
    const note = isHeader ? IssueColumn.header : sentence(marks.get(scanner.number) ?? [], "; ")
    const issue = cellText(quoted(plain(note, dialect)), dialect)
    const own = known < 0 ? cells : cells.filter((_, at) => at !== known)
    // an earlier report's file is as it was before its cells were kept from being formulas
    const safe = own.map((cell) => quoted(known < 0 ? cell : unquoted(cell)))
    const isSame = known < 0 && safe.every((cell, at) => cell === cells[at])
    const row = isSame
      ? whole.slice(0, whole.length - end.length)
      : safe.map((cell) => cellText(cell, dialect)).join(dialect.delimiter)
    pieces.push(text.slice(copied, start), row, dialect.delimiter, issue, end)
    copied = after
  }
  pieces.push(text.slice(copied))
  return pieces.join("")
}
