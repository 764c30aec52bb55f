/** References to surrogate ids, by one key field or several, to other entities and to the own one. */
import { Entity, Field } from "@waybill/core"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import {
  batches,
  changesOf,
  commit,
  commitWithin,
  errorOf,
  type Input,
  plan,
  planWithin,
  refusalsOf,
  tallyOf,
  useDatabase,
} from "./harness.ts"

const database = useDatabase()

describe("references", () => {
  const Product = Entity.make("product", { schema: { sku: Field.text(), title: Field.text() }, key: "sku" })
  const Variant = Entity.make("variant", {
    schema: { product: Field.text(), size: Field.integer(), color: Field.text() },
    key: ["product", "size"],
    references: { product: Product },
  })
  const Stock = Entity.make("stock", {
    schema: {
      code: Field.text(),
      product: Field.optional(Field.nullable(Field.text())),
      size: Field.optional(Field.nullable(Field.integer())),
      count: Field.integer(),
    },
    key: "code",
    references: { variant: { entity: Variant, fields: ["product", "size"] } },
  })
  const ddl = `
    CREATE TABLE $S.product (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sku text UNIQUE, title text);
    CREATE TABLE $S.variant (nr serial UNIQUE, product_id uuid REFERENCES $S.product, size int, color text, PRIMARY KEY (product_id, size));
    CREATE TABLE $S.stock (code text PRIMARY KEY, variant_nr int REFERENCES $S.variant (nr), count int)`
  const sinkOf = (schema: string) =>
    PostgresSink.make({
      pool: database.pool,
      schema,
      tables: {
        product: PostgresSink.table(`${schema}.product`),
        variant: PostgresSink.table(`${schema}.variant`, {
          id: "nr",
          columns: { product: PostgresSink.reference("product_id") },
        }),
        stock: PostgresSink.table(`${schema}.stock`, { columns: { variant: PostgresSink.reference("variant_nr") } }),
      },
    })
  const input = (stock: ReadonlyArray<object>): Input => [
    [
      Product,
      batches(
        Product,
        ["a", "b"].map((sku) => ({ sku, title: sku })),
      ),
    ],
    [
      Variant,
      batches(
        Variant,
        ["a", "b"].flatMap((product) => [1, 2].map((size) => ({ product, size, color: `${product}${size}` }))),
        3,
      ),
    ],
    [Stock, batches(Stock, stock as never)],
  ]
  const stock = [
    { code: "1", product: "a", size: 1, count: 1 },
    { code: "2", product: "b", size: 2, count: 2 },
    { code: "3", product: null, size: null, count: 3 },
    { code: "4", count: 4 },
  ]
  const held = (schema: string) =>
    database.rows(
      `SELECT code, sku, size FROM ${schema}.stock LEFT JOIN ${schema}.variant ON nr = variant_nr LEFT JOIN ${schema}.product p ON p.id = product_id ORDER BY code`,
    )

  it("go to records of the same commit, through keys that hold references themselves", async () => {
    const schema = await database.schema(ddl)
    const sink = sinkOf(schema)
    const planned = await plan(sink, input(stock))
    const committed = await commit(sink, planned)
    expect(committed.counts).toEqual({ created: 10, updated: 0, conflict: 0, failed: 0 })
    expect(committed.mismatches).toEqual([])
    expect(await held(schema)).toEqual([
      { code: "1", sku: "a", size: 1 },
      { code: "2", sku: "b", size: 2 },
      { code: "3", sku: null, size: null },
      { code: "4", sku: null, size: null },
    ])
    const again = await plan(sink, input(stock))
    for (const entity of [Product, Variant, Stock]) expect(tallyOf(again, entity).create + tallyOf(again, entity).update).toBe(0)
  })

  it("are compared and told by natural key", async () => {
    const schema = await database.schema(ddl)
    const sink = sinkOf(schema)
    await commit(sink, await plan(sink, input(stock)))
    const moved = [
      { ...stock[0]!, size: 2 },
      { ...stock[1]!, product: null, size: null },
      { ...stock[2]!, product: "b", size: 1 },
      { code: "4", count: 5 },
    ]
    const planned = await plan(sink, input(moved))
    expect(changesOf(planned, Stock)).toEqual([
      '0 product: "a" → "a"',
      "0 size: 1 → 2",
      '1 product: "b" → null',
      "1 size: 2 → null",
      '2 product: null → "b"',
      "2 size: null → 1",
      "3 count: 4 → 5",
    ])
    expect((await commit(sink, planned)).counts.updated).toBe(4)
    expect((await held(schema)).map((row) => [row.sku, row.size])).toEqual([
      ["a", 2],
      [null, null],
      ["b", 1],
      [null, null],
    ])
  })

  it("that lead nowhere any more are conflicts", async () => {
    const schema = await database.schema(ddl)
    const sink = sinkOf(schema)
    await commit(sink, await plan(sink, input([])))
    const planned = await plan(sink, input(stock))
    await database.rows(`DELETE FROM ${schema}.variant WHERE size = 2`)
    const committed = await commit(sink, planned, { onConflict: "skip" })
    expect(committed.counts).toEqual({ created: 3, updated: 0, conflict: 1, failed: 0 })
    expect(committed.conflicts).toEqual(['1: the variant "b", 2 it refers to is no longer there'])
    const aborted = await commit(sink, planned, { onConflict: "abort", transaction: "batched" })
    expect(aborted.counts.conflict).toBe(1)
    expect(await database.rows(`SELECT count(*)::int FROM ${schema}.stock`)).toEqual([{ count: 3 }])
  })

  it("existing finds keys that hold references, and odd ones not", async () => {
    const schema = await database.schema(ddl)
    const sink = sinkOf(schema)
    await commit(sink, await plan(sink, input(stock)))
    const found = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sink.plan({ job: "j", entities: [Product, Variant, Stock], preferred: null })
          return yield* session.existing(Variant, [
            ["a", 1],
            ["a", 3],
            ['x"\\,{}', 1],
            ["b", 3_000_000_000],
            ["b", 2],
          ])
        }),
      ),
    )
    expect(found).toEqual([true, false, false, false, true])
  })
})

describe("references to the own entity", () => {
  const Node = Entity.make("node", {
    schema: { slug: Field.text(), parent: Field.nullable(Field.text()), title: Field.text() },
    key: "slug",
    references: {},
  })
  // the entity has to be there to refer to itself
  const Tree = Object.assign(Node, {
    references: [{ name: "parent", entity: Node, positions: [1] }],
  })
  const kinds = {
    "by surrogate id": `CREATE TABLE $S.node (id serial PRIMARY KEY, slug text UNIQUE, parent_id int REFERENCES $S.node, title text)`,
    "by natural key": `CREATE TABLE $S.node (slug text PRIMARY KEY, parent text REFERENCES $S.node (slug), title text)`,
  }
  const held = {
    "by surrogate id": "SELECT n.slug, p.slug AS parent FROM $S.node n LEFT JOIN $S.node p ON p.id = n.parent_id ORDER BY n.slug",
    "by natural key": "SELECT slug, parent FROM $S.node ORDER BY slug",
  }
  const nodes = [
    { slug: "a", parent: "b", title: "in the same batch, later" },
    { slug: "b", parent: null, title: "root" },
    { slug: "c", parent: "d", title: "in a later batch" },
    { slug: "d", parent: "b", title: "in an earlier batch" },
    { slug: "e", parent: "e", title: "itself" },
  ]
  const tree = (records: ReadonlyArray<object>): Input => [[Tree, batches(Tree, records as never, 3)]]

  for (const kind of Object.keys(kinds) as Array<keyof typeof kinds>) {
    const setUp = async () => {
      const schema = await database.schema(kinds[kind])
      const columns = kind === "by surrogate id" ? { parent: PostgresSink.reference("parent_id") } : {}
      const sink = PostgresSink.make({
        pool: database.pool,
        schema,
        tables: { node: PostgresSink.table(`${schema}.node`, { columns }) },
      })
      return { sink, rows: () => database.rows(held[kind].replaceAll("$S", schema)), schema }
    }

    it(`${kind}: an atomic commit sets them in any order`, async () => {
      const { rows, sink } = await setUp()
      const committed = await commit(sink, await plan(sink, tree(nodes)))
      expect(committed.counts.created).toBe(5)
      expect(committed.mismatches).toEqual([])
      expect(await rows()).toEqual(nodes.map(({ parent, slug }) => ({ slug, parent })))
      const turned = nodes.map((it) => ({ ...it, parent: it.slug === "b" ? "z" : it.parent }))
      const planned = await plan(sink, tree([...turned, { slug: "z", parent: null, title: "new root" }]))
      expect(changesOf(planned, Tree)).toEqual(['1 parent: null → "z"'])
      expect((await commit(sink, planned)).mismatches).toEqual([])
      expect((await rows()).find((it) => it.slug === "b")).toEqual({ slug: "b", parent: "z" })
    })

    it(`${kind}: a commit in batches wants the parent in the same batch or before, and the plan says so`, async () => {
      const { rows, sink } = await setUp()
      const planned = await plan(sink, tree(nodes), { preferred: "batched" })
      expect(refusalsOf(planned, Tree)).toEqual(["2 postgres.parent parent"])
      const committed = await commit(sink, planned, { transaction: "batched" })
      expect(committed.counts).toEqual({ created: 4, updated: 0, conflict: 0, failed: 1 })
      expect((await rows()).map((it) => it.slug)).toEqual(["a", "b", "d", "e"])
    })

    it(`${kind}: a parent that is gone is a conflict in batches, and ends an atomic commit`, async () => {
      const { schema, sink } = await setUp()
      await commit(sink, await plan(sink, tree([{ slug: "r", parent: null, title: "root" }])))
      const next = tree([
        { slug: "x", parent: "r", title: "child" },
        { slug: "y", parent: null, title: "other" },
      ])
      const planned = await plan(sink, next)
      await database.rows(`DELETE FROM ${schema}.node`)
      const skipped = await commit(sink, planned, { transaction: "batched", onConflict: "skip" })
      expect(skipped.conflicts).toEqual(['0: the node "r" it refers to is no longer there'])
      expect(skipped.counts).toEqual({ created: 1, updated: 0, conflict: 1, failed: 0 })
      await database.rows(`DELETE FROM ${schema}.node`)
      expect((await errorOf(commitWithin(sink, planned))).reason).toBe("DataRefused")
      expect(await database.rows(`SELECT count(*)::int FROM ${schema}.node`)).toEqual([{ count: 0 }])
    })
  }

  it("need a column that takes null", async () => {
    const schema = await database.schema(
      "CREATE TABLE $S.node (id serial PRIMARY KEY, slug text UNIQUE, parent_id int NOT NULL REFERENCES $S.node, title text)",
    )
    const sink = PostgresSink.make({
      pool: database.pool,
      tables: { node: PostgresSink.table(`${schema}.node`, { columns: { parent: PostgresSink.reference("parent_id") } }) },
    })
    const error = await errorOf(planWithin(sink, tree([])))
    expect(error.reason).toBe("SchemaMismatch")
    expect(error.message).toContain("parent_id refers to its own table and is NOT NULL")
  })
})
