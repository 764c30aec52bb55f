/** What was written is read back; what is not there as planned is found. */
import { Entity, Field } from "@waybill/core"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, plan, useDatabase } from "./harness.ts"

const database = useDatabase()

const Item = Entity.make("item", {
  schema: { shop: Field.text(), nr: Field.integer(), title: Field.text(), note: Field.optional(Field.nullable(Field.text())) },
  key: ["shop", "nr"],
})

const items = Array.from({ length: 30 }, (_, nr) => ({
  shop: nr % 2 === 0 ? 'a"' : "b",
  nr,
  title: `t${nr}`,
  ...(nr % 3 === 0 ? { note: null } : {}),
}))

const setUp = async (extra = "") => {
  const schema = await database.schema(
    `CREATE TABLE $S.item (shop text, nr int, title text, note text DEFAULT 'd', PRIMARY KEY (nr, shop)); ${extra}`,
  )
  const sink = PostgresSink.make({ pool: database.pool, schema, tables: { item: PostgresSink.table(`${schema}.item`) } })
  return { schema, sink }
}

describe("verify", () => {
  for (const transaction of ["atomic", "batched"] as const)
    it(`${transaction}: finds a record that was tampered with and one that is gone`, async () => {
      const { schema, sink } = await setUp()
      const planned = await plan(sink, [[Item, batches(Item, items, 8)]], { preferred: transaction })
      const committed = await commit(sink, planned, {
        transaction,
        beforeVerify: Effect.promise(() =>
          database.rows(
            `UPDATE ${schema}.item SET title = 'x', note = 'y' WHERE nr = 12; UPDATE ${schema}.item SET note = 'not ours' WHERE nr = 13; DELETE FROM ${schema}.item WHERE nr = 17`,
          ),
        ),
      })
      expect(committed.counts.created).toBe(30)
      expect(committed.mismatches).toEqual([
        { key: '["a\\"",12]', kind: "different", fields: ["title", "note"] },
        { key: '["b",17]', kind: "missing", fields: [] },
      ])
    })

  it("finds what a trigger of the target has made of a record", async () => {
    const { sink } = await setUp(`
      CREATE FUNCTION $S.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title := upper(NEW.title); RETURN NEW; END $$;
      CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON $S.item FOR EACH ROW WHEN (NEW.nr = 4) EXECUTE FUNCTION $S.shout()`)
    const committed = await commit(sink, await plan(sink, [[Item, batches(Item, items, 8)]]))
    expect(committed.mismatches).toEqual([{ key: '["a\\"",4]', kind: "different", fields: ["title"] }])
  })

  it("a target that takes a record without keeping it is an error, not a success", async () => {
    const { sink } = await setUp(`
      CREATE FUNCTION $S.drop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
      CREATE TRIGGER swallow BEFORE INSERT ON $S.item FOR EACH ROW WHEN (NEW.nr = 4) EXECUTE FUNCTION $S.drop()`)
    const planned = await plan(sink, [[Item, batches(Item, items, 8)]])
    await expect(commit(sink, planned)).rejects.toThrow("took 7 of 8 records without an error; a trigger")
  })

  it("says nothing of records that conflicts left out", async () => {
    const { schema, sink } = await setUp()
    const planned = await plan(sink, [[Item, batches(Item, items, 8)]])
    await database.rows(`INSERT INTO ${schema}.item VALUES ('b', 3, 'mine'), ('a"', 6, 'mine')`)
    const committed = await commit(sink, planned, { onConflict: "skip" })
    expect(committed.counts).toEqual({ created: 28, updated: 0, conflict: 2, failed: 0 })
    expect(committed.mismatches).toEqual([])
  })
})
