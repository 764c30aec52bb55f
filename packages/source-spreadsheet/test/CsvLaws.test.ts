// Properties of the CSV reader: whatever is written by RFC 4180 reads back, however it is cut, and from every cursor.
import fc from "fast-check"
import { expect, test } from "vitest"
import { CsvSource } from "../src/index.ts"
import { type Delimiter, delimiters } from "../src/internal/CsvDelimiter.ts"
import { CsvPager } from "../src/internal/CsvPager.ts"
import { Utf8 } from "../src/internal/Utf8.ts"
import { pagesOf, tableOf } from "./support/reading.ts"

// text that is rich in what CSV cares about, next to any Unicode
const cell = fc.oneof(
  fc.string({
    unit: fc.constantFrom('"', ",", ";", "\t", "|", "\n", "\r", " ", "a", "ı", "Ş", "€", "😀", "\u0000"),
    maxLength: 8,
  }),
  fc.string({ unit: "binary", maxLength: 12 }).map((text) => text.toWellFormed()),
  fc.constant(""),
  fc.nat().map(String),
)

const table = fc
  .record({
    width: fc.integer({ min: 1, max: 5 }),
    height: fc.integer({ min: 0, max: 12 }),
    delimiter: fc.constantFrom(...delimiters),
    lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
    quoteAll: fc.boolean(),
    lastLineEnd: fc.boolean(),
    bom: fc.boolean(),
  })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      rows: fc.array(fc.array(cell, { minLength: shape.width, maxLength: shape.width }), {
        minLength: shape.height,
        maxLength: shape.height,
      }),
    }),
  )

type Shape = { readonly delimiter: Delimiter; readonly lineEnd: string; readonly quoteAll: boolean }

const encodeCell = (text: string, { delimiter, quoteAll }: Shape): string =>
  quoteAll || text.startsWith('"') || [delimiter, "\n", "\r"].some((sign) => text.includes(sign))
    ? `"${text.replaceAll('"', '""')}"`
    : text

const encodeRow = (row: ReadonlyArray<string>, shape: Shape): string =>
  row.map((text) => encodeCell(text, shape)).join(shape.delimiter)

// the number of lines that a text takes
const linesOf = (text: string): number => text.split(/\r\n|\r|\n/).length

const written = ({ rows, shape }: typeof table extends fc.Arbitrary<infer T> ? T : never) => {
  const header = Array.from({ length: shape.width }, (_, at) => `c${at}`)
  const lines = [header, ...rows].map((row) => encodeRow(row, shape))
  const kept = rows.map((row, at) => ({ row, lines: lines[at + 1]! }))
  const labels: Array<number> = []
  let line = 2
  for (const { row, lines } of kept) {
    if (row.some((text) => text !== "")) labels.push(line)
    line += linesOf(lines)
  }
  return {
    bytes: Buffer.from(`${shape.bom ? "\ufeff" : ""}${lines.join(shape.lineEnd)}${shape.lastLineEnd ? shape.lineEnd : ""}`),
    columns: header,
    rows: rows.filter((row) => row.some((text) => text !== "")),
    labels,
  }
}

const runs = { numRuns: 400 }

test("any table reads back, with the row number of each row's first line", async () => {
  await fc.assert(
    fc.asyncProperty(table, async (input) => {
      const expected = written(input)
      const read = tableOf(await pagesOf(CsvSource.make({ bytes: expected.bytes, delimiter: input.shape.delimiter })))
      expect(read.columns).toEqual(expected.columns)
      expect(read.rows).toEqual(expected.rows)
      expect(read.labels).toEqual(expected.labels)
      expect(read.issues).toEqual([])
    }),
    runs,
  )
})

test("reading from every cursor gives exactly the rest", async () => {
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 4 }), async (input, pageRows) => {
      const { bytes } = written(input)
      const source = CsvSource.make({ bytes, delimiter: input.shape.delimiter, pageRows })
      const pages = await pagesOf(source)
      for (let at = 0; at < pages.length; at++) {
        const cursor = JSON.parse(JSON.stringify(pages[at]!.cursor))
        expect(await pagesOf(source, cursor)).toEqual(pages.slice(at + 1))
      }
    }),
    runs,
  )
})

test("it does not matter how the bytes are cut into blocks", () => {
  fc.assert(
    fc.property(table, fc.integer({ min: 1, max: 7 }), (input, size) => {
      const { bytes, rows, labels } = written({ ...input, shape: { ...input.shape, bom: false } })
      const pager = new CsvPager(
        {
          place: "cut.csv",
          delimiter: input.shape.delimiter,
          headers: undefined,
          columnOf: (header) => header,
          pageRows: 3,
          maxRow: 1_000_000,
        },
        0,
        undefined,
      )
      const utf8 = new Utf8()
      const pages = []
      for (let at = 0; at < bytes.length; at += size) {
        for (const piece of utf8.pieces(bytes.subarray(at, at + size), at + size >= bytes.length))
          pages.push(...pager.push(piece, false))
      }
      pages.push(...pager.push({ text: "", bytes: 0, invalid: false }, true))
      expect(pager.failure).toBeUndefined()
      expect(tableOf(pages)).toMatchObject({ rows, labels, issues: [] })
    }),
    runs,
  )
})

test("no bytes whatever are a defect", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
      const pages = await pagesOf(CsvSource.make({ bytes })).catch((error) => {
        expect(error).toMatchObject({ _tag: "SourceError", reason: "Malformed", isRetryable: false })
        return []
      })
      expect(Array.isArray(pages)).toBe(true)
    }),
    runs,
  )
})
