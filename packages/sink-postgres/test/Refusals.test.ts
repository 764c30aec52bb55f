/** What the target would refuse is refused by the plan, record by record, in the server's words; the others go in. */
import { Entity, Field } from "@waybill/core"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, type Input, plan, refusalsOf, tallyOf, useDatabase } from "./harness.ts"

const database = useDatabase()

const Item = Entity.make("item", {
  schema: {
    key: Field.text(),
    code: Field.text(),
    count: Field.integer(),
    price: Field.nullable(Field.decimal()),
    at: Field.timestamp(),
    state: Field.text(),
    note: Field.optional(Field.nullable(Field.text())),
    data: Field.nullable(Field.json()),
  },
  key: "key",
})

const ddl = `
  CREATE TYPE $S.state AS ENUM ('new', 'old');
  CREATE DOMAIN $S.code AS text CHECK (VALUE <> 'bad');
  CREATE TABLE $S.item (id serial, key varchar(5) PRIMARY KEY, code $S.code, count int4 NOT NULL CONSTRAINT few CHECK (count < 1000000),
    price numeric(8,2) NOT NULL, at timestamptz(3) NOT NULL, state $S.state NOT NULL, note text NOT NULL, data jsonb,
    CONSTRAINT fair CHECK (price > 0 OR count > 10))`

const good = { code: "x", count: 1, price: "1.50", at: "2024-01-01T00:00:00.123Z", state: "new", note: "n", data: { a: 1 } }
const bad: ReadonlyArray<readonly [Record<string, unknown>, string]> = [
  [{ key: "too long" }, "postgres.22001 key"],
  [{ code: "bad" }, "postgres.23514 code"],
  [{ count: 3_000_000_000 }, "postgres.22003 count"],
  [{ count: 2_000_000 }, "postgres.23514 count"],
  [{ price: null }, "postgres.23502 price"],
  [{ price: "1.234" }, "postgres.23514 price"],
  [{ price: "123456789.00" }, "postgres.23514 price"],
  [{ price: "-1.00" }, "postgres.23514 null"],
  [{ at: "2024-01-01T00:00:00.1234Z" }, "postgres.23514 at"],
  [{ state: "other" }, "postgres.22P02 state"],
  [{ note: null }, "postgres.23514 note"],
  [{ note: undefined }, "postgres.23502 note"],
  [{ code: "a\0b" }, "postgres.nul code"],
  [{ data: { a: "\0" } }, "postgres.nul data"],
]

const setUp = async () => {
  const schema = await database.schema(ddl)
  return {
    schema,
    sink: PostgresSink.make({ pool: database.pool, schema, tables: { item: PostgresSink.table(`${schema}.item`) } }),
  }
}

describe("refusals", () => {
  for (const staged of [true, false])
    it(`names the records and fields, ${staged ? "staged before" : "pulled within"} the plan`, async () => {
      const { schema, sink } = await setUp()
      const records = bad.flatMap(([change], at) => [
        { key: `g${at}`, ...good },
        { key: `b${at}`, ...good, ...change },
      ])
      const Other = Entity.make("other", { schema: { key: Field.text() }, key: "key" })
      await database.rows(`CREATE TABLE ${schema}.other (key text PRIMARY KEY)`)
      const both = PostgresSink.make({
        pool: database.pool,
        schema,
        tables: { item: PostgresSink.table(`${schema}.item`), other: PostgresSink.table(`${schema}.other`) },
      })
      // the plan of the first entity opens the transaction that the second is staged in
      const input: Input = [
        [Other, batches(Other, [{ key: "o" }])],
        [Item, batches(Item, records, 9)],
      ]
      const planned = await plan(both, input, { staged })
      expect(refusalsOf(planned, Item)).toEqual(bad.map(([, expected], at) => `${2 * at + 1} ${expected}`))
      expect(tallyOf(planned, Item)).toEqual({ create: bad.length, update: 0, unchanged: 0, refuse: bad.length })
      const committed = await commit(both, planned)
      // the last batch is one refused record: nothing is to be done in it, so it is not sent
      expect(committed.counts).toEqual({ created: bad.length + 1, updated: 0, conflict: 0, failed: bad.length - 1 })
      expect(committed.mismatches).toEqual([])
      expect(tallyOf(await plan(sink, [[Item, batches(Item, records, 9)]]), Item)).toEqual({
        create: 0,
        update: 0,
        unchanged: bad.length,
        refuse: bad.length,
      })
    })

  it("tells them in words about the table, not the stage, with the value", async () => {
    const { schema, sink } = await setUp()
    const records = [
      { key: "a", ...good, count: 3_000_000_000 },
      { key: "b", ...good, price: null },
      { key: "c", ...good, price: "9.999" },
    ]
    const planned = await plan(sink, [[Item, batches(Item, records)]])
    const issues = planned.get(Item)![0]!.planned.refusals.flatMap((it) => it.issues)
    expect(issues.map(({ message, value }) => [message, value])).toEqual([
      ['value "3000000000" is out of range for type integer', "3000000000"],
      [`null value in column "price" of relation "${schema}.item" violates not-null constraint`, null],
      ["price is numeric(8,2) and does not hold this value exactly; shorten it or widen the column", "9.999"],
    ])
  })

  it("sends no batch of bad records over and over", async () => {
    const { sink } = await setUp()
    const records = Array.from({ length: 3_000 }, (_, at) => ({
      key: `k${at}`,
      ...good,
      count: at % 3 === 0 ? 1 : 3_000_000_000,
    }))
    const planned = await plan(sink, [[Item, batches(Item, records, 3_000)]])
    expect(tallyOf(planned, Item)).toEqual({ create: 1_000, update: 0, unchanged: 0, refuse: 2_000 })
    expect(refusalsOf(planned, Item)[1]).toBe("2 postgres.22003 count")
  })

  it("an absent field is not asked for by an update", async () => {
    const { sink } = await setUp()
    await commit(sink, await plan(sink, [[Item, batches(Item, [{ key: "a", ...good }])]]))
    const { note: _, ...without } = good
    const planned = await plan(sink, [[Item, batches(Item, [{ key: "a", ...without, count: 7 }])]])
    expect(tallyOf(planned, Item).update).toBe(1)
    expect((await commit(sink, planned)).counts.updated).toBe(1)
  })
})
