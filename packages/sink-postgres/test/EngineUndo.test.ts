/** The engine over tables: what the server refuses is left out of a batch, and a whole job is taken back. */
import { Cell, Engine, Entity, Field, Import, JobStore } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, References, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()

const Brand = Entity.make("brand", {
  schema: { slug: Field.text(), title: Field.text() },
  key: "slug",
  create: (slug) => ({ slug, title: slug }),
})
const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    title: Field.text(),
    price: Field.decimal({ precision: 12, scale: 2 }),
    brand: Field.nullable(Field.text()),
  },
  key: "sku",
  references: { brand: Brand },
})
const columns = ["sku", "title", "price", "brand"]

const productsOf = (sink: ReturnType<typeof PostgresSink.make>, transaction: "atomic" | "batched", batch: number) =>
  Import.make({
    name: "products",
    row: Schema.Struct({
      sku: Cell.text(),
      title: Cell.text(),
      price: Cell.decimal({ precision: 12, scale: 2 }),
      brand: Cell.optional(Cell.text()),
    }),
    entities: [Product, Brand],
    map: Import.columns(Product),
    mode: "smart",
    allowPartial: true,
    transaction,
    limits: { batch },
    sink,
  })

const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(
    (effect as Effect.Effect<A, E>).pipe(
      Effect.provide(Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)),
      Effect.provideService(References.MinimumLogLevel, "None"),
    ),
  )

const scene = async () => {
  const schema = await database.schema(`
    CREATE TABLE $S.brand (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text UNIQUE NOT NULL, title text NOT NULL);
    CREATE TABLE $S.product (sku text PRIMARY KEY, title text NOT NULL, price numeric NOT NULL,
      brand_id int REFERENCES $S.brand, own text);
    INSERT INTO $S.brand (slug, title) VALUES ('old', 'Old');
    INSERT INTO $S.product VALUES ('P-2', 'Before', 1.5000, NULL, 'mine'), ('Z-9', 'Other', 9, 1, NULL)`)
  const sink = PostgresSink.make({
    pool: database.pool,
    schema,
    tables: {
      brand: PostgresSink.table(`${schema}.brand`),
      product: PostgresSink.table(`${schema}.product`, { columns: { brand: PostgresSink.reference("brand_id") } }),
    },
  })
  const rows = async () => [
    ...(await database.rows(`SELECT p::text FROM ${schema}.product p ORDER BY sku`)),
    ...(await database.rows(`SELECT b::text FROM ${schema}.brand b ORDER BY slug`)),
  ]
  return { schema, sink, rows, skus: () => database.rows(`SELECT sku FROM ${schema}.product ORDER BY sku`) }
}

const row = (
  at: number,
  { brand = null, price = "5", title = `Lamp ${at}` }: { brand?: string | null; price?: string; title?: string } = {},
) => [`P-${at}`, title, price, brand]
const issuesOf = (id: string) => Effect.flatMap(JobStore.JobStore, (store) => store.issues(id))

describe("a batched commit of which the server refuses some records", () => {
  it.each([1, 3, 100])("writes all others and says why, in batches of %i; its undo gives all of it back", async (batch) => {
    const { rows, schema, sink, skus } = await scene()
    const before = await rows()
    const feed = [
      row(1, { brand: "new" }),
      row(2, { brand: "old" }),
      row(3, { price: "500" }),
      row(4, { title: "Lamp 1" }),
      row(5, { brand: "bad" }),
      row(6, { brand: "new" }),
      row(7, { title: "Other" }),
    ]
    await run(
      Effect.gen(function* () {
        const d = productsOf(sink, "batched", batch)
        const pending = yield* Engine.validate(d, TestSource.make({ columns, rows: feed }))
        expect(pending.counts).toMatchObject({ created: 8, updated: 1, failed: 0 })
        // what the plan cannot know
        yield* Effect.promise(() =>
          database.rows(`ALTER TABLE ${schema}.brand ADD CONSTRAINT no_bad CHECK (slug <> 'bad');
            ALTER TABLE ${schema}.product ADD CONSTRAINT cheap CHECK (price < 100), ADD CONSTRAINT one_title UNIQUE (title)`),
        )
        const job = yield* Engine.commit(d, pending.id)
        expect(job).toMatchObject({ status: "partial", failure: null, counts: { created: 3, updated: 1, failed: 5 } })
        const issues = yield* issuesOf(job.id)
        expect(issues.map(({ code, column, ref }) => [ref, code, column]).sort()).toEqual(
          [
            ["candidate:brand:bad", "sink.23514", "no_bad"],
            ["test:3", "sink.23514", "cheap"],
            ["test:4", "sink.23505", "one_title"],
            ["test:5", "reference.refused", "brand"],
            ["test:7", "sink.23505", "one_title"],
          ].sort(),
        )
        expect((yield* Effect.promise(skus)).map(({ sku }) => sku)).toEqual(["P-1", "P-2", "P-6", "Z-9"])
        const preview = yield* Engine.previewUndo(d, job.id)
        expect(preview).toMatchObject({ reversed: 4, kept: 0, errored: 0 })
        const undo = yield* Engine.undo(d, job.id)
        expect(undo).toMatchObject({ status: "success", undo: { reversed: 4, kept: 0, errored: 0 } })
      }),
    )
    expect(await rows()).toEqual(before)
  })
})

describe.each(["atomic", "batched"] as const)("an undo of a job (%s)", (transaction) => {
  it("gives back what nobody touched, keeps the rest, and lets the file be imported again", async () => {
    const { rows, schema, sink } = await scene()
    await run(
      Effect.gen(function* () {
        const d = productsOf(sink, transaction, 2)
        const feed = TestSource.make({
          columns,
          rows: [1, 2, 3, 4].map((at) => row(at, { brand: at % 2 === 0 ? "new" : "old" })),
        })
        const job = yield* Engine.run(d, feed)
        expect(job).toMatchObject({ status: "success", counts: { created: 4, updated: 1 } })
        yield* Effect.promise(() => database.rows(`UPDATE ${schema}.product SET title = 'Edited' WHERE sku = 'P-4'`))
        const undo = yield* Engine.undo(d, job.id)
        expect(undo).toMatchObject({ status: "partial", undo: { reversed: 3, kept: 2, errored: 0 } })
        expect((yield* issuesOf(undo.id)).map(({ code, value }) => [code, value])).toEqual([
          ["undo.kept", "P-4"],
          ["undo.kept", "new"],
        ])
        expect((yield* Effect.promise(rows)).map((it) => Object.values(it)[0])).toEqual([
          "(P-2,Before,1.5000,,mine)",
          "(P-4,Edited,5.00,2,)",
          "(Z-9,Other,9,1,)",
          "(2,new,new)",
          "(1,old,Old)",
        ])
        const again = yield* Engine.run(d, feed)
        expect(again).toMatchObject({ status: "success", counts: { created: 2, updated: 2, failed: 0 } })
      }),
    )
  })
})

describe("a batch of 5,000 of which the server refuses 3", () => {
  const feed = TestSource.make({
    columns,
    rows: Array.from({ length: 5_000 }, (_, at) => row(at + 10, at % 2_000 === 7 ? { price: "500" } : {})),
    pageRows: 1_000,
  })
  const commit = (transaction: "atomic" | "batched") => async () => {
    const { rows, schema, sink } = await scene()
    const before = await rows()
    return run(
      Effect.gen(function* () {
        const d = productsOf(sink, transaction, 5_000)
        const pending = yield* Engine.validate(d, feed)
        expect(pending.counts).toMatchObject({ created: 5_000, failed: 0 })
        yield* Effect.promise(() => database.rows(`ALTER TABLE ${schema}.product ADD CONSTRAINT cheap CHECK (price < 100)`))
        const job = yield* Engine.commit(d, pending.id)
        const issues = (yield* issuesOf(job.id)).map(({ code, column, ref }) => [ref, code, column])
        const [{ count }] = (yield* Effect.promise(() => database.rows(`SELECT count(*)::int FROM ${schema}.product`))) as [any]
        return { before, issues, job, rows: yield* Effect.promise(rows), written: count - 2 }
      }),
    )
  }
  const refs = [8, 2_008, 4_008].map((label) => [`test:${label}`, "sink.23514", "cheap"])

  it("takes 4,997 of them in, and tells the 3 with their refs (batched)", async () => {
    const { issues, job, written } = await commit("batched")()
    expect(job).toMatchObject({ status: "partial", counts: { created: 4_997, failed: 3 } })
    expect(issues).toEqual(refs)
    expect(written).toBe(4_997)
  })

  it("takes none of them in, and tells the 3 with their refs (atomic)", async () => {
    const { before, issues, job, rows } = await commit("atomic")()
    expect(job).toMatchObject({ status: "failed", counts: { created: 0 } })
    expect(issues).toEqual(refs)
    expect(rows).toEqual(before)
  })
})
