import {
  Cell,
  Engine,
  Entity,
  Field,
  Fingerprint,
  Import,
  JobStore,
  Normalize,
  Rule,
  SnapshotStore,
  type Source,
} from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Logger, Schema, Stream } from "effect"
import { expect, test } from "vitest"

const Category = Entity.make("category", {
  schema: { slug: Field.text(), title: Field.text() },
  key: "slug",
  create: (slug) => ({ slug, title: slug }),
})
const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    title: Field.nullable(Field.text()),
    price: Field.nullable(Field.decimal({ precision: 10, scale: 2 })),
    category: Field.nullable(Field.text()),
  },
  key: "sku",
  references: { category: Category },
})

const columns = ["sku", "title", "price", "category"]
const Row = Schema.Struct({
  sku: Cell.text(),
  title: Cell.optional(Cell.text()),
  price: Cell.optional(Cell.decimal({ precision: 10, scale: 2 })),
  category: Cell.optional(Cell.text()),
})

const definition = (sink: MemorySink.MemorySink, options: Partial<Import.Options<typeof Row.Type>> = {}) =>
  Import.make({
    name: "products",
    row: Row,
    normalize: [Normalize.empty(), Normalize.trim(), Normalize.nfc()],
    entities: [Product, Category],
    map: Import.columns(Product),
    sink,
    ...options,
  })

const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(
    Effect.provide(
      effect as Effect.Effect<A, E, never>,
      Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, Logger.layer([])),
    ),
  )

const rows = [
  ["A-1", " Lamp ", "12.5", null],
  ["A-2", "Shade", "-", null],
  ["A-3", "Bulb", "3", null],
]

test("a preview equals its commit, and a second validation shows nothing but unchanged", async () => {
  const sink = MemorySink.make()
  await run(
    Effect.gen(function* () {
      const source = TestSource.make({ columns, rows })
      const preview = yield* Engine.validate(definition(sink), source)
      expect(preview.failure).toBeNull()
      expect(preview.status).toBe("pending")
      expect(preview.counts).toMatchObject({
        processed: 3,
        imported: 3,
        created: 3,
        updated: 0,
        normalizations: { trim: 1, empty: 1 },
      })
      expect(sink.tables.size).toBeLessThanOrEqual(1)
      const done = yield* Engine.commit(definition(sink), preview.id)
      expect(done.failure).toBeNull()
      expect(done.status).toBe("success")
      expect(done.counts).toMatchObject({ created: 3, updated: 0, unchanged: 0, conflict: 0, failed: 0 })
      expect(sink.tables.get("product")!.get("A-1")).toEqual(["A-1", "Lamp", "12.50", null])
      const again = yield* Engine.validate(definition(sink), source)
      expect(again.counts).toMatchObject({ created: 0, updated: 0, unchanged: 3 })
      expect(again.snapshot!.hash).toBe(preview.snapshot!.hash)
    }),
  )
})

test("all problems of a row are reported, with place, column and value", async () => {
  const sink = MemorySink.make()
  await run(
    Effect.gen(function* () {
      const Strict = Schema.Struct({ sku: Cell.text(), price: Cell.decimal({ scale: 2 }), day: Cell.date() })
      const Thing = Entity.make("thing", {
        schema: { sku: Field.text(), price: Field.decimal({ scale: 2 }), day: Field.date() },
        key: "sku",
      })
      const source = TestSource.make({
        columns: ["sku", "price", "day"],
        rows: [
          ["x", "cheap", "2024-02-31"],
          ["y", "", "2024-02-29"],
        ],
      })
      const job = yield* Engine.validate(
        Import.make({ name: "things", row: Strict, entities: [Thing], map: Import.columns(Thing), sink }),
        source,
      )
      expect(job.status).toBe("failed")
      expect(job.failure!.code).toBe("rows.rejected")
      const store = yield* JobStore.JobStore
      const issues = yield* store.issues(job.id)
      expect(issues.map(({ code, column, ref, value }) => [ref, column, code, value])).toEqual([
        ["test:1", "price", "cell.decimal", "cheap"],
        ["test:1", "day", "cell.date", "2024-02-31"],
        ["test:2", "price", "cell.empty", ""],
      ])
      expect(job.counts).toMatchObject({
        processed: 2,
        rejected: 2,
        imported: 0,
        skippedByCode: { "cell.decimal": 1, "cell.empty": 1 },
      })
    }),
  )
})

test("strict mode refuses a missing reference and lists it once; smart mode creates it", async () => {
  const sink = MemorySink.make()
  const wanting = [
    ["A-1", "Lamp", "1", "lamps"],
    ["A-2", "Lamp", "1", "lamps"],
    ["A-3", "Lamp", "1", null],
  ]
  await run(
    Effect.gen(function* () {
      const source = TestSource.make({ columns, rows: wanting })
      const strict = yield* Engine.validate(definition(sink, { allowPartial: true }), source)
      expect(strict.counts).toMatchObject({
        imported: 1,
        rejected: 2,
        created: 1,
        failed: 2,
        skippedByCode: { "reference.missing": 2 },
      })
      expect(yield* Engine.candidates(strict.id)).toEqual([
        { entity: "category", key: "lamps", rows: 2, firstRef: "test:1", created: false },
      ])
      const smart = yield* Engine.run(definition(sink, { mode: "smart" }), source)
      expect(smart.failure).toBeNull()
      expect(smart.counts).toMatchObject({ imported: 3, created: 4, candidates: 1 })
      expect(sink.tables.get("category")!.get("lamps")).toEqual(["lamps", "lamps"])
    }),
  )
})

test("a key twice: equal content is skipped, other content is a conflict of keys that names the first row", async () => {
  const sink = MemorySink.make()
  await run(
    Effect.gen(function* () {
      const source = TestSource.make({ columns, rows: [rows[0], rows[0], ["A-1", "Other", null, null]] })
      const job = yield* Engine.validate(definition(sink, { allowPartial: true }), source)
      expect(job.counts).toMatchObject({
        imported: 1,
        skipped: 1,
        rejected: 1,
        skippedByCode: { "row.duplicate": 1, "key.conflict": 1 },
      })
      const store = yield* JobStore.JobStore
      const issues = yield* store.issues(job.id)
      expect(issues[0]).toMatchObject({ ref: "test:3", value: "A-1", message: expect.stringContaining("test:1") })
    }),
  )
})

test.each(["abort", "skip"] as const)(
  "a record changed between validate and commit is a conflict and not overwritten (%s)",
  async (onConflict) => {
    const sink = MemorySink.make()
    await run(
      Effect.gen(function* () {
        const d = definition(sink, { onConflict })
        yield* Engine.run(d, TestSource.make({ columns, rows }))
        const changed = rows.map((row) => [row[0], "New", ...row.slice(2)])
        const preview = yield* Engine.validate(d, TestSource.make({ columns, rows: changed }))
        expect(preview.counts).toMatchObject({ updated: 3 })
        const shown = yield* Stream.runCollect(Engine.changes(d, preview.id))
        expect(shown[0]).toMatchObject({
          ref: "test:1",
          key: "A-1",
          action: "update",
          changes: [{ field: "title", before: "Lamp", after: "New" }],
        })
        sink.tables.get("product")!.set("A-2", ["A-2", "Edited", null, null])
        const done = yield* Engine.commit(d, preview.id)
        expect(sink.tables.get("product")!.get("A-2")![1]).toBe("Edited")
        if (onConflict === "abort") {
          expect(done.status).toBe("failed")
          expect(done.counts).toMatchObject({ conflict: 1, updated: 0, failed: 2, unprocessed: 3 })
          expect(sink.tables.get("product")!.get("A-1")![1]).toBe("Lamp")
        } else {
          expect(done.status).toBe("partial")
          expect(done.counts).toMatchObject({ conflict: 1, updated: 2, failed: 0 })
        }
      }),
    )
  },
)

test("the same bytes with the same definition are refused, naming the job, unless forced", async () => {
  const sink = MemorySink.make()
  await run(
    Effect.gen(function* () {
      const source = TestSource.make({ columns, rows, hashed: true })
      const first = yield* Engine.run(definition(sink), source)
      const refused = yield* Effect.flip(Engine.validate(definition(sink), source))
      expect(refused).toMatchObject({ reason: "AlreadyImported", job: first.id })
      const forced = yield* Engine.validate(definition(sink), source, { force: true })
      expect(forced).toMatchObject({ status: "pending", earlier: first.id })
    }),
  )
})

test("the same bytes read in another way are another input, and are not refused", async () => {
  const sink = MemorySink.make()
  const source = (profile?: string): Source.Source => {
    const plain = TestSource.make({ columns, rows, hashed: true })
    const reading = { name: `profile ${profile}`, sha256: Fingerprint.of(profile ?? "") }
    return profile === undefined ? plain : { ...plain, identify: Effect.map(plain.identify, (it) => ({ ...it, reading })) }
  }
  await run(
    Effect.gen(function* () {
      const ids: Record<string, string> = {}
      for (const profile of [undefined, "a", "b"]) {
        const job = yield* Engine.run(definition(sink), source(profile))
        expect(job).toMatchObject({ status: "success", earlier: null })
        ids[String(profile)] = job.id
      }
      for (const profile of [undefined, "a", "b"])
        expect(yield* Effect.flip(Engine.validate(definition(sink), source(profile)))).toMatchObject({
          reason: "AlreadyImported",
          job: ids[String(profile)],
        })
      const store = yield* SnapshotStore.SnapshotStore
      const manifest = JSON.parse(Buffer.from(yield* store.get(ids["a"]!, "snapshot.json")).toString()) as Record<string, unknown>
      expect(manifest["source"]).toMatchObject({ reading: { name: "profile a", sha256: Fingerprint.of("a") } })
    }),
  )
})

test("rules look at rows and across them", async () => {
  const sink = MemorySink.make()
  await run(
    Effect.gen(function* () {
      const d = definition(sink, {
        allowPartial: true,
        rules: [
          Rule.unique("title", ["title"]),
          Rule.check(
            "price",
            (row) => (row.price === null ? { column: "price", message: "expected a price" } : undefined),
            "warning",
          ),
        ],
      })
      const job = yield* Engine.validate(d, TestSource.make({ columns, rows: [...rows, ["A-4", "Bulb", "1", null]] }))
      expect(job.counts).toMatchObject({ rejected: 1, warnings: 1, issuesByCode: { "rule.title": 1, "rule.price": 1 } })
    }),
  )
})
