/**
 * A candidate is decided about by one process and applied by another, which share nothing but the database: with the nearest keys of the
 * target, in one schema with the jobs.
 */
import { Candidates, Cell, Engine, Entity, Field, Import, type JobStore, type SnapshotStore } from "@waybill/core"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Logger, Schema } from "effect"
import pg from "pg"
import { expect, it } from "vitest"
import { PostgresDecisionStore, PostgresJobStore, PostgresSink, PostgresSnapshotStore } from "../src/index.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()

const Category = Entity.make("category", { schema: { slug: Field.text(), title: Field.text() }, key: "slug" })
const Product = Entity.make("product", {
  schema: { sku: Field.text(), category: Field.text() },
  key: "sku",
  references: { category: Category },
})

const ddl = `
CREATE TABLE $S.category (id bigserial PRIMARY KEY, slug text NOT NULL UNIQUE, title text NOT NULL);
CREATE TABLE $S.product (sku text PRIMARY KEY, category_id bigint NOT NULL REFERENCES $S.category);
INSERT INTO $S.category (slug, title) SELECT 'shelf ' || i, 'Shelf' FROM generate_series(1, 500) i;
INSERT INTO $S.category (slug, title) VALUES ('lamps', 'Lamps'), ('LAMP', 'Lamp'), ('desks', 'Desks')`

// what a process has: a pool, stores, and the definition over a sink of its own
const processOn =
  (schema: string) =>
  async <A, E>(
    work: (products: Import.Import) => Effect.Effect<A, E, JobStore.JobStore | SnapshotStore.SnapshotStore>,
  ): Promise<A> => {
    const pool = new pg.Pool({ connectionString: database.url, max: 4 })
    const stores = { pool, schema: `${schema}_own` }
    const products = Import.make({
      name: "products",
      row: Schema.Struct({ sku: Cell.text(), category: Cell.text() }),
      entities: [Product, Category],
      map: Import.columns(Product),
      sink: PostgresSink.make({
        ...stores,
        tables: {
          category: PostgresSink.table(`${schema}.category`),
          product: PostgresSink.table(`${schema}.product`, { columns: { category: PostgresSink.reference("category_id") } }),
        },
      }),
      allowPartial: true,
    })
    const layer = Layer.mergeAll(
      PostgresJobStore.layer(stores),
      PostgresSnapshotStore.layer(stores),
      PostgresDecisionStore.layer(stores),
      Logger.layer([]),
    )
    try {
      return await Effect.runPromise(Effect.provide(work(products), layer))
    } finally {
      await pool.end()
    }
  }

const source = (...rows: ReadonlyArray<ReadonlyArray<unknown>>) =>
  TestSource.make({ columns: ["sku", "category"], rows, hashed: true })

it("is read as the key that was meant, in this file and in the next", async () => {
  const schema = await database.schema(ddl)
  const inProcess = processOn(schema)
  const first = source(["A-1", "Lampps"], ["A-2", "desks"], ["A-3", "Lampps"])
  const open = await inProcess((products) => Engine.validate(products, first))
  expect(open.counts).toMatchObject({ imported: 1, rejected: 2 })
  const listed = await inProcess((products) => Candidates.list(products, open.id))
  expect(listed).toMatchObject([{ key: "Lampps", rows: 2, standing: "open", nearest: ["lamps", "LAMP"], remembered: null }])

  const question = { entity: "category", key: "Lampps", by: "ann", verdict: "map" } as const
  const wrong = await inProcess((products) => Effect.flip(Candidates.decide(products, open.id, { ...question, as: "lights" })))
  expect(wrong).toMatchObject({ reason: "WrongDecision" })
  // two clerks at once: one is told
  const answers = await Promise.all(
    ["lamps", "LAMP"].map((as) =>
      inProcess((products) => Effect.result(Candidates.decide(products, open.id, { ...question, as, version: 0 }))),
    ),
  )
  expect(answers.map(({ _tag }) => _tag).sort()).toEqual(["Failure", "Success"])
  expect(answers.find((it) => it._tag === "Failure")!.failure).toMatchObject({ reason: "Stale" })
  await inProcess((products) => Candidates.decide(products, open.id, { ...question, as: "lamps" }))

  const job = await inProcess((products) => Engine.validate(products, first))
  expect(job.counts).toMatchObject({ imported: 3, rejected: 0, normalizations: { alias: 2 } })
  expect(await inProcess((products) => Candidates.list(products, job.id))).toMatchObject([
    { key: "Lampps", standing: "mapped", remembered: { as: "lamps", by: "ann", version: 2 } },
  ])
  expect(await inProcess((products) => Engine.commit(products, job.id))).toMatchObject({ status: "success" })
  const next = await inProcess((products) => Engine.run(products, source(["A-4", "Lampps"])))
  expect(next).toMatchObject({ status: "success" })
  expect(
    await database.rows(
      `SELECT p.sku, c.slug FROM ${schema}.product p JOIN ${schema}.category c ON c.id = p.category_id ORDER BY sku`,
    ),
  ).toEqual([
    { sku: "A-1", slug: "lamps" },
    { sku: "A-2", slug: "desks" },
    { sku: "A-3", slug: "lamps" },
    { sku: "A-4", slug: "lamps" },
  ])
})
