// Formats of columns: what is decided, told, changed and logged, from a file to the job.
import { Cell, Engine, Entity, Field, Import, SnapshotStore } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { Effect, Layer, Schema } from "effect"
import iconv from "iconv-lite"
import { expect, test } from "vitest"
import { CsvSource } from "../src/index.ts"
import { pagesOf, read } from "./support/reading.ts"

const rows = [
  "sku;price;since",
  "A;1.234,50;01/02/2024",
  "B;7;13/02/2024",
  "C;0,5;2024-03-01",
  "D;1.50;2024-03-02",
  "E;2;02/13/2024",
]
const bytesOf = (count: number): Buffer =>
  Buffer.from(
    rows
      .slice(0, count + 1)
      .map((row) => `${row}\n`)
      .join(""),
  )
const formats: NonNullable<CsvSource.Options["formats"]> = { price: { number: "comma" }, since: { date: "detect" } }
const prices = (count: number) => CsvSource.make({ bytes: bytesOf(count), name: "prices.csv", formats })

test("cells become what an import reads; what contradicts the column is an issue, and the cell stays", async () => {
  const table = await read(prices(4))
  expect(table.rows).toEqual([
    ["A", "1234.50", "2024-02-01"],
    ["B", "7", "2024-02-13"],
    ["C", "0.5", "2024-03-01"],
    ["D", "1.50", "2024-03-02"],
  ])
  expect(table.issues).toEqual(["5 csv.number price: expected a number with a decimal comma such as 1.234,56"])
})

test("a page says what was changed, and what was there", async () => {
  const [page] = await pagesOf(prices(2))
  expect(page!.changes).toEqual([
    { row: 0, column: "price", rule: "csv.number", before: "1.234,50", after: "1234.50" },
    { row: 0, column: "since", rule: "csv.date", before: "01/02/2024", after: "2024-02-01" },
    { row: 1, column: "since", rule: "csv.date", before: "13/02/2024", after: "2024-02-13" },
  ])
})

test("the evidence is told: which row decided, of how many", async () => {
  const { notices } = await read(prices(3))
  expect(notices[1]).toBe(
    'csv.format: Dates of the column "since" have the day first, as detected: row 3 (13/02/2024) decides it; of the first 3 rows 1 say so, 1 can be read both ways, and none says otherwise.',
  )
})

test("two rows that contradict each other are both named", async () => {
  const { notices } = await read(prices(5))
  expect(notices.find((notice) => notice.startsWith("csv.format"))).toBe(
    'csv.format: How the dates of the column "since" are written cannot be told: row 3 (13/02/2024) says day-month, row 6 (02/13/2024) says month-day; give formats: { "since": { date: "day-month" } } or "month-day".',
  )
})

test("what was decided stays decided from every cursor", async () => {
  const lines = [
    "Fiyat listesi Şubat",
    "",
    "kod;ağırlık;tarih",
    "# yarım",
    "A;1.234,50;01/02/2024",
    "B;7;13/02/2024",
    "C;0,5\r;",
    "D;2;03/04/2024",
  ]
  const text = iconv.encode(`${lines.join("\r\n")}\r\n`, "windows-1254")
  const source = CsvSource.make({
    bytes: text,
    pageRows: 1,
    formats: { ağırlık: { number: "detect" }, tarih: { date: "detect" } },
  })
  const pages = await pagesOf(source)
  expect(pages.flatMap(({ rows: all }) => all)).toEqual([
    ["A", "1234.50", "2024-02-01"],
    ["B", "7", "2024-02-13"],
    ["C", "0.5"],
    ["D", "2", "2024-04-03"],
  ])
  expect(pages[0]!.notices?.map(({ code }) => code)).toEqual([
    "csv.encoding",
    "csv.delimiter",
    "csv.comments",
    "csv.preamble",
    "csv.format",
    "csv.format",
  ])
  for (let at = 0; at < pages.length; at++) {
    const cursor = JSON.parse(JSON.stringify(pages[at]!.cursor))
    expect(await pagesOf(source, cursor)).toEqual(pages.slice(at + 1))
  }
})

test("formats that make no sense are defects", () => {
  expect(() => CsvSource.make({ bytes: bytesOf(1), formats: { price: { number: "dot" as "point" } } })).toThrow(
    "comma, point or detect",
  )
})

test("a job counts and logs what was changed, and imports it", async () => {
  const Price = Entity.make("price", { schema: { sku: Field.text(), price: Field.decimal(), since: Field.date() }, key: "sku" })
  const definition = Import.make({
    name: "prices",
    row: Schema.Struct({ sku: Cell.text(), price: Cell.decimal(), since: Cell.date() }),
    entities: [Price],
    map: Import.columns(Price),
    sink: MemorySink.make(),
  })
  const program = Effect.gen(function* () {
    const job = yield* Engine.run(definition, prices(2))
    const parts = yield* (yield* SnapshotStore.SnapshotStore).list(job.id)
    return { job, logs: parts.map(({ name }) => name).filter((name) => name.includes("normalization")) }
  })
  const { job, logs } = await Effect.runPromise(
    Effect.provide(program, Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer)),
  )
  expect(job).toMatchObject({ status: "success", counts: { created: 2, normalizations: { "csv.number": 1, "csv.date": 2 } } })
  expect(logs.length).toBe(1)
})
