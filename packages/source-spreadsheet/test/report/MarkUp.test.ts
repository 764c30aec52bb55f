// A partner's own file comes back with what is wrong marked in it, and is read as it was.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { Engine, Entity, Field, Import, Inspection, Rule, type Source } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { CsvSource, Profile, ProfiledSource, XlsxSource } from "@waybill/source-spreadsheet"
import { MarkUp, Workbook } from "@waybill/source-spreadsheet/report"
import { Effect, Result, Schema, Stream } from "effect"
import { describe, expect, test } from "vitest"
import { dataFile, describeData, tableOf } from "../support/reading.ts"
import { bytesOf, csv, entriesOf, open, prices, run, save, shown } from "../support/reports.ts"
import { workbook as workbookOf } from "../support/workbooks.ts"
import { encode } from "../support/writing.ts"

// every row is wrong in its first column
const Nothing = Entity.make("nothing", { schema: { id: Field.text() }, key: "id" })
const strict = Import.make<{ readonly [column: string]: unknown }>({
  name: "strict",
  row: Schema.Record(Schema.String, Schema.Unknown),
  entities: [Nothing],
  map: () => [],
  rules: [Rule.check("better", (row) => ({ column: Object.keys(row)[0]!, message: "expected better" }))],
  sink: MemorySink.make(),
  allowPartial: true,
})

const readAll = (source: Source.Source) =>
  Effect.map(Stream.runCollect(Stream.map(source.read(null), (page) => ({ ...page, rows: [...page.rows] }))), tableOf)

const trimmed = (cells: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  cells.slice(0, cells.findLastIndex((cell) => cell !== null) + 1)

const styles = `<fonts count="1"><font><sz val="11"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>`

const header = ["sku", "title", "price", "category"]
const rows = [
  header,
  ["A", "Lamp", "cheap", "lamps"],
  ["B", "Sh;ade", "2.00", "none"],
  ["C", "=1+1", "3.00", ""],
  ["D", "-5", "4", ""],
]

test("a CSV gets the issue column in its own dialect, is safe to open, and is read as it was", () =>
  run(
    Effect.gen(function* () {
      for (const delimiter of [",", ";", "\t"])
        for (const encoding of ["utf-8", "utf-16le", "utf-16be"] as const) {
          const sink = MemorySink.make()
          const text = `${csv(rows, delimiter).toString()}\r\n\r\n`
          const little = Buffer.from(`\ufeff${text}`, "utf16le")
          const bytes = encoding === "utf-8" ? Buffer.from(text) : encoding === "utf-16le" ? little : Buffer.from(little).swap16()
          const job = yield* Engine.run(prices(sink), CsvSource.make({ bytes, name: "p.csv" }))
          expect(job.counts).toMatchObject({ imported: 2, rejected: 2 })
          const marked = yield* bytesOf(MarkUp.csv(job.id, { bytes, name: "p.csv" }))
          const shownText =
            encoding === "utf-8"
              ? marked.toString()
              : encoding === "utf-16le"
                ? marked.toString("utf16le")
                : Buffer.from(marked).swap16().toString("utf16le")
          const lines = shownText.replace("\ufeff", "").split("\r\n")
          expect(lines[0]).toBe(`"sku"${delimiter}"title"${delimiter}"price"${delimiter}"category"${delimiter}Waybill issues`)
          expect(lines[1]).toBe(
            `"A"${delimiter}"Lamp"${delimiter}"cheap"${delimiter}"lamps"${delimiter}price: expected a decimal number such as 12.50`,
          )
          expect(lines[3]).toBe(["C", "'=1+1", "3.00", "", ""].join(delimiter))
          expect(lines[4]).toBe(`"D"${delimiter}"-5"${delimiter}"4"${delimiter}""${delimiter}`)
          expect(lines.slice(5)).toEqual(["", "", ""].slice(0, lines.length - 5))
          expect((yield* readAll(CsvSource.make({ bytes: marked }))).rows).toEqual(rows.slice(1))
          // corrected and uploaded, only the corrected row counts; and marked up again it has one issue column
          const mended = Buffer.from(
            marked
              .toString("latin1")
              .replace(encoding === "utf-8" ? "cheap" : "c\0h\0e\0a\0p", encoding === "utf-8" ? "1.00" : "1\0.\0\x30\0\x30"),
            "latin1",
          )
          const again = yield* Engine.run(prices(sink), CsvSource.make({ bytes: mended, name: "p.csv" }))
          expect(again.counts.entities["product"]).toMatchObject({ created: 1, unchanged: 2, updated: 0 })
          const twice = yield* bytesOf(MarkUp.csv(again.id, { bytes: mended, name: "p.csv" }))
          const second = yield* readAll(CsvSource.make({ bytes: twice }))
          expect(second.columns).toEqual(header)
          expect(second.rows).toEqual([["A", "Lamp", "1.00", "lamps"], ...rows.slice(2)])
        }
    }),
  ))

test("another file than the job's, and a CSV without a header, are refused", () =>
  run(
    Effect.gen(function* () {
      const bytes = csv(rows)
      const job = yield* Engine.validate(prices(MemorySink.make()), CsvSource.make({ bytes, name: "p.csv" }))
      const other = yield* Effect.flip(bytesOf(MarkUp.csv(job.id, { bytes: csv(rows.slice(1)), name: "p.csv" })))
      expect(other).toMatchObject({ _tag: "ReportError", reason: "WrongSource" })
      const headless = { bytes: csv(rows.slice(1)), name: "h.csv", headers: header }
      const second = yield* Engine.validate(prices(MemorySink.make()), CsvSource.make(headless))
      expect(yield* Effect.flip(bytesOf(MarkUp.csv(second.id, headless)))).toMatchObject({ reason: "Unsupported" })
    }),
  ))

test("a workbook has its bad cells coloured, with comments, and the issue column at its end", () =>
  run(
    Effect.gen(function* () {
      const sink = MemorySink.make()
      const cell = (reference: string, value: string) => `<c r="${reference}" t="inlineStr"><is><t>${value}</t></is></c>`
      const line = (at: number, cells: ReadonlyArray<string>) =>
        `<row r="${at}" spans="1:4">${cells.map((value, column) => (value === "" ? "" : cell(`${"ABCD"[column]}${at}`, value))).join("")}</row>`
      const sheet = `<dimension ref="A1:D5"/><sheetData>${rows.map((cells, at) => line(at + 1, cells)).join("")}<row r="6">${cell("A6", "E")}${cell("D6", "lamps")}</row></sheetData><pageMargins left="1" right="1" top="1" bottom="1" header="0" footer="0"/>`
      for (const prefix of ["", "x:"]) {
        const bytes = workbookOf({ sheet, styles, prefix })
        const options = { bytes, name: "p.xlsx" }
        const job = yield* Engine.run(prices(sink), XlsxSource.make(options), { force: true })
        expect(job.counts.rejected).toBe(3)
        const marked = yield* bytesOf(MarkUp.xlsx(job.id, options))
        expect((yield* bytesOf(MarkUp.xlsx(job.id, options))).equals(marked)).toBe(true)
        expect(yield* readAll(XlsxSource.make({ bytes: marked }))).toEqual(yield* readAll(XlsxSource.make({ bytes })))
        // exceljs knows no prefixes
        if (prefix !== "") continue
        const found = yield* open(marked)
        const prices_ = found.worksheets[0]!
        expect(["E1", "E2", "E3", "E4", "E6"].map((it) => shown(prices_.getCell(it).value))).toEqual([
          "Waybill issues",
          "price: expected a decimal number such as 12.50",
          expect.stringMatching(/^category: there is no category/),
          null,
          "title: expected a value, the cell is empty",
        ])
        const coloured: Array<string> = []
        prices_.eachRow((row) =>
          row.eachCell({ includeEmpty: true }, (it) => {
            if (it.fill?.type === "pattern" && it.fill.pattern === "solid") coloured.push(it.address)
          }),
        )
        expect(coloured).toEqual(["C2", "D3", "B6"])
        expect(JSON.stringify(prices_.getCell("C2").note)).toContain("expected a decimal number such as 12.50")
        prices_.getCell("C2").value = "9.00"
        const again = yield* Engine.run(prices(sink), XlsxSource.make({ bytes: yield* save(found), name: "p.xlsx" }))
        expect(again.counts).toMatchObject({ rejected: 2 })
        expect(again.counts.entities["product"]).toMatchObject({ created: 1, unchanged: 2, updated: 0 })
      }
    }),
  ))

const profile = (definition: { readonly kind: "csv" | "xlsx"; readonly version?: number }) =>
  Profile.make({
    name: "acme",
    version: 1,
    requires: ["sku", "price"],
    aliases: { sku: ["Artikel"], title: ["Name"], price: ["Preis"], category: ["Gruppe"] },
    headerRow: 3,
    formats: { price: { number: "comma" } },
    defaults: { title: "no name", category: "nowhere" },
    ...(definition.kind === "csv" ? { delimiter: ";", encoding: "windows-1252" } : { sheet: "Preise" }),
    ...definition,
  } as Profile.Definition)

// two lines above the header, semicolons although there are more commas, names of columns that only the profile knows
const sent = [
  ["Preisliste, Stand 1,5,2026"],
  ["Grüße, Ihr Händler, Köln"],
  ["Preis", "Artikel", "Name"],
  ["1,50", "A", "Leuchte, groß"],
  ["billig", "B", "Schirm"],
  ["2,5x", "C", ""],
]
const sheetOf = (rows: ReadonlyArray<ReadonlyArray<string>>) =>
  `<sheetData>${rows
    .map(
      (cells, row) =>
        `<row r="${row + 1}">${cells.map((value, at) => (value === "" ? "" : `<c r="${"ABC"[at]}${row + 1}" t="inlineStr"><is><t>${value}</t></is></c>`)).join("")}</row>`,
    )
    .join("")}</sheetData>`

describe("a file that was read by a profile", () => {
  const bytesOfCsv = encode(sent.map((cells) => cells.join(";")).join("\r\n"), "windows-1252")
  const location = { bytes: bytesOfCsv, name: "acme.csv" }
  const profiles = [profile({ kind: "csv" }), profile({ kind: "xlsx", version: 2 })]

  test("is marked up in its dialect and encoding, in the right rows, and read by the same profile again", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        sink.tables.set("category", new Map([["nowhere", ["nowhere"]]]))
        const job = yield* Engine.run(prices(sink), ProfiledSource.make({ ...location, profiles }))
        expect(job.counts).toMatchObject({ processed: 3, imported: 1, rejected: 2 })
        const marked = yield* bytesOf(MarkUp.csv(job.id, { ...location, profiles }))
        expect(marked.toString("latin1").split("\r\n")).toEqual([
          ...sent.slice(0, 2).map((cells) => cells.join(";")),
          "Preis;Artikel;Name;Waybill issues",
          "1,50;A;Leuchte, groß;",
          "billig;B;Schirm;price: expected a decimal number such as 12.50",
          expect.stringMatching(/^2,5x;C;;"price: expected a number with a decimal comma such as 1\.234,56; price: /),
        ])
        const again = yield* Engine.run(
          prices(sink),
          ProfiledSource.make({
            bytes: Buffer.from(marked.toString("latin1").replace("billig", "9,00"), "latin1"),
            name: "acme.csv",
            profiles,
          }),
        )
        expect(again.counts.entities["product"]).toMatchObject({ created: 1, unchanged: 1 })
        expect(again.counts.rejected).toBe(1)
        // its report workbook has all of its rows
        const workbook = yield* open(
          yield* bytesOf(Workbook.stream(job.id, { source: ProfiledSource.make({ ...location, profiles }) })),
        )
        expect(JSON.stringify(workbook.getWorksheet("Summary")!.getSheetValues())).toContain("profile acme, version 1")
        expect(workbook.getWorksheet("Data")!.rowCount).toBe(4)
      }),
    ))

  test("has its bad cells coloured where the profile found them, under whatever name their column has", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        sink.tables.set("category", new Map([["nowhere", ["nowhere"]]]))
        const options = { bytes: workbookOf({ sheet: sheetOf(sent), sheetName: "Preise", styles }), name: "acme.xlsx", profiles }
        const job = yield* Engine.run(prices(sink), ProfiledSource.make(options))
        expect(job.counts).toMatchObject({ processed: 3, imported: 1, rejected: 2 })
        const found = (yield* open(yield* bytesOf(MarkUp.xlsx(job.id, options)))).worksheets[0]!
        const coloured: Array<string> = []
        found.eachRow((row) =>
          row.eachCell({ includeEmpty: true }, (it) => {
            if (it.fill?.type === "pattern" && it.fill.pattern === "solid") coloured.push(it.address)
          }),
        )
        expect(coloured).toEqual(["A5", "A6"])
        expect(["D3", "D4", "D5"].map((it) => shown(found.getCell(it).value))).toEqual([
          "Waybill issues",
          null,
          "price: expected a decimal number such as 12.50",
        ])
      }),
    ))

  test("is refused without that very profile, and as a file of the other kind", () =>
    run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(prices(MemorySink.make()), ProfiledSource.make({ ...location, profiles }))
        for (const given of [{}, { profiles: [profile({ kind: "csv", version: 7 })] }]) {
          const error = yield* Effect.flip(bytesOf(MarkUp.csv(job.id, { ...location, ...given })))
          expect(error).toMatchObject({ _tag: "ReportError", reason: "WrongSource" })
          expect(error.message).toContain("read acme.csv by profile acme, version 1 (SHA-256 ")
        }
        expect(yield* Effect.flip(bytesOf(MarkUp.xlsx(job.id, { ...location, profiles })))).toMatchObject({
          reason: "WrongSource",
        })
        const other = { ...location, bytes: Buffer.concat([bytesOfCsv, Buffer.from("\r\n1,0;D;x")]) }
        expect(yield* Effect.flip(bytesOf(MarkUp.csv(job.id, { ...other, profiles })))).toMatchObject({ reason: "WrongSource" })
      }),
    ))
})

describeData("real workbooks", () => {
  const files = ["xlsx/calamine", "catalogs/bagisto"].flatMap((folder) =>
    existsSync(dataFile(folder))
      ? readdirSync(dataFile(folder))
          .filter((name) => name.endsWith(".xlsx"))
          .map((name) => `${folder}/${name}`)
      : [],
  )

  test.each(files)("%s: nothing but the marks is changed, and it is read as it was, also when it was marked up before", (file) =>
    run(
      Effect.gen(function* () {
        const bytes = readFileSync(dataFile(file))
        const options = { bytes, name: "p.xlsx" }
        const validated = yield* Effect.result(Engine.validate(strict, XlsxSource.make(options), { force: true }))
        const job = Result.getOrThrow(validated)
        if (job.failure?.code.startsWith("source.") || job.counts.processed === 0) return
        const marked = yield* bytesOf(MarkUp.xlsx(job.id, options))
        const before = yield* readAll(XlsxSource.make({ bytes }))
        const after = yield* readAll(XlsxSource.make({ bytes: marked }))
        // a value to the right of the header stays there: the issue column is behind it, and columns between have no name
        expect(
          trimmed(after.columns.map((name, at) => (at >= before.columns.length && /^column \d+$/.test(name) ? null : name))),
        ).toEqual(before.columns)
        expect(after.rows.map(trimmed)).toEqual(before.rows.map(trimmed))
        expect(after.labels).toEqual(before.labels)
        // parts that need not change are there to the byte
        const old = entriesOf(bytes)
        const now = entriesOf(marked)
        const changed = [...old]
          .filter(([name, { bytes: content }]) => !now.get(name)?.bytes.equals(content))
          .map(([name]) => name)
        for (const name of changed)
          expect(name).toMatch(/sheet\d*\.xml$|styles\.xml$|\[Content_Types\]\.xml$|sheet\d*\.xml\.rels$/)
        expect(changed.filter((name) => /sheet\d*\.xml$/.test(name))).toHaveLength(1)
        // an independent reader finds every issue beside its row
        const issues = yield* Stream.runCollect(Inspection.issues(job.id))
        expect(issues.length).toBeGreaterThan(0)
        // what exceljs cannot read to begin with, it need not read now
        const isReadable = (content: Buffer) => Effect.map(Effect.exit(open(content)), ({ _tag }) => _tag)
        expect(yield* isReadable(marked)).toBe(yield* isReadable(bytes))
        const again = yield* Engine.validate(strict, XlsxSource.make({ bytes: marked, name: "p.xlsx" }), { force: true })
        const twice = yield* bytesOf(MarkUp.xlsx(again.id, { bytes: marked, name: "p.xlsx" }))
        const third = yield* readAll(XlsxSource.make({ bytes: twice }))
        expect([third.columns, third.rows]).toEqual([after.columns, after.rows])
      }),
    ),
  )
})
