/** Fields that are not all the feed's, over tables: what is noted of them, how equal values are known, and that others pay nothing. */
import { Cell, Engine, Entity, Field, Import } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, References, Schema, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()

const Brand = Entity.make("brand", { schema: { slug: Field.text() }, key: "slug" })
const productOf = (ownership: Entity.Options<typeof schema>["ownership"]) =>
  Entity.make("product", {
    schema,
    key: "sku",
    references: { brand: Brand },
    ...(ownership === undefined ? {} : { ownership }),
  })
const schema = {
  sku: Field.text(),
  title: Field.text(),
  price: Field.decimal(),
  seen: Field.timestamp(),
  brand: Field.nullable(Field.text()),
}
const Product = productOf({ title: "whenEmpty", price: "keepEdits", seen: "keepEdits", brand: "keepEdits" })
const columns = ["sku", "title", "price", "seen", "brand"]
const moment = "2026-03-01T10:00:00.123456Z"

const importOf = (name: string, entity = Product, transaction: "atomic" | "batched" = "atomic") =>
  Import.make({
    name: `products of ${name}`,
    row: Schema.Struct({
      sku: Cell.text(),
      title: Cell.text(),
      price: Cell.decimal(),
      seen: Cell.timestamp(),
      brand: Cell.optional(Cell.text()),
    }),
    entities: [entity, Brand],
    map: Import.columns(entity),
    transaction,
    limits: { batch: 2 },
    sink: PostgresSink.make({
      pool: database.pool,
      schema: `waybill_${name}`,
      tables: {
        brand: PostgresSink.table(`${name}.brand`),
        product: PostgresSink.table(`${name}.product`, {
          id: "sku",
          columns: { brand: PostgresSink.reference("brand_id") },
        }),
      },
    }),
  })

const ddl = `
  CREATE TABLE $S.brand (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text UNIQUE NOT NULL);
  INSERT INTO $S.brand (slug) VALUES ('acme'), ('zeta');
  CREATE TABLE $S.product (sku varchar(80) PRIMARY KEY, title varchar(20) NOT NULL, price numeric NOT NULL,
    seen timestamptz NOT NULL, brand_id int REFERENCES $S.brand);`

const feed = (...rows: ReadonlyArray<ReadonlyArray<string | null>>) => TestSource.make({ columns, rows })

const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(
    (effect as Effect.Effect<A, E>).pipe(
      Effect.provide(Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)),
      Effect.provideService(References.MinimumLogLevel, "None"),
    ),
  )

const keptOf = (of: Import.Import, job: string) =>
  Effect.map(Stream.runCollect(Engine.changes(of, job)), (all) =>
    all.map(({ kept = [], key }) => [key, ...kept.map(({ field, why }) => `${field}: ${why}`)]),
  )

describe("owned fields", () => {
  it.each(["atomic", "batched"] as const)(
    "are noted in one row for each record, by the server, with the batch: %s",
    async (transaction) => {
      const name = await database.schema(ddl)
      const of = importOf(name, Product, transaction)
      await run(
        Effect.gen(function* () {
          const rows = ["A", "B", "C"].map((sku) => [sku, "Lamp", "1.5", moment, "acme"])
          const job = yield* Engine.run(of, feed(...rows))
          expect(job.failure).toBeNull()
          const noted = () =>
            Effect.promise(() =>
              database.rows(
                `SELECT relation, (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(fields) k) AS fields FROM waybill_${name}.written`,
              ),
            )
          const fields = ["brand_id", "price", "seen"]
          expect(yield* noted()).toEqual(Array(3).fill({ relation: `${name}.product`, fields }))
          // other spellings of the same values, by somebody's hand, are no edits
          yield* Effect.promise(() =>
            database.pool.query(
              `UPDATE ${name}.product SET price = 1.500, seen = '2026-03-01 11:00:00.123456+01' WHERE sku = 'A';
             UPDATE ${name}.product SET price = 1.51, brand_id = NULL WHERE sku = 'B';
             UPDATE ${name}.product SET seen = seen + interval '1 microsecond', brand_id = 2 WHERE sku = 'C'`,
            ),
          )
          const later = ["A", "B", "C"].map((sku) => [sku, "Other", "2", "2026-03-02T00:00:00Z", null])
          const preview = yield* Engine.validate(of, feed(...later))
          expect(yield* keptOf(of, preview.id)).toEqual([
            ["A", "title: notEmpty"],
            ["B", "title: notEmpty", "price: edited"],
            ["C", "title: notEmpty", "seen: edited", "brand: edited"],
          ])
          const done = yield* Engine.commit(of, preview.id)
          expect(done).toMatchObject({ status: "success", counts: { updated: 3, unchanged: 0 } })
          const held = () =>
            Effect.promise(() =>
              database.rows(`SELECT sku, title, price, seen::date::text AS seen, brand_id FROM ${name}.product ORDER BY sku`),
            )
          expect(yield* held()).toEqual([
            { sku: "A", title: "Lamp", price: "2", seen: "2026-03-02", brand_id: null },
            { sku: "B", title: "Lamp", price: "1.51", seen: "2026-03-02", brand_id: null },
            { sku: "C", title: "Lamp", price: "2", seen: "2026-03-01", brand_id: 2 },
          ])
          expect((yield* Engine.validate(of, feed(...later), { force: true })).counts).toMatchObject({ updated: 0, unchanged: 3 })
          const undo = yield* Engine.undo(of, done.id)
          expect(undo).toMatchObject({ status: "success", undo: { reversed: 3 } })
          const again = yield* Engine.validate(of, feed(...later), { force: true })
          expect(yield* keptOf(of, again.id)).toEqual(yield* keptOf(of, preview.id))
          // and the job before it takes all of it along
          yield* Effect.promise(() =>
            database.pool.query(`UPDATE ${name}.product SET (price, seen, brand_id) = (1.5, '${moment}', 1)`),
          )
          expect(yield* Engine.undo(of, job.id)).toMatchObject({ undo: { reversed: 3 } })
          expect(yield* noted()).toEqual([])
        }),
      )
    },
  )

  it("that a trigger writes otherwise are no edits: what the target made of them is what was written", async () => {
    const name = await database.schema(`${ddl}
      CREATE FUNCTION $S.round() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.price := round(NEW.price); RETURN NEW; END';
      CREATE TRIGGER round BEFORE INSERT OR UPDATE ON $S.product FOR EACH ROW EXECUTE FUNCTION $S.round();`)
    const of = importOf(name)
    await run(
      Effect.gen(function* () {
        yield* Engine.run(of, feed(["A", "Lamp", "1.4", moment, null]))
        const preview = yield* Engine.validate(of, feed(["A", "Lamp", "2", moment, null]))
        expect(yield* keptOf(of, preview.id)).toEqual([["A"]])
        expect(preview.counts.updated).toBe(1)
      }),
    )
  })

  it("of two tables of one name are apart, and keys may be as long as an index takes", async () => {
    const long = "k".repeat(80)
    const [one, two] = [await database.schema(ddl), await database.schema(ddl)]
    const of = (name: string) => {
      const it = importOf(name)
      return Import.make({
        name: `products of ${name}`,
        row: Schema.Struct({
          sku: Cell.text(),
          title: Cell.text(),
          price: Cell.decimal(),
          seen: Cell.timestamp(),
          brand: Cell.optional(Cell.text()),
        }),
        entities: it.entities,
        map: Import.columns(Product),
        sink: PostgresSink.make({
          pool: database.pool,
          schema: "waybill_shared",
          tables: {
            brand: PostgresSink.table(`${name}.brand`),
            product: PostgresSink.table(`${name}.product`, { columns: { brand: PostgresSink.reference("brand_id") } }),
          },
        }),
      })
    }
    await run(
      Effect.gen(function* () {
        yield* Engine.run(of(one), feed([long, "Lamp", "1", moment, null]))
        yield* Effect.promise(() => database.pool.query(`INSERT INTO ${two}.product SELECT * FROM ${one}.product`))
        const rows = feed([long, "Lamp", "2", moment, null])
        expect(yield* keptOf(of(one), (yield* Engine.validate(of(one), rows)).id)).toEqual([[long]])
        expect(yield* keptOf(of(two), (yield* Engine.validate(of(two), rows)).id)).toEqual([[long, "price: neverWritten"]])
      }),
    )
  })

  it("cost an import nothing that has none: no table is made, and none is asked for", async () => {
    const name = await database.schema(ddl)
    const of = importOf(name, productOf({ title: "whenEmpty", price: "atCreation" }))
    await run(Engine.run(of, feed(["A", "Lamp", "1", moment, null])))
    expect(
      await database.rows(
        `SELECT to_regclass('waybill_${name}.batch') IS NOT NULL AS batch, to_regclass('waybill_${name}.written') AS written`,
      ),
    ).toEqual([{ batch: true, written: null }])
  })
})
