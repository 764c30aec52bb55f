/** The plan says what differs; the commit does just that; a second plan has nothing left. */
import { Entity, Field } from "@waybill/core"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, changesOf, commit, type Input, plan, tallyOf, useDatabase } from "./harness.ts"

const database = useDatabase()

const Series = Entity.make("series", { schema: { slug: Field.text(), title: Field.text() }, key: "slug" })
const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    series: Field.nullable(Field.text()),
    title: Field.text(),
    price: Field.nullable(Field.decimal({ precision: 10, scale: 2 })),
    note: Field.optional(Field.nullable(Field.text())),
    seen: Field.optional(Field.timestamp()),
  },
  key: "sku",
  references: { series: Series },
  volatile: ["seen"],
})

const ddl = `
  CREATE TABLE $S.series (id serial PRIMARY KEY, slug text NOT NULL UNIQUE, title text NOT NULL);
  CREATE TABLE $S.product (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sku varchar(20) NOT NULL UNIQUE, series_id int REFERENCES $S.series,
    title text NOT NULL, price numeric(12,2) CHECK (price >= 0), note text DEFAULT 'none', seen timestamptz, untouched text DEFAULT 'x')`

const sinkOf = (schema: string) =>
  PostgresSink.make({
    pool: database.pool,
    schema,
    tables: {
      series: PostgresSink.table(`${schema}.series`),
      product: PostgresSink.table(`${schema}.product`, { columns: { series: PostgresSink.reference("series_id") } }),
    },
  })

const series = [
  { slug: "a", title: "A" },
  { slug: "b", title: "B" },
]
const products = Array.from({ length: 23 }, (_, at) => ({
  sku: `p${at}`,
  series: at % 5 === 0 ? null : at % 2 === 0 ? "a" : "b",
  title: `title\t${at}\n\\."`,
  price: at % 7 === 0 ? null : `${at}.50`,
  ...(at % 3 === 0 ? {} : { note: at % 3 === 1 ? null : `note ${at}` }),
  seen: "2024-01-01T00:00:00Z",
}))

const input = (rows: ReadonlyArray<object> = products): Input => [
  [Series, batches(Series, series, 10)],
  [Product, batches(Product, rows as never, 10)],
]

describe("plan and commit", () => {
  for (const transaction of ["atomic", "batched"] as const)
    it(`creates all records of an empty target, ${transaction}, and finds them unchanged afterwards`, async () => {
      const schema = await database.schema(ddl)
      const sink = sinkOf(schema)
      const planned = await plan(sink, input(), { preferred: transaction })
      expect(tallyOf(planned, Product)).toEqual({ create: 23, update: 0, unchanged: 0, refuse: 0 })
      const committed = await commit(sink, planned, { transaction })
      expect(committed.counts).toEqual({ created: 25, updated: 0, conflict: 0, failed: 0 })
      expect(committed.mismatches).toEqual([])
      expect(
        await database.rows(
          `SELECT p.sku, s.slug, p.title, p.price, p.note, p.untouched FROM ${schema}.product p LEFT JOIN ${schema}.series s ON s.id = p.series_id ORDER BY p.id`,
        ),
      ).toEqual(
        [...products]
          .map((it) => ({
            sku: it.sku,
            slug: it.series,
            title: it.title,
            price: it.price,
            note: it.note === undefined ? "none" : it.note,
            untouched: "x",
          }))
          .sort(
            (a, b) =>
              Math.floor(Number(a.sku.slice(1)) / 10) - Math.floor(Number(b.sku.slice(1)) / 10) || (a.sku < b.sku ? -1 : 1),
          ),
      )
      expect(tallyOf(await plan(sink, input()), Product)).toEqual({ create: 0, update: 0, unchanged: 23, refuse: 0 })
    })

  it("plans what differs, with old and new values, and writes only that", async () => {
    const schema = await database.schema(ddl)
    const sink = sinkOf(schema)
    await commit(sink, await plan(sink, input()))
    await database.rows(`UPDATE ${schema}.product SET note = 'kept', untouched = 'kept' WHERE sku IN ('p3', 'p4')`)
    const changed = products.map((it) => {
      if (it.sku === "p3") return { ...it, price: "9.90", series: null }
      if (it.sku === "p4") return { ...it, title: "new", seen: "2025-05-05T05:05:05.5Z" }
      if (it.sku === "p5") return { ...it, series: "b", price: "5.50", seen: "2025-05-05T05:05:05.5Z" }
      if (it.sku === "p6") return { ...it, seen: "2026-01-01T00:00:00Z" }
      return it
    })
    const next = [...changed, { ...products[1]!, sku: "new" }]
    const planned = await plan(sink, input(next))
    expect(tallyOf(planned, Product)).toEqual({ create: 1, update: 3, unchanged: 20, refuse: 0 })
    expect(changesOf(planned, Product)).toEqual([
      '3 series: "b" → null',
      '3 price: "3.50" → "9.90"',
      '4 title: "title\\t4\\n\\\\.\\"" → "new"',
      '4 note: "kept" → null',
      '5 series: null → "b"',
    ])
    const committed = await commit(sink, planned)
    expect(committed.counts).toEqual({ created: 1, updated: 3, conflict: 0, failed: 0 })
    expect(committed.mismatches).toEqual([])
    expect(
      await database.rows(
        `SELECT sku, note, untouched, seen::text FROM ${schema}.product WHERE sku IN ('p3', 'p4', 'p6') ORDER BY sku`,
      ),
    ).toEqual([
      { sku: "p3", note: "kept", untouched: "kept", seen: "2024-01-01 00:00:00+00" },
      { sku: "p4", note: null, untouched: "kept", seen: "2025-05-05 05:05:05.5+00" },
      { sku: "p6", note: "none", untouched: "x", seen: "2024-01-01 00:00:00+00" },
    ])
    expect(tallyOf(await plan(sink, input(next), { staged: false }), Product)).toEqual({
      create: 0,
      update: 0,
      unchanged: 24,
      refuse: 0,
    })
  })
})
