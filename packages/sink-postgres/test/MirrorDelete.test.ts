/** Mirrors that delete rows: behind their guards, children first, nothing along with them, and put back to the bit by an undo. */
import { Cell, Engine, Entity, Field, Import, JobStore, type JobStore as Jobs, Mirror, Source } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, References, Schema, Stream } from "effect"
import type pg from "pg"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()

const Brand = Entity.make("brand", { schema: { slug: Field.text(), title: Field.nullable(Field.text()) }, key: "slug" })
const Product = Entity.make("product", {
  schema: {
    brand: Field.text(),
    nr: Field.integer(),
    price: Field.decimal({ precision: 12, scale: 3 }),
    country: Field.text(),
    seen: Field.optional(Field.timestamp()),
  },
  key: ["brand", "nr"],
  references: { brand: Brand },
  volatile: ["seen"],
})

const columns = ["brand", "nr", "price", "country"]
const Row = Schema.Struct({
  brand: Cell.text(),
  nr: Cell.optional(Cell.integer()),
  price: Cell.optional(Cell.decimal({ precision: 12, scale: 3 })),
  country: Cell.optional(Cell.text()),
})
type Options = Partial<Import.Options<typeof Row.Type>>

const productsOf = (sink: ReturnType<typeof PostgresSink.make>, options: Options = {}) =>
  Import.make<typeof Row.Type>({
    name: "products",
    row: Row,
    entities: [Product, Brand],
    map: ({ brand, country, nr, price }) => [
      Brand.of({ slug: brand, title: null }),
      ...(nr === null ? [] : [Product.of({ brand, nr, price: price!, country: country! })]),
    ],
    mirrors: [Mirror.remove(Product, { maxShare: 0.5 })],
    sink,
    ...options,
  })

const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(
    (effect as Effect.Effect<A, E>).pipe(
      Effect.provide(Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)),
      Effect.provideService(References.MinimumLogLevel, "Warn"),
    ),
  )

const feed = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => TestSource.make({ columns, rows })
const rowsOf = (count: number, brand = "a", country = "PT") =>
  Array.from({ length: count }, (_, at) => [brand, at, "1.500", country])

const scene = async () => {
  const schema = await database.schema(`
    CREATE TABLE $S.brand (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text UNIQUE NOT NULL, title text);
    CREATE TABLE $S.product (brand_id int NOT NULL REFERENCES $S.brand, nr int NOT NULL, price numeric(12,3) NOT NULL, country char(2) NOT NULL,
      seen timestamptz, note text, id bigint GENERATED ALWAYS AS IDENTITY UNIQUE, gross numeric GENERATED ALWAYS AS (price * 1.23) STORED,
      specs json, code char(5), until timestamptz, ratio float8, tags text[], raw bytea, PRIMARY KEY (brand_id, nr))`)
  const sinkOf = (pool: PostgresSink.PoolLike = database.pool) =>
    PostgresSink.make({
      pool,
      schema,
      tables: {
        brand: PostgresSink.table(`${schema}.brand`),
        product: PostgresSink.table(`${schema}.product`, { columns: { brand: PostgresSink.reference("brand_id") } }),
      },
    })
  const text = (table: string) => database.rows(`SELECT t::text AS row FROM ${schema}.${table} t ORDER BY 1`)
  const numbers = async () =>
    (
      await database.rows(
        `SELECT b.slug || p.nr AS key FROM ${schema}.product p JOIN ${schema}.brand b ON b.id = p.brand_id ORDER BY p.id`,
      )
    ).map(({ key }) => key)
  const all = async () => [await text("brand"), await text("product")]
  return { schema, sink: sinkOf(), sinkOf, all, numbers }
}

const issuesOf = (job: string) =>
  Effect.gen(function* () {
    const store: Jobs.JobStore["Service"] = yield* JobStore.JobStore
    return (yield* store.issues(job)).map(({ code, column, ref }) => [ref, code, column])
  })

describe("a mirror that deletes", () => {
  it.each(["atomic", "batched"] as const)(
    "deletes rows by a key that is a reference; the undo puts all columns back to the bit: %s",
    async (transaction) => {
      const { all, numbers, schema, sink } = await scene()
      const definition = productsOf(sink, { transaction, limits: { batch: 2 } })
      await run(
        Effect.gen(function* () {
          yield* Engine.run(definition, feed(rowsOf(8)))
          yield* Effect.promise(() =>
            database.rows(`UPDATE ${schema}.product SET note = E'it''s\\nmine', specs = '{"b" : [1, null],  "b": "é"}', code = 'x', until = 'infinity',
              ratio = 0.1::float8 + 0.2, tags = '{a,NULL,"b,c"}', raw = '\\x00ff', seen = '2020-01-02 03:04:05.678912+05' WHERE nr > 4`),
          )
          const before = yield* Effect.promise(all)
          const preview = yield* Engine.validate(definition, feed(rowsOf(5)))
          expect(preview).toMatchObject({ status: "pending", counts: { deleted: 3, unchanged: 6 } })
          expect(yield* Effect.promise(all)).toEqual(before)
          const job = yield* Engine.commit(definition, preview.id)
          expect(job).toMatchObject({ status: "success", counts: { deleted: 3, unchanged: 6 } })
          expect(yield* Effect.promise(numbers)).toEqual(["a0", "a1", "a2", "a3", "a4"])
          expect(yield* Engine.previewUndo(definition, job.id)).toMatchObject({ reversed: 3, kept: 0, errored: 0 })
          const undo = yield* Engine.undo(definition, job.id)
          expect(undo).toMatchObject({ status: "success", undo: { reversed: 3, kept: 0, errored: 0 } })
          expect(yield* Effect.promise(all)).toEqual(before)
        }),
      )
    },
  )

  const broken = (rows: ReadonlyArray<ReadonlyArray<unknown>>): Source.Source => {
    const source = TestSource.make({ columns, rows, pageRows: 10 })
    const error = new Source.SourceError({ reason: "Malformed", message: "the file ends in a row", isRetryable: false })
    return { ...source, read: (from) => Stream.concat(Stream.take(source.read(from), 3), Stream.fail(error)) }
  }
  it.each([
    ["an empty feed", feed([]), {}, "mirror.empty"],
    ["a feed cut off in a row", feed([...rowsOf(39), ["a", "3x"]]), { allowPartial: true }, "mirror.rejected"],
    ["a feed that ends with an error", broken(rowsOf(40)), {}, "source.Malformed"],
    ["a feed that ends early, without a word", feed(rowsOf(19)), {}, "mirror.share"],
    ["a feed that lost 60 %", feed(rowsOf(16)), {}, "mirror.share"],
    ["more deletions than the import may make", feed(rowsOf(36)), { limits: { maxDeleted: 3 } }, "limit.maxDeleted"],
  ] as const)("refuses %s, and writes nothing", async (_, source, options, code) => {
    const { all, sink } = await scene()
    await run(Engine.run(productsOf(sink), feed(rowsOf(40))))
    const before = await all()
    expect(await run(Engine.run(productsOf(sink, options as Options), source))).toMatchObject({
      status: "failed",
      failure: { code },
    })
    expect(await all()).toEqual(before)
  })

  it("is refused what a foreign key of another table leads to, by its name, whatever it would do; all else goes", async () => {
    const { numbers, schema, sink } = await scene()
    const definition = productsOf(sink, {
      transaction: "batched",
      allowPartial: true,
      mirrors: [Mirror.remove(Product, { maxShare: 1 })],
    })
    await run(
      Effect.gen(function* () {
        yield* Engine.run(definition, feed(rowsOf(9)))
        yield* Effect.promise(() =>
          database.rows(`
            CREATE TABLE ${schema}.sale (product bigint CONSTRAINT sale_of REFERENCES ${schema}.product (id));
            CREATE TABLE ${schema}.view (product bigint CONSTRAINT view_of REFERENCES ${schema}.product (id) ON DELETE CASCADE);
            CREATE TABLE ${schema}.gift (product bigint CONSTRAINT gift_of REFERENCES ${schema}.product (id) ON DELETE SET NULL);
            CREATE TABLE ${schema}.late (product bigint CONSTRAINT late_of REFERENCES ${schema}.product (id) DEFERRABLE INITIALLY DEFERRED);
            INSERT INTO ${schema}.sale SELECT id FROM ${schema}.product WHERE nr = 2;
            INSERT INTO ${schema}.view SELECT id FROM ${schema}.product WHERE nr = 4;
            INSERT INTO ${schema}.gift SELECT id FROM ${schema}.product WHERE nr = 5;
            INSERT INTO ${schema}.late SELECT id FROM ${schema}.product WHERE nr = 7`),
        )
        const job = yield* Engine.run(definition, feed(rowsOf(1)))
        expect(job).toMatchObject({ status: "partial", counts: { deleted: 4, failed: 4, unchanged: 2 } })
        expect(yield* Effect.promise(numbers)).toEqual(["a0", "a2", "a4", "a5", "a7"])
        expect(yield* issuesOf(job.id)).toEqual([
          ['missing:product:["a",2]', "sink.23503", "sale_of"],
          ['missing:product:["a",4]', "sink.23503", "view_of"],
          ['missing:product:["a",5]', "sink.23503", "gift_of"],
          ['missing:product:["a",7]', "sink.23503", "late_of"],
        ])
        const left = yield* Effect.promise(() =>
          database.rows(`SELECT product FROM ${schema}.view UNION ALL SELECT product FROM ${schema}.gift`),
        )
        expect(left.every(({ product }) => product !== null)).toBe(true)
        for (const transaction of ["atomic", "batched"] as const) {
          const strict = productsOf(sink, { transaction, mirrors: [Mirror.remove(Product, { maxShare: 1 })] })
          const stopped = yield* Engine.run(strict, feed(rowsOf(1)), { force: true })
          expect(stopped).toMatchObject({ status: "failed", failure: { code: "sink.DataRefused" }, counts: { deleted: 0 } })
        }
        expect(yield* Effect.promise(numbers)).toEqual(["a0", "a2", "a4", "a5", "a7"])
      }),
    )
  })

  it.each(["atomic", "batched"] as const)(
    "deletes nothing that changed since the plan, in any column but a volatile one: %s",
    async (transaction) => {
      const { numbers, schema, sink } = await scene()
      await run(
        Effect.gen(function* () {
          const skip = productsOf(sink, { transaction, onConflict: "skip" })
          yield* Engine.run(skip, feed(rowsOf(8)))
          const touch = Effect.promise(() =>
            database.rows(`UPDATE ${schema}.product SET note = 'mine' WHERE nr = 5; UPDATE ${schema}.product SET seen = now() WHERE nr = 6;
            DELETE FROM ${schema}.product WHERE nr = 7`),
          )
          const abort = productsOf(sink, { transaction })
          const refused = yield* Engine.validate(abort, feed(rowsOf(5)))
          const preview = yield* Engine.validate(skip, feed(rowsOf(5)), { force: true })
          yield* touch
          expect(yield* Engine.commit(abort, refused.id)).toMatchObject({ status: "failed", failure: { code: "conflict" } })
          expect(yield* Effect.promise(numbers)).toHaveLength(7)
          const job = yield* Engine.commit(skip, preview.id)
          expect(job).toMatchObject({ status: "partial", counts: { deleted: 2, conflict: 1 } })
          expect(yield* Effect.promise(numbers)).toEqual(["a0", "a1", "a2", "a3", "a4", "a5"])
          expect(yield* Engine.undo(skip, job.id)).toMatchObject({ status: "success", undo: { reversed: 2, kept: 0 } })
          expect(yield* Effect.promise(numbers)).toEqual(["a0", "a1", "a2", "a3", "a4", "a5", "a6"])
        }),
      )
    },
  )

  it.each(["atomic", "batched"] as const)(
    "deletes children before parents, and puts parents back before children: %s",
    async (transaction) => {
      const { all, numbers, sink } = await scene()
      const mirrors = [Mirror.remove(Brand, { maxShare: 1 }), Mirror.remove(Product, { maxShare: 1 })]
      const definition = productsOf(sink, { transaction, mirrors, limits: { batch: 1 } })
      await run(
        Effect.gen(function* () {
          yield* Engine.run(definition, feed([...rowsOf(2, "a"), ...rowsOf(2, "b"), ...rowsOf(1, "c")]))
          const before = yield* Effect.promise(all)
          const job = yield* Engine.run(definition, feed([...rowsOf(1, "a"), ...rowsOf(1, "d")]))
          expect(job).toMatchObject({ status: "success", counts: { deleted: 6, created: 2 } })
          expect(yield* Effect.promise(numbers)).toEqual(["a0", "d0"])
          expect(yield* Engine.undo(definition, job.id)).toMatchObject({ status: "success", undo: { reversed: 8 } })
          expect(yield* Effect.promise(all)).toEqual(before)
        }),
      )
    },
  )

  it("an undo keeps what was made of a deleted key since, and says what cannot be had back", async () => {
    const { numbers, schema, sink } = await scene()
    const mirrors = [Mirror.remove(Brand, { maxShare: 1 }), Mirror.remove(Product, { maxShare: 1 })]
    const definition = productsOf(sink, { mirrors })
    await run(
      Effect.gen(function* () {
        yield* Engine.run(definition, feed([...rowsOf(4, "a"), ["b"]]))
        const job = yield* Engine.run(definition, feed([...rowsOf(1, "a")]))
        expect(job.counts.deleted).toBe(4)
        yield* Effect.promise(() =>
          database.rows(`INSERT INTO ${schema}.product (brand_id, nr, price, country) SELECT id, 1, 9, 'ES' FROM ${schema}.brand WHERE slug = 'a';
            ALTER TABLE ${schema}.product ADD CONSTRAINT no_more CHECK (nr <> 2), ADD COLUMN later text DEFAULT 'new'`),
        )
        const undo = yield* Engine.undo(definition, job.id)
        expect(undo).toMatchObject({ status: "partial", undo: { reversed: 2, kept: 1, errored: 1 } })
        expect(yield* issuesOf(undo.id)).toEqual(
          [
            ['missing:product:["a",2]', "undo.errored", null],
            ['missing:product:["a",1]', "undo.kept", null],
          ].sort((a, b) => (a[0]! < b[0]! ? -1 : 1)),
        )
        expect((yield* Effect.promise(numbers)).sort()).toEqual(["a0", "a1", "a3"])
        const [mine] = yield* Effect.promise(() => database.rows(`SELECT country FROM ${schema}.product WHERE nr = 1`))
        expect(mine.country).toBe("ES")
      }),
    )
  })

  it("finds its scope by an index on the scope's columns, and in it what differs in case alone is another", async () => {
    const { schema, sinkOf } = await scene()
    const asked: Array<string> = []
    const pool: PostgresSink.PoolLike = {
      connect: async () => {
        const client = await database.pool.connect()
        return new Proxy(client, {
          get: (of, name: keyof pg.PoolClient) => {
            const value: unknown = Reflect.get(of, name)
            if (typeof value !== "function") return value
            if (name !== "query") return value.bind(of)
            return (...all: ReadonlyArray<unknown>) => {
              if (typeof all[0] === "string") asked.push(all[0])
              return value.apply(of, all)
            }
          },
        })
      },
      options: database.pool.options,
    }
    const definition = (country: string, brand?: string) =>
      productsOf(sinkOf(pool), {
        mirrors: [Mirror.remove(Product, { scope: { country, ...(brand === undefined ? {} : { brand }) }, maxShare: 1 })],
      })
    await run(Engine.run(productsOf(sinkOf()), feed([...rowsOf(3), ...rowsOf(1, "b", "pt")])))
    await database.rows(`
      INSERT INTO ${schema}.product (brand_id, nr, price, country) SELECT (SELECT id FROM ${schema}.brand WHERE slug = 'a'), n, 1, 'X' || n % 10
        FROM generate_series(1000, 20000) n;
      CREATE INDEX by_country ON ${schema}.product (country); CREATE INDEX by_brand ON ${schema}.product (brand_id, country); ANALYZE ${schema}.product`)
    const explained = async (of: Import.Import) => {
      asked.length = 0
      const job = await run(Engine.validate(of, feed(rowsOf(2)), { force: true }))
      const count = asked.find((it) => it.includes("count(*)::int8 AS count") && it.includes("product"))!
      const plan = await database.rows(`EXPLAIN ${count}`)
      return { job, plan: plan.map((row) => row["QUERY PLAN"]).join("\n") }
    }
    const byCountry = await explained(definition("PT"))
    expect(byCountry.plan).toContain("by_country")
    expect(byCountry.plan).not.toContain("Seq Scan on product")
    expect(byCountry.job.counts).toMatchObject({ deleted: 1 })
    const byBrand = await explained(definition("PT", "a"))
    expect(byBrand.plan).toMatch(/by_brand|by_country|product_pkey/)
    expect(byBrand.plan).not.toContain("Seq Scan on product")
    expect(byBrand.job.counts).toMatchObject({ deleted: 1 })
  })
})
