import { Cell, Engine, Entity, Field, Import, Inspection, JobStore, Normalize, Ref, Rule, SnapshotStore } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Logger, Schema, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"

const run = <A, E>(effect: Effect.Effect<A, E, JobStore.JobStore | SnapshotStore.SnapshotStore>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, Logger.layer([]))))

const Brand = Entity.make("brand", { schema: { slug: Field.text() }, key: "slug" })
const Product = Entity.make("product", {
  schema: { sku: Field.text(), price: Field.decimal({ scale: 2 }), brand: Field.nullable(Field.text()) },
  key: "sku",
  references: { brand: Brand },
})
const Row = Schema.Struct({ sku: Cell.text(), price: Cell.decimal({ scale: 2 }), brand: Cell.optional(Cell.text()) })
const columns = ["sku", "price", "brand", "note"]

const prices = (options: Partial<Import.Options<typeof Row.Type>> = {}): Import.Import =>
  Import.make<typeof Row.Type>({
    name: "prices",
    row: Row,
    normalize: [Normalize.trim(), Normalize.empty(["-"])],
    entities: [Brand, Product],
    map: (row) => [Product.of(row)],
    rules: [Rule.check("free", (row) => (row.price === "0.00" ? "expected a price" : undefined), "warning")],
    sink: MemorySink.make(),
    allowPartial: true,
    ...options,
  })

const source = (rows: ReadonlyArray<unknown>, options: Partial<TestSource.Options> = {}) =>
  TestSource.make({ columns, rows, place: "p.xlsx!Prices", hashed: true, ...options })

const all = <A, E, R>(stream: Stream.Stream<A, E, R>) => Stream.runCollect(stream)

describe("rows", () => {
  test("are the source's own, with what was changed and what was found, whatever the pages", () => {
    const cell = (...choices: ReadonlyArray<string>) => fc.constantFrom(...choices)
    const row = fc.tuple(
      fc.nat(1e6),
      cell("1.00", " 2.00 ", "cheap", "", "0.00"),
      cell("-", "", "none", " none"),
      cell("x", " y "),
    )
    return fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 25 }), fc.integer({ min: 1, max: 9 }), (generated, pageRows) =>
        run(
          Effect.gen(function* () {
            const rows = generated.map(([, price, brand, note], at) => [` ${at}`, price, brand, note])
            const job = yield* Engine.validate(prices(), source(rows, { pageRows }))
            const found = yield* all(Inspection.rows(job.id, source(rows, { pageRows })))
            expect(found.every((page) => page.columns === columns && page.place === "p.xlsx!Prices")).toBe(true)
            // what a row has to be, told without the engine
            const expected = rows.map(([sku, price, brand, note], at) => {
              const amount = price!.trim()
              const own = brand!.trim()
              const codes = [
                ...(amount === "cheap" ? ["cell.decimal"] : amount === "" ? ["cell.empty"] : []),
                ...(amount === "0.00" ? ["rule.free"] : []),
                ...(own === "none" && !["cheap", ""].includes(amount) ? ["reference.missing"] : []),
              ]
              return {
                ref: `p.xlsx!Prices:${at + 1}`,
                label: at + 1,
                raw: [sku, price, brand, note],
                // an empty cell that stays empty is no change
                normalized: [sku!.trim(), amount, own === "-" ? null : own, note],
                isRejected: codes.some((code) => code !== "rule.free"),
                codes: codes.sort(),
              }
            })
            expect(
              found.flatMap((page) =>
                page.rows.map(({ issues, ...rest }) => ({ ...rest, codes: issues.map(({ code }) => code).sort() })),
              ),
            ).toEqual(expected)
            expect(expected.filter((it) => it.isRejected)).toHaveLength(job.counts.rejected)
          }),
        ),
      ),
      { numRuns: 40 },
    )
  })

  test("find their issues and changes over the borders of the logs' parts", () =>
    run(
      Effect.gen(function* () {
        const rows = Array.from({ length: 31_000 }, (_, at) => [`${at} `, at % 3 === 2 ? "1.00" : "cheap", null, null])
        const job = yield* Engine.validate(prices(), source(rows, { pageRows: 5_000 }))
        const store = yield* SnapshotStore.SnapshotStore
        expect((yield* store.list(job.id)).filter(({ name }) => /^log\/(norm|rej)/.test(name))).toHaveLength(4)
        const found = (yield* all(Inspection.rows(job.id, source(rows, { pageRows: 70 })))).flatMap((page) => page.rows)
        expect(found.filter(({ isRejected }) => isRejected)).toHaveLength(20_667)
        expect(found.every(({ normalized }, at) => (normalized as Array<unknown>)[0] === String(at))).toBe(true)
        expect(
          found.every(({ isRejected, issues }, at) => isRejected === (at % 3 !== 2) && issues.length > 0 === isRejected),
        ).toBe(true)
      }),
    ))

  test("are refused from a source of other bytes, from one that reads them in another way, and from one without a hash", () =>
    run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(prices(), source([["A", "1.00", null, null]]))
        const same = source([["A", "1.00", null, null]])
        const reading = { name: "profile other", sha256: "0".repeat(64) }
        const otherwise = { ...same, identify: Effect.map(same.identify, (it) => ({ ...it, reading })) }
        for (const other of [source([["A", "2.00", null, null]]), source([], { hashed: false }), otherwise]) {
          const error = yield* Effect.flip(all(Inspection.rows(job.id, other)))
          expect(error).toMatchObject({ _tag: "EngineError", reason: "WrongSource" })
          expect(error.message).toContain("expected the same bytes")
        }
      }),
    ))

  test("that are objects have their members normalized", () =>
    run(
      Effect.gen(function* () {
        const rows = [{ sku: " A", price: "1.00", brand: null }]
        const plain = () => TestSource.make({ rows, hashed: true })
        const job = yield* Engine.validate(prices(), plain())
        const [page] = yield* all(Inspection.rows(job.id, plain()))
        expect(page!.columns).toBeNull()
        expect({ ...(page!.rows[0]!.normalized as object) }).toEqual({ sku: "A", price: "1.00", brand: null })
        expect(page!.rows[0]!.raw).toEqual(rows[0])
      }),
    ))
})

describe("issues", () => {
  test("are all errors, also those beyond the limit of what a job keeps, each once", () =>
    run(
      Effect.gen(function* () {
        const rows = Array.from({ length: 30 }, (_, at) => [`s${at}`, at < 20 ? "cheap" : "1.00", at < 25 ? "none" : null, null])
        const job = yield* Engine.validate(prices({ limits: { issues: 7 } }), source(rows))
        expect(job.counts.errors).toBe(25)
        const store = yield* JobStore.JobStore
        expect(yield* store.issues(job.id)).toHaveLength(7)
        const found = yield* all(Inspection.issues(job.id))
        expect(found.map(({ code, ref }) => [ref, code])).toEqual(
          rows.slice(0, 25).map((_, at) => [`p.xlsx!Prices:${at + 1}`, at < 20 ? "cell.decimal" : "reference.missing"]),
        )
      }),
    ))

  test("of more than one page of the store come in their order", () =>
    run(
      Effect.gen(function* () {
        const rows = Array.from({ length: 2_000 }, (_, at) => [`s${at}`, "cheap", null, null])
        const job = yield* Engine.validate(prices(), source(rows))
        const found = yield* all(Inspection.issues(job.id))
        expect(found.map(({ ref }) => ref)).toEqual(rows.map((_, at) => `p.xlsx!Prices:${at + 1}`))
      }),
    ))
})

describe("a job", () => {
  test("is read without its definition: records with their values and changes, candidates, normalizations, rejected rows", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const rows = [
          ["A", "1.00", null, null],
          ["B", "2.00", null, null],
        ]
        yield* Engine.run(prices({ sink }), source(rows))
        const next = [
          ["A", "1.50", null, null],
          ["B", "2.00", null, null],
          ["C ", "3.00", "none", null],
          ["D", "dear", null, null],
        ]
        const job = yield* Engine.validate(prices({ sink, revision: 2 }), source(next))
        expect(yield* all(Inspection.records(job.id))).toMatchObject([
          {
            entity: "product",
            key: "A",
            ref: "p.xlsx!Prices:1",
            action: "update",
            changes: [{ field: "price", before: "1.00", after: "1.50" }],
            values: { sku: "A", price: "1.50", brand: null },
          },
          { key: "B", action: "unchanged", changes: [] },
          { key: "C", action: "refuse", issues: [{ code: "reference.missing" }] },
        ])
        expect(yield* all(Inspection.candidates(job.id))).toMatchObject([{ entity: "brand", key: "none", rows: 1 }])
        expect(yield* all(Inspection.normalizations(job.id))).toEqual([
          { ref: "p.xlsx!Prices:3", column: "sku", rule: "trim", before: "C ", after: "C" },
        ])
        expect(yield* all(Inspection.rejected(job.id))).toMatchObject([{ at: ["p.xlsx!Prices", 4], row: { cells: next[3] } }])
        expect((yield* Inspection.job(job.id)).id).toBe(job.id)
      }),
    ))

  test("that sealed nothing has its issues, and empty streams", () =>
    run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(prices(), TestSource.make({ columns: ["sku"], rows: [["A"]] }))
        expect(job.status).toBe("failed")
        expect((yield* all(Inspection.issues(job.id))).map(({ code }) => code)).toEqual(["column.missing"])
        expect(yield* all(Inspection.records(job.id))).toEqual([])
        expect(yield* all(Inspection.candidates(job.id))).toEqual([])
        expect(yield* all(Inspection.normalizations(job.id))).toEqual([])
        expect(yield* all(Inspection.rejected(job.id))).toEqual([])
      }),
    ))

  test("that is not there is NotFound, and one whose part was changed is an IntegrityError", () =>
    run(
      Effect.gen(function* () {
        expect(yield* Effect.flip(all(Inspection.records("no-such-job")))).toMatchObject({ reason: "NotFound" })
        const job = yield* Engine.validate(prices(), source([["A ", "cheap", null, null]]))
        const store = yield* SnapshotStore.SnapshotStore
        for (const name of ["log/normalization/000000.ndjson", "log/rejected/000000.ndjson"]) {
          yield* store.remove(job.id, name)
          yield* store.put(job.id, name, new TextEncoder().encode("{}\n"))
        }
        for (const stream of [Inspection.normalizations(job.id), Inspection.rejected(job.id)])
          expect(yield* Effect.flip(all(stream as Stream.Stream<unknown, Inspection.InspectionError, never>))).toMatchObject({
            _tag: "IntegrityError",
          })
      }),
    ))
})

test("a ref is parsed into its place and label, whatever they hold", () => {
  const label = fc.oneof(
    fc.integer({ min: 0, max: 2_000_000 }),
    fc.string().filter((text) => !text.includes(":") && !/^\d/.test(text)),
  )
  fc.assert(
    fc.property(fc.string(), label, (place, value) => {
      expect(Ref.parse(Ref.make(place, value))).toEqual({ place, label: value })
    }),
  )
  expect(Ref.parse("no ref")).toBeUndefined()
})
