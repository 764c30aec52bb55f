// Properties of the CSV reader: any table in any dialect and encoding reads back, however it is cut, and from every cursor.
import fc from "fast-check"
import { expect, test } from "vitest"
import { CsvSource } from "../src/index.ts"
import { CsvPager } from "../src/internal/CsvPager.ts"
import { Decoder } from "../src/internal/Decoder.ts"
import { codecOf, encodings } from "../src/internal/Encoding.ts"
import { pagesOf, tableOf } from "./support/reading.ts"
import { encode, table, within, write } from "./support/writing.ts"

const runs = { numRuns: 400 }

test("any table reads back in any dialect and encoding, with the row number of each row's first line", async () => {
  await fc.assert(
    fc.asyncProperty(table, async (input) => {
      const expected = write(input.rows, input.width, input.shape)
      const read = tableOf(await pagesOf(CsvSource.make({ bytes: expected.bytes, ...expected.options })))
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
    fc.asyncProperty(table, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (input, pageRows, isGiven) => {
      const { bytes, options } = write(input.rows, input.width, input.shape)
      // detected or given: what was decided stays decided
      const source = CsvSource.make({ bytes, pageRows, ...(isGiven ? options : { formats: { c0: { number: "detect" } } }) })
      const pages = await pagesOf(source).catch(() => [])
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
      const { bytes, options, rows, labels } = write(input.rows, input.width, { ...input.shape, bom: false })
      const { comment, delimiter, encoding, headerRow, lineEnd, quote } = options
      const pager = new CsvPager(
        {
          place: "cut.csv",
          headers: undefined,
          headerRow: undefined,
          columnOf: (header) => header,
          pageRows: 3,
          maxRow: 1_000_000,
          formats: [],
        },
        {
          encoding: encoding!,
          dialect: {
            delimiter: delimiter!,
            quote: quote ?? "",
            escape: options.escape!,
            comment: comment ?? "",
            lineEnd: lineEnd!,
            isStrict: true,
          },
          commentCells: 0,
          choices: [],
          skip: headerRow! - 1,
          notices: [],
          advice: "",
        },
        0,
        undefined,
      )
      const decoder = new Decoder(codecOf(encoding!), 0)
      const pages = []
      for (let at = 0; at < bytes.length; at += size)
        for (const piece of decoder.pieces(bytes.subarray(at, at + size), at + size >= bytes.length))
          pages.push(...pager.push(piece, false))
      pages.push(...pager.push({ text: "", bytes: 0, hasNul: false, invalid: undefined }, true))
      expect(pager.failure).toBeUndefined()
      expect(tableOf(pages)).toMatchObject({ rows, labels, issues: [] })
    }),
    runs,
  )
})

test("no bytes whatever are a defect", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.option(fc.constantFrom(...encodings)), async (bytes, encoding) => {
      const options = encoding === null ? {} : { encoding }
      const pages = await pagesOf(CsvSource.make({ bytes, ...options })).catch((error) => {
        expect(error).toMatchObject({ _tag: "SourceError", reason: "Malformed", isRetryable: false })
        return []
      })
      expect(Array.isArray(pages)).toBe(true)
    }),
    runs,
  )
})

test.each(encodings)(
  "%s: a text takes as many bytes as are counted, and every byte that is no character is found",
  (encoding) => {
    const codec = codecOf(encoding)
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (any, noise) => {
        const text = within(any.toWellFormed(), encoding)
        const bytes = encode(text, encoding)
        expect(codec.byteLength(text)).toBe(bytes.length)
        expect(codec.decode(bytes)).toBe(text)
        const dirty = Buffer.from(noise)
        const valid = codec.firstInvalid(dirty)
        const decoded = codec.decode(dirty)
        expect(decoded === undefined).toBe(valid < dirty.length)
        // Unicode has a replacement character of its own
        if (!encoding.startsWith("utf")) expect(codec.decode(dirty.subarray(0, valid))).not.toContain("\ufffd")
      }),
      runs,
    )
  },
)
