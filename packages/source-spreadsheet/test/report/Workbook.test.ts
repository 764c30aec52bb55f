// What a report workbook holds, and that it can be corrected and imported again.
import { readdirSync, readFileSync } from "node:fs"
import { Candidates, Cell, Engine, Entity, Field, Import, Inspection, Normalize } from "@waybill/core"
import { MemoryDecisionStore, MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { CsvSource, XlsxSource } from "@waybill/source-spreadsheet"
import { Workbook } from "@waybill/source-spreadsheet/report"
import { Effect, Schema, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, test, vi } from "vitest"
import { dataFile, describeData } from "../support/reading.ts"
import { bytesOf, csv, entriesOf, linksOf, open, prices, run, save, shown, table } from "../support/reports.ts"

const header = ["sku", "title", "price", "category"]
const rows = [
  header,
  ["A", " Lamp ", "12.50", "lamps"],
  ["B", "=HYPERLINK(1)", "cheap", "lamps"],
  ["C", "Shade", "8", "none"],
  ["D", "-", "", "-"],
  ["E", "+1+cmd|' /C calc'!A0", "0.00", "lamps"],
]
const source = (some: ReadonlyArray<ReadonlyArray<string>> = rows) => CsvSource.make({ bytes: csv(some), name: "prices.csv" })

describe("a workbook", () => {
  test("has all that the job found, on sheets with filters and headers that stay in sight", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        yield* Engine.run(prices(sink), source([header, ["A", "Lamp", "11.00", "lamps"]]))
        const job = yield* Engine.validate(prices(sink), source())
        const workbook = yield* open(yield* bytesOf(Workbook.stream(job.id, { source: source() })))
        expect(workbook.worksheets.map(({ name }) => name)).toEqual([
          "Summary",
          "Issues",
          "Data",
          "Candidates",
          "Normalization",
          "Changes",
        ])
        for (const sheet of workbook.worksheets.slice(1)) {
          expect(sheet.views).toMatchObject([{ state: "frozen", ySplit: 1 }])
          expect(sheet.autoFilter).toMatch(new RegExp(`^A1:[A-Z]${sheet.rowCount}$`))
        }
        expect(table(workbook.getWorksheet("Issues"))).toEqual([
          ["severity", "sheet", "row", "column", "value", "message", "code", "entity"],
          ["error", "prices.csv", 3, "price", "cheap", "expected a decimal number such as 12.50", "cell.decimal", null],
          ["error", "prices.csv", 5, "title", null, "expected a value, the cell is empty", "cell.empty", null],
          ["warning", "prices.csv", 6, "price", "0.00", "expected a price", "rule.free", null],
          [
            "error",
            "prices.csv",
            4,
            "category",
            "none",
            "there is no category of this key, neither in the input nor in the target; expected one that exists",
            "reference.missing",
            "product",
          ],
        ])
        expect(table(workbook.getWorksheet("Data"))).toEqual([
          [...header, "Waybill issues"],
          ["A", "Lamp", "12.50", "lamps", null],
          ["B", "=HYPERLINK(1)", "cheap", "lamps", "row 3: price: expected a decimal number such as 12.50"],
          ["C", "Shade", "8", "none", expect.stringMatching(/^row 4: category: there is no category of this key/)],
          // rejected rows are as they came
          ["D", "-", null, "-", "row 5: title: expected a value, the cell is empty"],
          ["E", "+1+cmd|' /C calc'!A0", "0.00", "lamps", "row 6: warning: price: expected a price"],
        ])
        expect(table(workbook.getWorksheet("Candidates")).slice(1)).toEqual([
          ["category", "none", "prices.csv:4", 1, "open", null, null],
        ])
        expect(table(workbook.getWorksheet("Normalization")).slice(1)).toEqual([
          ["prices.csv", 2, "title", "trim", " Lamp ", "Lamp"],
          ["prices.csv", 5, "title", "empty", "-", null],
          ["prices.csv", 5, "category", "empty", "-", null],
        ])
        expect(table(workbook.getWorksheet("Changes")).slice(1)).toEqual([
          ["update", "product", "A", "price", "11.00", "12.50", "prices.csv", 2],
          ["refuse", "product", "C", null, null, null, "prices.csv", 4],
          ["create", "product", "E", null, null, expect.stringContaining("sku: E, title: +1+cmd"), "prices.csv", 6],
        ])
        const summary = table(workbook.getWorksheet("Summary")).map((cells) => cells.filter((cell) => cell !== null))
        expect(summary[0]).toEqual(["prices: pending, 3 of 5 rows rejected"])
        expect(summary).toContainEqual(["job", job.id])
        expect(summary).toContainEqual(["rejected", 3])
        expect(summary).toContainEqual(["product", 3, 1, 1, 0, 0, 1, 0])
        expect(summary).toContainEqual(["Issues", 4, expect.any(String)])
      }),
    ))

  test("says where candidates stand, with near keys of the file, none of them a formula, whatever is decided since", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        sink.tables.set("category", new Map([["shades", ["shades"]]]))
        const products = prices(sink)
        const some = [
          header,
          ["A", "Lamp", "1.00", "lamps"],
          ["B", "Lamp", "1.00", "=lampss"],
          ["C", "Shade", "1.00", "-shade"],
          ["D", "Shade", "1.00", "none"],
        ]
        const about = { entity: "category", by: "ann" }
        const first = yield* Engine.validate(products, source(some))
        yield* Candidates.decide(products, first.id, { ...about, key: "-shade", verdict: "map", as: "shades" })
        yield* Candidates.decide(products, first.id, { ...about, key: "none", verdict: "reject" })
        const job = yield* Engine.validate(products, source(some))
        const bytes = yield* bytesOf(Workbook.stream(job.id))
        expect(table((yield* open(bytes)).getWorksheet("Candidates"))).toEqual([
          ["entity", "key", "first row", "rows", "standing", "read as", "nearest keys"],
          ["category", "-shade", "prices.csv:4", 1, "mapped", "shades", null],
          ["category", "=lampss", "prices.csv:3", 1, "open", null, "lamps"],
          ["category", "none", "prices.csv:5", 1, "rejected", null, null],
        ])
        sink.tables.get("category")!.set("=lampsss", ["=lampsss"])
        yield* Candidates.decide(products, job.id, { ...about, key: "=lampss", verdict: "reject" })
        expect((yield* bytesOf(Workbook.stream(job.id))).equals(bytes)).toBe(true)
      }).pipe(Effect.provide(MemoryDecisionStore.layer)),
    ))

  test("leads from each issue to its cell in Data", () =>
    run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(prices(MemorySink.make()), source())
        const bytes = yield* bytesOf(Workbook.stream(job.id, { source: source() }))
        const workbook = yield* open(bytes)
        const data = workbook.getWorksheet("Data")!
        const links = [...linksOf(bytes, workbook, "Issues")]
        expect(links.map(([from]) => from)).toEqual(["C2", "C3", "C4", "C5"])
        const cells = links.map(([, to]) => /^'Data'!([A-Z]+\d+)$/.exec(to)![1]!)
        expect(cells.map((cell) => shown(data.getCell(cell).value))).toEqual(["cheap", "-", "0.00", "none"])
      }),
    ))

  test("corrected in Data and imported again brings the corrected rows, and finds the others unchanged", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const first = yield* Engine.run(prices(sink), source())
        expect(first.counts).toMatchObject({ imported: 2, rejected: 3 })
        const workbook = yield* open(yield* bytesOf(Workbook.stream(first.id, { source: source() })))
        const data = workbook.getWorksheet("Data")!
        data.getCell("C3").value = "3.00"
        data.getCell("D4").value = "lamps"
        const again = yield* Engine.run(
          prices(sink),
          XlsxSource.make({ bytes: yield* save(workbook), name: "report.xlsx", sheet: "Prices" }),
        )
        expect(again.counts).toMatchObject({ processed: 5, imported: 4, rejected: 1 })
        expect(again.counts.entities["product"]).toMatchObject({ created: 2, updated: 0, unchanged: 2 })
        const unmodified = yield* Engine.validate(
          prices(sink),
          XlsxSource.make({ bytes: yield* save(workbook), name: "report.xlsx" }),
          { force: true },
        )
        expect(unmodified.counts).toMatchObject({ created: 0, updated: 0, rejected: 1, unchanged: 5 })
        const [letter] = yield* Stream.runCollect(Inspection.rejected(again.id))
        expect(letter).toMatchObject({ ref: "report.xlsx!Data:5", row: { columns: header } })
      }),
    ))

  test("made without the source has the rejected rows, and says so", () =>
    run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(prices(MemorySink.make()), source())
        const workbook = yield* open(yield* bytesOf(Workbook.stream(job.id)))
        expect(table(workbook.getWorksheet("Data")).map(([sku]) => sku)).toEqual(["sku", "B", "D"])
        const summary = table(workbook.getWorksheet("Summary")).map(([first]) => first)
        expect(summary).toContain("Data holds the rejected rows only, because the report was made without the original file.")
        expect(summary).toContainEqual(
          expect.stringMatching(/^1 rejected rows are not on Data: they were rejected against the target/),
        )
      }),
    ))

  test("has a row of objects as JSON, and columns that rows do not share", () =>
    run(
      Effect.gen(function* () {
        const objects = [{ sku: "A", title: "Lamp", price: "x", category: null }]
        const job = yield* Engine.validate(prices(MemorySink.make()), TestSource.make({ rows: objects }))
        const workbook = yield* open(yield* bytesOf(Workbook.stream(job.id)))
        const [head, only] = table(workbook.getWorksheet("Data"))
        expect(head).toEqual(["row", "Waybill issues"])
        expect(JSON.parse(String(only![0]))).toEqual(objects[0])
      }),
    ))

  test("of another file's job, or of none, is not made", () =>
    run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(prices(MemorySink.make()), source())
        const other = yield* Effect.flip(bytesOf(Workbook.stream(job.id, { source: source([header]) })))
        expect(other).toMatchObject({ _tag: "EngineError", reason: "WrongSource" })
        expect(yield* Effect.flip(bytesOf(Workbook.stream("none")))).toMatchObject({ reason: "NotFound" })
      }),
    ))

  test("has the same bytes whenever it is made", () =>
    run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(prices(MemorySink.make()), source())
        const made = bytesOf(Workbook.stream(job.id, { source: source() }))
        vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2024, 1, 29) })
        try {
          const one = yield* made
          vi.setSystemTime(Date.UTC(2031, 6, 1, 12, 30))
          expect((yield* made).equals(one)).toBe(true)
          // 1 January 1980, as a zip has it
          expect(new Set([...entriesOf(one).values()].map(({ moment }) => moment))).toEqual(new Set([0x00210000]))
        } finally {
          vi.useRealTimers()
        }
      }),
    ))
})

describe("what a sheet cannot hold", () => {
  test("goes on on further sheets: every row once, in its order, and links find them", () =>
    run(
      Effect.gen(function* () {
        const many = [header, ...Array.from({ length: 23 }, (_, at) => [`s${at}`, "T", at % 2 ? "cheap" : "1", ""])]
        const job = yield* Engine.validate(prices(MemorySink.make()), source(many))
        const bytes = yield* bytesOf(Workbook.stream(job.id, { source: source(many), rowsPerSheet: 10 }))
        const workbook = yield* open(bytes)
        const names = workbook.worksheets.map(({ name }) => name)
        expect(names).toEqual([
          ...["Summary", "Issues", "Issues 2", "Data", "Data 2", "Data 3"],
          ...["Candidates", "Normalization", "Changes", "Changes 2"],
        ])
        const data = ["Data", "Data 2", "Data 3"].flatMap((name) => table(workbook.getWorksheet(name)).slice(1))
        expect(data.map(([sku]) => sku)).toEqual(many.slice(1).map(([sku]) => sku))
        expect(linksOf(bytes, workbook, "Issues 2").get("C3")).toBe("'Data 3'!C5")
        expect(table(workbook.getWorksheet("Summary")).flat()).toContainEqual(
          expect.stringMatching(/^Data goes on on Data 2, Data 3/),
        )
        // what is uploaded is the first of them
        const page = yield* Stream.runHead(XlsxSource.make({ bytes }).read(null))
        expect(page).toMatchObject({ value: { place: "input.xlsx!Data", columns: header } })
      }),
    ))

  test("is left out of Data and told where a cell is too long, never cut", () =>
    run(
      Effect.gen(function* () {
        const long = [header, ["A", "x".repeat(32_768), "1", ""], ["B", "x".repeat(32_767), "1", ""]]
        const job = yield* Engine.validate(prices(MemorySink.make()), source(long))
        const workbook = yield* open(yield* bytesOf(Workbook.stream(job.id, { source: source(long) })))
        expect(table(workbook.getWorksheet("Data")).map(([sku]) => sku)).toEqual(["sku", "B"])
        expect(table(workbook.getWorksheet("Summary")).flat()).toContainEqual(
          "1 rows are not on Data, because a cell of theirs is longer than 32,767 characters: prices.csv:2.",
        )
      }),
    ))

  test("is no issue: more than a job keeps are listed all the same", () =>
    run(
      Effect.gen(function* () {
        const many = [header, ...Array.from({ length: 40 }, (_, at) => [`s${at}`, "T", "cheap", ""])]
        const job = yield* Engine.validate(prices(MemorySink.make(), { limits: { issues: 5 } }), source(many))
        const workbook = yield* open(yield* bytesOf(Workbook.stream(job.id)))
        expect(
          table(workbook.getWorksheet("Issues"))
            .slice(1)
            .map((cells) => cells[2]),
        ).toEqual(many.slice(1).map((_, at) => at + 2))
      }),
    ))
})

const Note = Entity.make("note", { schema: { id: Field.integer(), text: Field.nullable(Field.text()) }, key: "id" })
const notes = Import.make({
  name: "notes",
  row: Schema.Struct({ id: Cell.integer(), text: Cell.optional(Cell.text()) }),
  normalize: [Normalize.custom("shout", ["text"], (text) => (text === "hey" ? "HEY" : text))],
  entities: [Note],
  map: Import.columns(Note),
  sink: MemorySink.make(),
})

const importedAgain = (texts: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const table = () =>
      TestSource.make({ columns: ["id", "text"], rows: texts.map((text, at) => [at, text]), hashed: true, place: "n.xlsx!Notes" })
    const job = yield* Engine.validate(notes, table())
    const bytes = yield* bytesOf(Workbook.stream(job.id, { source: table() }))
    const pages = yield* Stream.runCollect(Stream.map(XlsxSource.make({ bytes }).read(null), (page) => [...page.rows]))
    return { bytes, read: pages.flat() as ReadonlyArray<readonly [number, string | null]> }
  })

describe("cells of Data", () => {
  test("are read as they were, whatever they hold", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string({ unit: "binary" }),
            fc.string(),
            fc.constantFrom(
              "=1",
              "+1",
              "-1",
              "@x",
              "\t=1",
              "\r=1",
              "'=1",
              "_x000D_",
              "_x005F_",
              "a\r\nb",
              "\ud800",
              "\ufffe",
              " ",
              "hey",
              "]]>",
            ),
          ),
          { maxLength: 6 },
        ),
        (texts) =>
          run(
            Effect.gen(function* () {
              const { read } = yield* importedAgain(texts)
              // an empty cell is one, whether it was empty text or nothing
              const expected = texts.map((text, at) => [at, text === "hey" ? "HEY" : text.toWellFormed()])
              expect(read.map(([id, text]) => [id, text ?? ""])).toEqual(expected)
            }),
          ),
      ),
      { numRuns: 60 },
    ))

  describeData("with formulas that were made to attack", () => {
    test("are text in every sheet", () =>
      run(
        Effect.gen(function* () {
          const folder = dataFile("csv/csv-injection/Intruder")
          const payloads = readdirSync(folder).flatMap((file) => readFileSync(`${folder}/${file}`, "utf8").split(/\r?\n/))
          const texts = payloads.filter((text) => text !== "")
          expect(texts.length).toBeGreaterThan(5)
          const { bytes, read } = yield* importedAgain(texts)
          expect(read.map(([, text]) => text)).toEqual(texts)
          const workbook = yield* open(bytes)
          for (const sheet of workbook.worksheets)
            sheet.eachRow((row) =>
              row.eachCell((cell) => {
                expect(cell.formula).toBeUndefined()
                // programs leave it alone also when it is edited
                if (typeof cell.value === "string" && /^[=+\-@]/.test(cell.value))
                  expect((cell.style as { quotePrefix?: unknown }).quotePrefix ?? cell.numFmt).toBe("@")
              }),
            )
        }),
      ))
  })
})
