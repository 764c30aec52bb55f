import { Effect, Layer, Schema, Stream } from "effect"
import { describe, expect, test } from "vitest"
import {
  Cell,
  DeadLetters,
  Engine,
  Entity,
  Field,
  Import,
  type JobStore,
  Mirror,
  Normalize,
  type SnapshotStore,
  type Source,
} from "../src/index.ts"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "../src/memory/index.ts"
import { TestSource } from "../src/testing/index.ts"

const run = <A, E>(effect: Effect.Effect<A, E, JobStore.JobStore | SnapshotStore.SnapshotStore>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)))

const Brand = Entity.make("brand", { schema: { slug: Field.text() }, key: "slug" })
const Product = Entity.make("product", {
  schema: { sku: Field.text(), price: Field.decimal({ scale: 2 }), brand: Field.nullable(Field.text()) },
  key: "sku",
  references: { brand: Brand },
})

const columns = ["sku", "price", "brand"]
const prices = (sink: ReturnType<typeof MemorySink.make>, cheap?: string): Import.Import =>
  Import.make({
    name: "prices",
    row: Schema.Struct({ sku: Cell.text(), price: Cell.decimal({ scale: 2 }), brand: Cell.optional(Cell.text()) }),
    normalize:
      cheap === undefined
        ? []
        : [{ rule: "cheap", columns: ["price"], options: null, start: () => (text) => (text === "cheap" ? cheap : text) }],
    entities: [Product, Brand],
    map: (row) => [Product.of(row)],
    sink,
    allowPartial: true,
  })

const rows = [
  ["A", "1.00", null],
  ["B", "cheap", null],
  ["C", "dear", null],
  ["D", "2.00", null],
  ["E", "cheap", "acme"],
]

const refsOf = (jobId: string) =>
  Effect.map(Stream.runCollect(DeadLetters.list(jobId)), (letters) => letters.map(({ ref }) => ref))

describe("dead letters", () => {
  test("are raw, and those that a mended import accepts leave the list once they are committed; the rest stay", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const job = yield* Engine.run(prices(sink), TestSource.make({ columns, rows, pageRows: 2 }))
        expect(job.counts).toMatchObject({ created: 2, rejected: 3 })
        const letters = yield* Stream.runCollect(DeadLetters.list(job.id))
        expect(letters.map(({ at, row }) => [at, row])).toEqual([
          [["test", 2], { columns, cells: rows[1] }],
          [["test", 3], { columns, cells: rows[2] }],
          [["test", 5], { columns, cells: rows[4] }],
        ])
        const mended = prices(sink, "0.50")
        const replay = yield* DeadLetters.replay(mended, job.id)
        expect(replay).toMatchObject({ status: "pending", source: { kind: "replay", details: { of: job.id } } })
        // E is taken now, but refers to a brand that is not there
        expect(replay.counts).toMatchObject({ processed: 3, created: 1, rejected: 2 })
        expect(yield* refsOf(job.id)).toEqual(["test:2", "test:3", "test:5"])
        yield* Engine.commit(mended, replay.id)
        expect([...sink.tables.get("product")!.keys()].sort()).toEqual(["A", "B", "D"])
        expect(yield* refsOf(job.id)).toEqual(["test:3", "test:5"])
        const again = yield* Engine.run(mended, TestSource.make({ columns, rows: [] }))
        expect(again.counts.processed).toBe(0)
        const last = yield* DeadLetters.replay(prices(sink, "0.75"), job.id)
        expect(last.counts).toMatchObject({ processed: 2, rejected: 2 })
      }),
    ))

  test("are told by the refs of the first time", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const job = yield* Engine.run(prices(sink), TestSource.make({ columns, rows, place: "may.csv" }))
        const replay = yield* DeadLetters.replay(prices(sink), job.id)
        const before = yield* Stream.runCollect(DeadLetters.list(job.id))
        const now = yield* Stream.runCollect(DeadLetters.list(replay.id))
        expect(now).toEqual(before)
        expect(now[0]!.issues[0]).toMatchObject({ ref: "may.csv:2", column: "price", value: "cheap" })
      }),
    ))

  test("that the source found wrong stay so", () =>
    run(
      Effect.gen(function* () {
        const plain = TestSource.make({ columns, rows: [["A", "1.00", null], ["B"]], pageRows: 10 })
        const ragged: Source.Source = {
          ...plain,
          read: (from) =>
            Stream.map(plain.read(from), (page) => ({
              ...page,
              issues: [{ row: 1, severity: "error", code: "csv.ragged", column: null, message: "expected 3 cells, found 1" }],
            })),
        }
        const sink = MemorySink.make()
        const job = yield* Engine.run(prices(sink), ragged)
        const replay = yield* DeadLetters.replay(prices(sink), job.id)
        expect(replay.counts).toMatchObject({ processed: 1, rejected: 1, issuesByCode: { "csv.ragged": 1, "cell.empty": 1 } })
      }),
    ))

  test("may be values of the source's own, whatever their shape", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const own = (least: number) =>
          Import.make({
            name: "prices",
            revision: least + 1,
            row: Schema.Struct({
              columns: Schema.Array(Schema.String),
              cells: Schema.Finite.check(Schema.isGreaterThanOrEqualTo(least)),
            }),
            entities: [Brand],
            map: ({ columns: [slug = "none"] }) => [Brand.of({ slug })],
            sink,
            allowPartial: true,
          })
        const job = yield* Engine.run(own(5), TestSource.make({ rows: [{ columns: ["x"], cells: 1 }, null, 7] }))
        expect(job.counts).toMatchObject({ rejected: 3 })
        const replay = yield* DeadLetters.replay(own(0), job.id)
        yield* Engine.commit(own(0), replay.id)
        expect([...sink.tables.get("brand")!.keys()]).toEqual(["x"])
        expect(yield* refsOf(job.id)).toEqual(["test:2", "test:3"])
      }),
    ))

  test("are not sent again where there are none, or by another import", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const job = yield* Engine.run(prices(sink), TestSource.make({ columns, rows: rows.slice(0, 1) }))
        expect(yield* Effect.flip(DeadLetters.replay(prices(sink), job.id))).toMatchObject({ reason: "NotFound", job: job.id })
        const other = { ...prices(sink), name: "other" }
        expect(yield* Effect.flip(DeadLetters.replay(other, job.id))).toMatchObject({ reason: "WrongImport" })
      }),
    ))

  test("are no feed of their own: a replay marks nothing as missing", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const Lamp = Entity.make("lamp", {
          schema: { sku: Field.text(), watts: Field.integer(), sold: Field.boolean() },
          key: "sku",
        })
        const lamps = (normalize: ReadonlyArray<Normalize.Normalization>) =>
          Import.make({
            name: "lamps",
            row: Schema.Struct({ sku: Cell.text(), watts: Cell.integer() }),
            normalize,
            entities: [Lamp],
            map: (row) => [Lamp.of({ ...row, sold: true })],
            mirrors: [Mirror.mark(Lamp, { set: { sold: false }, maxShare: 1 })],
            sink,
            allowPartial: true,
          })
        const feed = TestSource.make({
          columns: ["sku", "watts"],
          rows: [
            ["A", "5"],
            ["B", "9 W"],
          ],
        })
        const job = yield* Engine.run(lamps([]), feed, { mirrors: false })
        expect(job.counts).toMatchObject({ created: 1, rejected: 1 })
        const mended = lamps([Normalize.custom("watts", ["watts"], (text) => text.replace(" W", ""))])
        const replay = yield* DeadLetters.replay(mended, job.id)
        expect(replay).toMatchObject({ status: "pending", counts: { created: 1, updated: 0 } })
        yield* Engine.commit(mended, replay.id)
        expect([...sink.tables.get("lamp")!.values()]).toEqual([
          ["A", 5, true],
          ["B", 9, true],
        ])
      }),
    ))
})
