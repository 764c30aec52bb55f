// Writes tables as CSV in any dialect and encoding.
import fc from "fast-check"
import iconv from "iconv-lite"
import type { CsvSource } from "../../src/index.ts"
import { encodings } from "../../src/internal/Encoding.ts"

export interface Shape {
  readonly delimiter: string
  readonly quote: string
  readonly escape: CsvSource.Escape
  readonly comment: string | null
  readonly lineEnd: CsvSource.LineEnd
  readonly encoding: CsvSource.Encoding
  readonly bom: boolean
  readonly quoteAll: boolean
  readonly lastLineEnd: boolean
  readonly lead: ReadonlyArray<string>
}

export interface Written {
  readonly bytes: Buffer
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  readonly labels: ReadonlyArray<number>
  readonly options: Partial<CsvSource.Options>
}

const ends = { lf: "\n", crlf: "\r\n", cr: "\r" } as const

export const encode = (text: string, encoding: CsvSource.Encoding, bom = false): Buffer => {
  const mark = bom && encoding.startsWith("utf") ? "\ufeff" : ""
  if (encoding === "utf-16be") return Buffer.from(mark + text, "utf16le").swap16()
  return iconv.encode(mark + text, encoding, { addBOM: false })
}

/** The characters of a text that an encoding has. */
export const within = (text: string, encoding: CsvSource.Encoding): string =>
  encoding.startsWith("utf")
    ? text
    : [...text]
        .filter(
          (it) => !/[\u0080-\u009f\ue000-\uf8ff\ufffd]/.test(it) && iconv.decode(iconv.encode(it, encoding), encoding) === it,
        )
        .join("")

const cellOf = (text: string, shape: Shape, isFirst: boolean): string => {
  const { comment, delimiter, escape: escapes, quote, quoteAll } = shape
  const needs =
    [...delimiter, "\n", "\r"].some((sign) => text.includes(sign)) ||
    (quote !== "" && text.startsWith(quote)) ||
    (escapes === "backslash" && text.includes("\\")) ||
    (isFirst && ((comment !== null && text.startsWith(comment)) || text === ""))
  if (escapes === "backslash") {
    // what is quoted and what is not has the same escapes
    const escaped = text.replaceAll("\\", "\\\\").replaceAll(quote === "" ? "\\" : quote, (it) => (it === "\\" ? it : `\\${it}`))
    return quote !== "" && (quoteAll || needs) ? `${quote}${escaped}${quote}` : escaped
  }
  return quote !== "" && (quoteAll || needs) ? `${quote}${text.replaceAll(quote, quote + quote)}${quote}` : text
}

export const rowOf = (row: ReadonlyArray<string>, shape: Shape): string =>
  row.map((text, at) => cellOf(text, shape, at === 0)).join(shape.delimiter)

const linesOf = (text: string): number => text.split(/\r\n|\r|\n/).length

/** A table as a file, with what has to be read from it. */
export const write = (rows: ReadonlyArray<ReadonlyArray<string>>, width: number, shape: Shape): Written => {
  const columns = Array.from({ length: width }, (_, at) => `c${at}`)
  const lines = [columns, ...rows].map((row) => rowOf(row, shape))
  const end = ends[shape.lineEnd]
  const labels: Array<number> = []
  let line = shape.lead.length + 2
  rows.forEach((row, at) => {
    if (row.some((text) => text !== "")) labels.push(line)
    line += linesOf(lines[at + 1]!)
  })
  const text = [...shape.lead, ...lines].join(end) + (shape.lastLineEnd ? end : "")
  return {
    bytes: encode(text, shape.encoding, shape.bom),
    columns,
    rows: rows.filter((row) => row.some((text) => text !== "")),
    labels,
    options: {
      delimiter: shape.delimiter,
      quote: shape.quote === "" ? null : shape.quote,
      escape: shape.escape,
      comment: shape.comment,
      lineEnd: shape.lineEnd,
      encoding: shape.encoding,
      headerRow: shape.lead.length + 1,
    },
  }
}

export const shape: fc.Arbitrary<Shape> = fc.record({
  delimiter: fc.constantFrom(",", ";", "\t", "|", "||", "~|"),
  quote: fc.constantFrom('"', '"', "'"),
  escape: fc.constantFrom("doubled", "doubled", "backslash"),
  comment: fc.constantFrom(null, "#", "//"),
  lineEnd: fc.constantFrom("lf", "crlf", "cr"),
  encoding: fc.constantFrom(...encodings),
  bom: fc.boolean(),
  quoteAll: fc.boolean(),
  lastLineEnd: fc.boolean(),
  lead: fc.array(fc.constantFrom("Prices of 2024", "", 'said "so', "x,y;z"), { maxLength: 3 }),
})

// text that is rich in what CSV cares about, next to any Unicode; NUL and byte order marks are issues of their own
const cell = fc
  .oneof(
    fc.string({
      unit: fc.constantFrom(
        '"',
        "'",
        "\\",
        ",",
        ";",
        "\t",
        "|",
        "~",
        "#",
        "/",
        "\n",
        "\r",
        " ",
        "a",
        "ı",
        "Ş",
        "é",
        "€",
        "表",
        "ｱ",
        "😀",
      ),
      maxLength: 8,
    }),
    fc.string({ unit: "binary", maxLength: 12 }).map((text) => text.toWellFormed()),
    fc.constant(""),
    fc.nat().map(String),
  )
  .map((text) => text.replace(/[\u0000\ufeff]/g, ""))

export const table = fc
  .record({ shape, width: fc.integer({ min: 1, max: 5 }), height: fc.integer({ min: 0, max: 10 }) })
  .chain(({ height, shape: it, width }) =>
    fc
      .array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: height, maxLength: height })
      .map((rows) => ({ shape: it, width, rows: rows.map((row) => row.map((text) => within(text, it.encoding))) })),
  )
