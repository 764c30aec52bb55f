/**
 * What holds of every sheet: how its XML is written and cut changes nothing, and reading from any cursor gives the rest.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { XlsxSource } from "../src/index.ts"
import { textOf } from "../src/internal/NumberText.ts"
import { XmlText } from "../src/internal/XmlText.ts"
import { pagesOf, tableOf } from "./support/reading.ts"
import { workbook } from "./support/workbooks.ts"

const styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="10"/></cellXfs>'
const sharedStrings = "<si><t>shared</t></si><si><t>a &amp; b</t></si><si><r><t>ri</t></r><r><t>ch</t></r></si>"

const digits = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
  fc.constantFrom("0.1", "-0", "00012", "12.", ".5", "1e3", "45322.4375", "999999999999999", "", " 7 ", "1,5"),
)
const words = fc.constantFrom("", "x", "Işık", "a&amp;b", "two\nlines", "cr\r\n", "_x000D_", "<![CDATA[<c>]]>", "  ")
const content = fc.oneof(
  digits.map((value) => ["", `<v>${value}</v>`] as const),
  fc.constantFrom("0", "1", "2", "3", "").map((value) => [' t="s"', `<v>${value}</v>`] as const),
  fc.constantFrom("0", "1", "2", "true").map((value) => [' t="b"', `<v>${value}</v>`] as const),
  words.map((value) => [' t="inlineStr"', `<is><t>${value}</t></is>`] as const),
  words.map((value) => [' t="str"', `<f>A1</f><v>${value}</v>`] as const),
  fc.constant(["", ""] as const),
)
const cell = fc.tuple(content, fc.nat({ max: 3 }))
const rows = fc.array(fc.array(fc.option(cell, { nil: undefined }), { maxLength: 5 }), { maxLength: 8 })

// a sheet with its cells in the usual form, or in one that nobody expects
const sheetOf = (
  table: ReadonlyArray<ReadonlyArray<(typeof cell extends fc.Arbitrary<infer T> ? T : never) | undefined>>,
  odd: boolean,
) => {
  const lines = table.map((cells, at) => {
    const written = cells.map((it, column) => {
      if (it === undefined) return ""
      const [[type, value], style] = it
      const shown = ` s="${style}"`
      const reference = `${odd ? " " : ""} r="${"ABCDE"[column]}${at + 1}"`
      return odd ? `<c note="odd"${type}${shown}${reference}>\n${value}</c >` : `<c${reference}${shown}${type}>${value}</c>`
    })
    return `<row r="${at + 1}"${at % 3 === 1 ? ' hidden="1"' : ""}>${written.join("")}</row>`
  })
  return `<sheetData>${lines.join("")}</sheetData>`
}

test("the fast lane comes to what the scanner comes to", async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom("stored" as const, "shown" as const), async (table, values) => {
      const read = async (odd: boolean) => {
        const bytes = workbook({ sheet: sheetOf(table, odd), styles, sharedStrings })
        return tableOf(await pagesOf(XlsxSource.make({ bytes, name: "a.xlsx", headers: [..."ABCDE"], values })))
      }
      expect(await read(false)).toEqual(await read(true))
    }),
    { numRuns: 150 },
  )
})

test("reading from every cursor gives the rest, with hidden rows left out and merged values repeated", async () => {
  const choice = fc.constantFrom("read" as const, "skip" as const)
  await fc.assert(
    fc.asyncProperty(rows, choice, fc.boolean(), fc.integer({ min: 1, max: 3 }), async (table, hidden, named, pageRows) => {
      const merged = '<mergeCells><mergeCell ref="A2:B4"/><mergeCell ref="D3:D6"/></mergeCells>'
      const header = named ? "" : '<row r="1"><c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>b</t></is></c></row>'
      const body = sheetOf(named ? table : [[], ...table], false).replace(/<row r="1">/, named ? "$&" : "<row>")
      const sheet = `<cols><col min="2" max="2" hidden="1"/></cols>${named ? body : body.replace("<sheetData>", `<sheetData>${header}`).replace("<row></row>", "")}${merged}`
      const source = XlsxSource.make({
        bytes: workbook({ sheet, styles, sharedStrings }),
        merged: "repeat",
        hidden: { rows: hidden, columns: hidden },
        pageRows,
        ...(named ? { headers: ["a", "b", "c"] } : {}),
      })
      const pages = await pagesOf(source)
      for (let at = 0; at < pages.length; at++) {
        expect(await pagesOf(source, JSON.parse(JSON.stringify(pages[at]!.cursor)))).toEqual(pages.slice(at + 1))
      }
    }),
    { numRuns: 60 },
  )
})

test("text comes out of bytes whole, wherever they are cut", () => {
  const unit = fc.constantFrom("a", "ş", "€", "😀", "</c>", "</si>", "<")
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), fc.integer({ min: 1, max: 7 }), fc.boolean(), (text, size, isUtf16) => {
      const bytes = isUtf16 ? Buffer.from(`\ufeff${text}`, "utf16le") : Buffer.from(text)
      const decoder = new XmlText()
      let found = ""
      for (let at = 0; at < bytes.length; at += size)
        for (const piece of decoder.pieces(bytes.subarray(at, at + size), false)) found += piece
      for (const piece of decoder.pieces(Buffer.alloc(0), true)) found += piece
      expect([decoder.failure, found]).toEqual([undefined, isUtf16 ? `\ufeff${text}` : text])
    }),
    { numRuns: 1_000 },
  )
})

test.each(["utf8", "utf16le"] as const)("a long text in %s has all its characters", (encoding) => {
  for (let shift = 0; shift < 4; shift++) {
    const text = `${"x".repeat(shift)}${"😀".repeat(40_000)}`
    const decoder = new XmlText()
    const bytes = Buffer.from(encoding === "utf8" ? text : `\ufeff${text}`, encoding)
    const found = [...decoder.pieces(bytes, false), ...decoder.pieces(Buffer.alloc(0), true)].join("")
    expect(decoder.failure).toBe(undefined)
    expect(found.replace("\ufeff", "") === text).toBe(true)
  }
})

test("a number with a fixed count of decimals is shown rounded half away from zero", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), fc.integer({ min: 0, max: 3 }), (thousandths, decimals) => {
      // by whole numbers, which have no rounding of their own
      const unit = 10n ** BigInt(3 - decimals)
      const size = BigInt(Math.abs(thousandths))
      const scaled = ((size + unit / 2n) / unit).toString().padStart(decimals + 1, "0")
      const whole = scaled.slice(0, scaled.length - decimals)
      const expected = `${thousandths < 0 ? "-" : ""}${whole}${decimals === 0 ? "" : `.${scaled.slice(-decimals)}`}`
      expect(textOf(thousandths / 1000, decimals === 0 ? "0" : `0.${"0".repeat(decimals)}`)).toBe(expected)
    }),
    { numRuns: 2_000 },
  )
})
