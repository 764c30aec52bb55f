/** What a unique index of the target would refuse is refused by the plan, not met by the commit. */
import { Entity, Field } from "@waybill/core"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, plan, refusalsOf, tallyOf, useDatabase } from "./harness.ts"

const database = useDatabase()

const Item = Entity.make("item", {
  schema: { key: Field.text(), ean: Field.nullable(Field.text()), shop: Field.text(), nr: Field.optional(Field.integer()) },
  key: "key",
})

const setUp = async () => {
  const schema = await database.schema(
    "CREATE TABLE $S.item (key text PRIMARY KEY, ean text UNIQUE, shop text, nr int DEFAULT 0, UNIQUE (shop, nr))",
  )
  return PostgresSink.make({ pool: database.pool, schema, tables: { item: PostgresSink.table(`${schema}.item`) } })
}
const planOf = (sink: ReturnType<typeof PostgresSink.make>, records: ReadonlyArray<object>) =>
  plan(sink, [[Item, batches(Item, records as never, 4)]])

describe("unique indexes besides the key's", () => {
  it("refuse the second of two records with the same values", async () => {
    const sink = await setUp()
    const planned = await planOf(sink, [
      { key: "a", ean: "1", shop: "s", nr: 1 },
      { key: "b", ean: null, shop: "s", nr: 2 },
      { key: "c", ean: "2", shop: "s", nr: 1 },
      { key: "d", ean: null, shop: "t", nr: 1 },
      { key: "e", ean: "1", shop: "s", nr: 5 },
    ])
    expect(refusalsOf(planned, Item)).toEqual(["2 postgres.23505 shop, nr", "4 postgres.23505 ean"])
    expect((await commit(sink, planned)).counts.created).toBe(3)
  })

  it("refuse what another record of the target has, and say which", async () => {
    const sink = await setUp()
    const first = [
      { key: "a", ean: "1", shop: "s", nr: 1 },
      { key: "b", ean: "2", shop: "s", nr: 2 },
      { key: "c", ean: "3", shop: "s", nr: 3 },
    ]
    await commit(sink, await planOf(sink, first))
    expect(tallyOf(await planOf(sink, first), Item).unchanged).toBe(3)
    const planned = await planOf(sink, [
      { key: "a", ean: "1", shop: "s" },
      { key: "b", ean: "4", shop: "s", nr: 2 },
      { key: "x", ean: "3", shop: "x", nr: 1 },
      { key: "y", ean: "5", shop: "s", nr: 3 },
      { key: "z", ean: "6", shop: "z", nr: 3 },
    ])
    expect(refusalsOf(planned, Item)).toEqual(["2 postgres.23505 ean", "3 postgres.23505 shop, nr"])
    expect(planned.get(Item)![0]!.planned.refusals[0]!.issues[0]!.message).toBe(
      "the item c of the target has this ean, which must be unique",
    )
    expect((await commit(sink, planned)).counts).toMatchObject({ created: 1, updated: 1 })
  })

  it("a key that is written in two ways is one key to the server", async () => {
    const Loose = Entity.make("loose", { schema: { id: Field.text(), title: Field.text() }, key: "id" })
    const schema = await database.schema("CREATE TABLE $S.loose (id uuid PRIMARY KEY, title text)")
    const sink = PostgresSink.make({ pool: database.pool, schema, tables: { loose: PostgresSink.table(`${schema}.loose`) } })
    const id = "0190a1b2-0000-7000-8000-00000000abcd"
    const records = [
      { id, title: "a" },
      { id: id.toUpperCase(), title: "b" },
    ]
    for (const _ of [1, 2]) {
      const planned = await plan(sink, [[Loose, batches(Loose, records)]])
      expect(refusalsOf(planned, Loose)).toEqual(["1 postgres.23505 id"])
      await commit(sink, planned)
    }
  })
})
