import { Cell, Engine, JobStore, Normalize } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Schema, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Decode from "../src/Decode.ts"
import { columns, definition, lines, run } from "./support/products.ts"

const cells = {
  sku: Cell.text({ maxLength: 3 }),
  count: Cell.optional(Cell.integer()),
  day: Cell.optional(Cell.date()),
  note: Schema.optionalKey(Cell.text()),
}
const Fast = Schema.Struct(cells)
// a check of the user's own, which only Effect's parser can run
const Parsed = Schema.Struct(cells).check(Schema.makeFilter(() => undefined))
const rules = () => Decode.startRules([Normalize.empty(), Normalize.trim()])

const cell = fc.oneof(
  fc.constantFrom("A", "too long", "", "-", " 7 ", "2024-02-29", "2024-02-31", "x"),
  fc.constantFrom(null, 7, 1.5, true, undefined),
)
const header = fc
  .shuffledSubarray(["sku", "count", "day", "note", "other"], { minLength: 1 })
  .filter((names) => names.includes("sku"))
const table = fc.tuple(header, fc.array(fc.array(cell, { maxLength: 6 }), { maxLength: 8 }))

const decodeAll = (decoder: Decode.RowDecoder, rows: ReadonlyArray<unknown>) =>
  rows.map((row) => {
    const issues: Array<Decode.CellIssue> = []
    const changes: Array<Decode.CellChange> = []
    const good = decoder.decode(row, issues, changes)
    return {
      value: good ? { ...decoder.row() } : null,
      issues: issues.map(({ column, message }) => [column, message]),
      changes: [...changes],
    }
  })

describe("reading cell by cell and Effect's parser", () => {
  test("take the same rows, make the same values of them, and find the same wrong with the rest", () => {
    fc.assert(
      fc.property(table, ([names, rows]) => {
        const fast = decodeAll(Decode.compile(Fast, names, rules()), rows)
        const parsed = decodeAll(Decode.compile(Parsed, names, rules()), rows)
        for (const [at, it] of fast.entries()) {
          expect(new Set(it.changes.map((change) => JSON.stringify(change)))).toEqual(
            new Set(parsed[at]!.changes.map((change) => JSON.stringify(change))),
          )
          expect(it.value === null).toBe(parsed[at]!.value === null)
          if (it.value === null) expect(new Set(it.issues.map(String))).toEqual(new Set(parsed[at]!.issues.map(String)))
          else expect(it.value).toEqual(parsed[at]!.value)
        }
      }),
      { numRuns: 300 },
    )
  })

  test("take objects as well, and name what is no object", () => {
    const decoder = Decode.compile(Fast, null, rules())
    const [good, list, text, nothing] = decodeAll(decoder, [JSON.parse('{"sku":" A ","__proto__":{"count":1}}'), [], "x", null])
    expect(good).toMatchObject({ value: { sku: "A", count: null, day: null }, changes: [{ column: "sku", rule: "trim" }] })
    expect(Object.keys(good!.value!)).toEqual(["sku", "count", "day"])
    expect(list!.issues).toEqual([["sku", "expected a value, the cell is empty"]])
    expect(text!.issues).toEqual([[null, "expected an object"]])
    expect(nothing!.issues).toEqual([[null, "expected an object"]])
  })
})

test("a struct whose keys are renamed is read by the names that the source has", () => {
  const Renamed = Schema.Struct({ sku: Cell.text(), lat: Cell.number() }).pipe(Schema.encodeKeys({ lat: "Latitude" }))
  expect(Decode.missingColumns(Renamed, ["sku", "Latitude"])).toEqual([])
  const [row] = decodeAll(Decode.compile(Renamed, ["sku", "Latitude"], rules()), [["A", " 1.5 "]])
  expect(row).toMatchObject({ value: { sku: "A", lat: 1.5 }, changes: [{ column: "Latitude", rule: "trim" }] })
})

test("columns that every row needs and the page has not are named at once, not once a row", async () => {
  expect(Decode.missingColumns(Fast, ["count"])).toEqual(["sku"])
  expect(Decode.missingColumns(Parsed, ["sku"])).toEqual([])
  await run(
    Effect.gen(function* () {
      const source = TestSource.make({ columns: ["SKU", "title"], rows: Array.from({ length: 50 }, () => ["A", "B"]) })
      const job = yield* Engine.validate(definition(MemorySink.make()), source)
      expect(job).toMatchObject({ status: "failed", failure: { code: "column.missing" }, counts: { errors: 1, processed: 0 } })
      expect(job.failure!.message).toContain("SKU, title")
      const store = yield* JobStore.JobStore
      expect(yield* store.issues(job.id)).toHaveLength(1)
    }),
  )
})

test("pages may change their columns on the way: each is read by its own", async () => {
  await run(
    Effect.gen(function* () {
      const first = TestSource.make({ columns, rows: [["A", "Lamp", "1", null]] })
      const second = TestSource.make({ columns: ["price", "extra", "sku"], rows: [["2", "x", "B"], ["3"]], place: "more" })
      const both = { ...first, read: () => Stream.concat(first.read(null), second.read(null)) }
      const job = yield* Engine.validate(definition(MemorySink.make(), { allowPartial: true }), both)
      expect(yield* lines(job.id, "records/product/")).toEqual([
        ["A", "Lamp", "1.00", null],
        ["B", null, "2.00", null],
      ])
      expect(job.counts).toMatchObject({ processed: 3, imported: 2, rejected: 1 })
      const store = yield* JobStore.JobStore
      expect((yield* store.issues(job.id))[0]).toMatchObject({ ref: "more:2", column: "sku", code: "cell.empty" })
    }),
  )
})

test("what a source finds wrong with a row rejects it, or warns of it", async () => {
  await run(
    Effect.gen(function* () {
      const inner = TestSource.make({ columns, rows: [["A"], ["B"], ["C"]] })
      const source: typeof inner = {
        ...inner,
        read: (from) =>
          Stream.map(inner.read(from), (page) => ({
            ...page,
            issues: [
              { row: 0, severity: "error" as const, code: "csv.ragged", column: null, message: "expected 4 cells, found 1" },
              { row: 2, severity: "warning" as const, code: "csv.short", column: "title", message: "expected a title", value: 1 },
            ],
            notices: [{ code: "csv.delimiter", message: "the delimiter is ;" }],
          })),
      }
      const job = yield* Engine.validate(definition(MemorySink.make(), { allowPartial: true }), source)
      expect(job.counts).toMatchObject({ imported: 2, rejected: 1, errors: 1, warnings: 2, skippedByCode: { "csv.ragged": 1 } })
      const store = yield* JobStore.JobStore
      expect((yield* store.issues(job.id)).map(({ code, ref, value }) => [ref, code, value])).toEqual([
        ["test:1", "csv.ragged", null],
        ["test:3", "csv.short", "1"],
        ["test", "csv.delimiter", null],
      ])
    }),
  )
})
