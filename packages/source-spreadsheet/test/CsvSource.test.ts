import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Source } from "@waybill/core"
import { Effect, Stream } from "effect"
import { afterAll, describe, expect, test } from "vitest"
import { CsvSource } from "../src/index.ts"
import { failureOf, identityFailure, pagesOf, read } from "./support/reading.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-csv-"))
afterAll(() => rmSync(folder, { recursive: true }))

const fileOf = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const csv = (text: string, options: Partial<CsvSource.Options> = {}): Source.Source =>
  CsvSource.make({ bytes: Buffer.from(text), name: "prices.csv", ...options })

describe("identify", () => {
  test("gives the file's name, size and hash", async () => {
    const content = "a,b\n1,2\n".repeat(300_000)
    const identity = await Effect.runPromise(CsvSource.make({ file: fileOf("prices.csv", content) }).identify)
    const sha256 = createHash("sha256").update(content).digest("hex")
    expect(identity).toEqual({ name: "prices.csv", sha256, bytes: 2_400_000, details: {} })
    expect(await Effect.runPromise(csv(content, { name: "upload 7" }).identify)).toEqual({ ...identity, name: "upload 7" })
  })

  test("a file that is not there, is a folder, or is too large", async () => {
    const failure = (options: CsvSource.Options) => identityFailure(CsvSource.make(options))
    expect(await failure({ file: join(folder, "none.csv") })).toMatchObject({
      reason: "NotFound",
      isRetryable: false,
      message: "none.csv: there is no such file (ENOENT)",
    })
    expect(await failure({ file: folder, name: "folder" })).toMatchObject({ reason: "Refused" })
    expect(await failure({ file: fileOf("large.csv", "a,b\n1,2\n"), maxBytes: 7 })).toMatchObject({
      reason: "TooLarge",
      message: "large.csv has 8 bytes; at most 7 are allowed (maxBytes)",
    })
    const { error } = await failureOf(csv("a,b\n1,2\n", { maxBytes: 7 }))
    expect(error.reason).toBe("TooLarge")
  })
})

describe("rows", () => {
  test("are pages of cells with row numbers, place and cursor", async () => {
    const pages = await pagesOf(CsvSource.make({ file: fileOf("three.csv", "a,b\n1,x\n2,y\n3,z\n"), pageRows: 2 }))
    expect(pages.map(({ columns, rows, labels, place, issues }) => ({ columns, rows, labels, place, issues }))).toEqual([
      {
        columns: ["a", "b"],
        rows: [
          ["1", "x"],
          ["2", "y"],
        ],
        labels: [2, 3],
        place: "three.csv",
        issues: [],
      },
      { columns: ["a", "b"], rows: [["3", "z"]], labels: [4], place: "three.csv", issues: [] },
    ])
    expect(pages[0]!.cursor).toMatchObject({ offset: 12, row: 4 })
  })

  test("a header alone is one page without rows; nothing at all is malformed", async () => {
    expect((await pagesOf(csv("a,b\n"))).map(({ columns, rows }) => ({ columns, rows }))).toEqual([
      { columns: ["a", "b"], rows: [] },
    ])
    for (const text of ["", "\n\n", "\ufeff", ",,\n,,\n"]) {
      const { error } = await failureOf(csv(text))
      expect(error).toMatchObject({ reason: "Malformed", message: "prices.csv:1: the file is empty, not even a header is there" })
    }
  })

  test("CRLF, LF and CR end rows, in any mixture, count once each, and a row that ends otherwise than others is an issue", async () => {
    const table = await read(csv('a,b\r\n1,2\r\n\r\n3,"x\r\ny"\r\r5,6\n\n7,8'))
    expect(table.rows).toEqual([
      ["1", "2"],
      ["3", "x\r\ny"],
      ["5", "6"],
      ["7", "8"],
    ])
    expect(table.labels).toEqual([2, 4, 7, 9])
    expect(table.issues.map((issue) => issue.slice(0, 60))).toEqual([
      "4 csv.line-end null: the row ends in CR alone, and rows of t",
      "7 csv.line-end null: the row before does not end as rows do,",
    ])
    expect(table.notices.map((notice) => notice.slice(0, 60))).toEqual([
      "csv.line-ends: Rows end in CRLF (2 of the first) and in LF a",
    ])
  })

  test("a byte order mark is no part of the first header, and quotes within a cell are its own", async () => {
    expect(await read(csv('\ufeff"sku",size\nA,5" x 3"\n'))).toMatchObject({ columns: ["sku", "size"], rows: [["A", '5" x 3"']] })
  })

  test("NUL in a cell is an issue; in the header it means that this is not UTF-8 text", async () => {
    const table = await read(csv("a,b\n1,\u0000\n3,4\n"))
    expect(table.rows).toEqual([
      ["1", "\u0000"],
      ["3", "4"],
    ])
    expect(table.issues).toEqual(["2 csv.nul b: the cell has a NUL character; the file is damaged here, or is no text"])
    const bytes = Buffer.from("a,b\n1,2\n", "utf16le")
    const { error } = await failureOf(CsvSource.make({ bytes, name: "wide.csv", encoding: "utf-8" }))
    expect(error.message).toBe("wide.csv:1: the header has NUL characters; is the file UTF-16, or not text at all?")
  })

  test("columns can be named for a file without a header", async () => {
    const table = await read(csv("1;x\n2;y\n", { headers: ["id", "name"] }))
    expect(table).toMatchObject({
      columns: ["id", "name"],
      rows: [
        ["1", "x"],
        ["2", "y"],
      ],
      labels: [1, 2],
    })
  })

  test("rows of nothing but delimiters are left out, and told once at the end wherever reading began", async () => {
    const source = csv('a,b\n1,2\n,\n3,4\n"",\n,,,\n', { pageRows: 1 })
    const pages = await pagesOf(source)
    expect(pages.map(({ rows, labels, notices }) => ({ rows, labels, notices }))).toEqual([
      { rows: [["1", "2"]], labels: [2], notices: undefined },
      { rows: [["3", "4"]], labels: [4], notices: undefined },
      {
        rows: [],
        labels: [],
        notices: [{ code: "csv.blank-rows", message: "Rows of nothing but delimiters were left out: 3, the first is row 3." }],
      },
    ])
    expect(await pagesOf(source, pages[0]!.cursor)).toEqual(pages.slice(1))
    expect(await pagesOf(source, pages[2]!.cursor)).toEqual([])
  })

  test.each([
    [",", "a,b;c\n1,2;2\n"],
    [";", "a;b;c\n1,5;2,5;3\n4,5;5,5;6\n"],
    ["\t", "a\tb\n1,2\t3\n"],
    ["|", "a|b\n1|2\n"],
    [";", 'a;"b, c, d"\n1;2\n'],
    [",", "name\nx;y\nz\n"],
  ])("the delimiter %j is detected", async (delimiter, text) => {
    const pages = await pagesOf(csv(text))
    expect((pages[0]!.cursor as { dialect: ReadonlyArray<string> }).dialect[0]).toBe(delimiter)
    expect(pages[0]!.notices?.map((notice) => notice.code)).toEqual(delimiter === "," ? undefined : ["csv.delimiter"])
  })
})

describe("what is wrong with one row is its issue", () => {
  test("too few and too many cells, and the row is delivered", async () => {
    const table = await read(csv('a,b,c\n1,2\n1,2,3,4\n1,2,3\n"x\ny",2\n'))
    expect(table.rows).toEqual([
      ["1", "2"],
      ["1", "2", "3", "4"],
      ["1", "2", "3"],
      ["x\ny", "2"],
    ])
    expect(table.issues).toEqual([
      "2 csv.ragged null: expected 3 cells as in the header, found 2",
      "3 csv.ragged null: expected 3 cells as in the header, found 4",
      "5 csv.ragged null: expected 3 cells as in the header, found 2 (the row goes on to line 6)",
    ])
  })

  test("text after a closing quote", async () => {
    const table = await read(csv('a,b,c\n1,"2" x,3\n4,"5" "6",7\n8,9,10\n'))
    expect(table.rows).toEqual([
      ["1", "2 x", "3"],
      ["4", '5 "6"', "7"],
      ["8", "9", "10"],
    ])
    expect(table.issues).toEqual([
      '2 csv.quote b: found text after the closing quote: " x',
      '3 csv.quote b: found text after the closing quote: " "6"',
    ])
  })
})

describe("what makes all that follows doubtful ends the source", () => {
  const failure = async (text: string | Uint8Array, options: Partial<CsvSource.Options> = {}) => {
    const { error, pages } = await failureOf(
      CsvSource.make({ bytes: Buffer.from(text), name: "prices.csv", pageRows: 2, ...options }),
    )
    expect(error).toMatchObject({ reason: "Malformed", isRetryable: false })
    return { message: error.message, rows: pages.flatMap((page) => page.rows).length }
  }

  test("a quote that is never closed, by the row where it opens", async () => {
    expect(await failure('a,b\n1,2\n3,4\n5,"6\n7,8\n9,10\n')).toEqual({
      message: "prices.csv:4: the quote that opens in column 2 is never closed",
      rows: 2,
    })
    expect((await failure('a,b\n"1\n2","3\n4,5\n')).message).toBe(
      "prices.csv:3: the quote that opens in column 2 is never closed",
    )
  })

  test("a row longer than the limit, closed or not", async () => {
    const message = "prices.csv:3: the row that starts here is longer than 1000 characters; is a quote not closed?"
    const options = { maxRowLength: 1_000 }
    expect((await failure(`a,b\n1,2\n3,${"x".repeat(1_001)}\n5,6\n`, options)).message).toBe(message)
    expect((await failure(`a,b\n1,2\n3,"${"x\n".repeat(500_000)}`, options)).message).toBe(message)
    expect((await read(csv(`a,b\n1,2\n3,${"x".repeat(990)}\n5,6\n`, options))).rows.length).toBe(3)
  })

  test("a cell of 8 MB is read, in time that grows with its length", async () => {
    const long = "a\n,".repeat(2_700_000)
    expect((await read(csv(`a,b\n1,"${long}"\n3,4\n`))).rows).toEqual([
      ["1", long],
      ["3", "4"],
    ])
  })

  test("bytes that are not UTF-8, by offset and row", async () => {
    const bytes = Buffer.concat([Buffer.from("a,b\n1,2\n3,4\n5,ş"), Buffer.from([0xfe]), Buffer.from("\n7,8\n")])
    expect(await failure(bytes)).toEqual({
      message:
        'prices.csv:4: the byte at offset 16 is not UTF-8; save the file as UTF-8 (Excel: "CSV UTF-8") and try again, or say its encoding (encoding)',
      rows: 2,
    })
    // broken off within a character; an overlong form; a surrogate
    expect((await failure(Buffer.from("a\n€").subarray(0, 4))).message).toContain(
      "prices.csv:2: the byte at offset 2 is not UTF-8",
    )
    expect((await failure(Buffer.from([0x61, 0x0a, 0xc0, 0x80]))).message).toContain("offset 2")
    expect((await failure(Buffer.from([0x61, 0x0a, 0x62, 0xed, 0xa0, 0x80]), { encoding: "utf-8" })).message).toContain(
      "offset 3",
    )
    const late = Buffer.concat([Buffer.from(`a,b\n${"1,€\n".repeat(300_000)}`), Buffer.from([0x80])])
    expect((await failure(late, { pageRows: 2_000 })).message).toContain(
      "prices.csv:300002: the byte at offset 1800004 is not UTF-8",
    )
  })

  test("UTF-32, workbooks, what is compressed", async () => {
    const start = (...bytes: ReadonlyArray<number>) => failure(Buffer.concat([Buffer.from(bytes), Buffer.alloc(20)]))
    expect((await start(0xff, 0xfe, 0, 0)).message).toContain("UTF-32")
    expect((await start(0, 0, 0xfe, 0xff)).message).toContain("UTF-32")
    expect((await start(0x1f, 0x8b, 8)).message).toContain("gzip")
    expect((await start(0x50, 0x4b, 0x03, 0x04)).message).toBe("prices.csv is a workbook or another zip file, not CSV")
    expect((await start(0xd0, 0xcf, 0x11, 0xe0)).message).toContain(".xls")
  })

  test("two columns of one name", async () => {
    expect((await failure("sku,price,name, price\n1,2,3,4\n")).message).toBe(
      'prices.csv:1: columns 2 and 4 are both called "price"; rename or remove one of them',
    )
    expect((await failure("Kod,MODEL\n1,2\n", { aliases: { model_code: ["kod", "model"] } })).message).toBe(
      'prices.csv:1: columns 1 and 2 ("Kod" and "MODEL") are both read as model_code; rename or remove one of them',
    )
  })

  test("a cursor of something else, and a file that became shorter", async () => {
    for (const cursor of [
      null,
      3,
      [],
      {},
      { offset: -1 },
      { offset: 1, row: 2, delimiter: "x", columns: [], unnamed: [], blank: [] },
    ]) {
      if (cursor === null) continue
      expect((await failureOf(csv("a\n1\n"), cursor)).error.message).toContain(
        "prices.csv: the cursor is not one of a CSV source",
      )
    }
    const [page] = await pagesOf(csv("a\n1\n2\n3\n"))
    expect((await failureOf(csv("a\n"), page!.cursor)).error.message).toContain("shorter")
  })
})

describe("columns without a name", () => {
  test("are told when they have data, once, and not before", async () => {
    const source = csv("a,,b,\n1,,2,\n3,,4,x\n5,y,6,z\n", { pageRows: 1 })
    const pages = await pagesOf(source)
    expect(pages[0]!.columns).toEqual(["a", "column 2", "b", "column 4"])
    const notice = (column: string, row: number) => ({
      code: "header.empty",
      message: `A column has data (first in row ${row}) and no header; it is called "${column}".`,
    })
    expect(pages.map((page) => page.notices)).toEqual([undefined, [notice("column 4", 3)], [notice("column 2", 4)]])
    expect(await pagesOf(source, pages[1]!.cursor)).toEqual(pages.slice(2))
  })
})

test("options that contradict each other are defects", () => {
  expect(() => CsvSource.make({})).toThrow(TypeError)
  expect(() => CsvSource.make({ file: "x", bytes: Buffer.alloc(0) })).toThrow(TypeError)
  expect(() => csv("", { headers: ["a", "b", "a"] })).toThrow("two of the headers are called a")
  expect(() => csv("", { aliases: { a: ["x"], b: ["X "] } })).toThrow("the alias X  stands for both a and b")
})

test.skipIf(!existsSync("/proc/self/fd"))("a reading that is left early closes its file", async () => {
  const file = fileOf("early.csv", `a,b\n${"1,2\n".repeat(100_000)}`)
  const first = await Effect.runPromise(Stream.runCollect(CsvSource.make({ file, pageRows: 10 }).read(null).pipe(Stream.take(1))))
  expect(first[0]!.labels).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  const open = readdirSync("/proc/self/fd").map((descriptor) => {
    const path = join("/proc/self/fd", descriptor)
    return existsSync(path) ? readlinkSync(path) : ""
  })
  expect(open).not.toContain(file)
})
