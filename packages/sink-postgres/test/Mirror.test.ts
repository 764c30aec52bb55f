/** Mirrors over tables: what is missing is found by key and scope, with references and exact values. */
import { Cell, Engine, Entity, Field, Import, Mirror } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, References, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()

const Brand = Entity.make("brand", { schema: { slug: Field.text() }, key: "slug" })
const Product = Entity.make("product", {
  schema: {
    brand: Field.text(),
    nr: Field.integer(),
    title: Field.nullable(Field.text()),
    price: Field.decimal({ precision: 12, scale: 3 }),
    seen: Field.timestamp(),
    specs: Field.optional(Field.json()),
    state: Field.text(),
  },
  key: ["brand", "nr"],
  references: { brand: Brand },
})

const columns = ["brand", "nr", "price"]
const productsOf = (sink: ReturnType<typeof PostgresSink.make>, scope: { brand?: string; title?: null } = {}) =>
  Import.make({
    name: "products",
    row: Schema.Struct({ brand: Cell.text(), nr: Cell.integer(), price: Cell.decimal({ precision: 12, scale: 3 }) }),
    entities: [Product, Brand],
    map: (row) => [
      Brand.of({ slug: row.brand }),
      Product.of({ ...row, title: null, seen: "2026-01-02T03:04:05.678912Z", state: "listed" }),
    ],
    mirrors: [Mirror.mark(Product, { set: { state: "gone" }, scope, maxShare: 0.5 })],
    sink,
  })

const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(
    (effect as Effect.Effect<A, E>).pipe(
      Effect.provide(Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)),
      Effect.provideService(References.MinimumLogLevel, "Warn"),
    ),
  )

const feed = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => TestSource.make({ columns, rows })

const scene = async () => {
  const schema = await database.schema(`
    CREATE TABLE $S.brand (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text UNIQUE NOT NULL);
    CREATE TABLE $S.product (brand_id int NOT NULL REFERENCES $S.brand, nr int NOT NULL, title text, price numeric(12,3) NOT NULL,
      seen timestamptz NOT NULL, specs jsonb, state text NOT NULL, note text, PRIMARY KEY (brand_id, nr))`)
  const sink = PostgresSink.make({
    pool: database.pool,
    schema,
    tables: {
      brand: PostgresSink.table(`${schema}.brand`),
      product: PostgresSink.table(`${schema}.product`, { columns: { brand: PostgresSink.reference("brand_id") } }),
    },
  })
  const rows = () =>
    database.rows(
      `SELECT b.slug, p.nr, p.title, p.price::text, p.seen::text, p.specs::text, p.state, p.note
        FROM ${schema}.product p JOIN ${schema}.brand b ON b.id = p.brand_id ORDER BY 1, 2`,
    )
  return { schema, sink, rows }
}

describe("a mirror", () => {
  it("marks rows by a key that is a reference, and leaves all else of them as it is", async () => {
    const { rows, schema, sink } = await scene()
    await run(
      Engine.run(
        productsOf(sink),
        feed([
          ["a", 1, "1.500"],
          ["a", 2, "2.000"],
          ["b", 1, "3.125"],
        ]),
      ),
    )
    await database.rows(
      `UPDATE ${schema}.product SET note = 'mine', specs = '{"b": [1, null], "a": "é"}', title = 'Größe' WHERE nr = 2`,
    )
    const before = await rows()
    const job = await run(
      Engine.run(
        productsOf(sink),
        feed([
          ["a", 1, "1.500"],
          ["b", 1, "3.125"],
        ]),
      ),
    )
    expect(job).toMatchObject({ status: "success", counts: { updated: 1, entities: { product: { missing: 1, unchanged: 2 } } } })
    expect(await rows()).toEqual(before.map((row) => (row.nr === 2 ? { ...row, state: "gone" } : row)))
    const again = await run(
      Engine.run(
        productsOf(sink),
        feed([
          ["a", 1, "1.500"],
          ["b", 1, "3.125"],
        ]),
      ),
    )
    expect(again.counts).toMatchObject({ updated: 0, entities: { product: { missing: 0 } } })
  })

  it("keeps to its scope, which may be a reference or null, and counts its share there", async () => {
    const { rows, sink } = await scene()
    const all = [...["a", "b"].flatMap((brand) => [1, 2, 3, 4].map((nr) => [brand, nr, "1.000"]))]
    await run(Engine.run(productsOf(sink), feed(all)))
    const own = productsOf(sink, { brand: "a", title: null })
    const lost = await run(Engine.run(own, feed([["a", 1, "1.000"]])))
    expect(lost).toMatchObject({ status: "failed", failure: { code: "mirror.share" } })
    expect(lost.failure!.message).toContain("3 of 4 records")
    const job = await run(
      Engine.run(
        own,
        feed([
          ["a", 1, "1.000"],
          ["a", 2, "1.000"],
        ]),
      ),
    )
    expect(job.status).toBe("success")
    expect((await rows()).filter(({ state }) => state === "gone").map(({ nr, slug }) => [slug, nr])).toEqual([
      ["a", 3],
      ["a", 4],
    ])
  })

  it("takes no row for gone that the feed has and the server refuses", async () => {
    const { rows, schema, sink } = await scene()
    await run(
      Engine.run(
        productsOf(sink),
        feed([
          ["a", 1, "1.000"],
          ["a", 2, "1.000"],
        ]),
      ),
    )
    await database.rows(`ALTER TABLE ${schema}.product ADD CHECK (price < 100)`)
    const before = await rows()
    const job = await run(
      Engine.run(
        { ...productsOf(sink), allowPartial: true },
        feed([
          ["a", 1, "200.000"],
          ["a", 2, "1.000"],
        ]),
      ),
    )
    expect(job).toMatchObject({ status: "failed", failure: { code: "mirror.rejected" } })
    expect(await rows()).toEqual(before)
  })
})
