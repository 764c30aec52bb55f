/** A connection that is lost at any one call, before or after the server has done it: the next session ends where an undisturbed one ends. */
import { Entity, Field } from "@waybill/core"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, commitWithin, type Input, plan, useDatabase } from "./harness.ts"
import { losing, someLosses } from "./losing.ts"

const database = useDatabase()

const Group = Entity.make("group", { schema: { key: Field.text(), parent: Field.nullable(Field.text()) }, key: "key" })
const Item = Entity.make("item", {
  schema: { key: Field.text(), group: Field.text(), count: Field.integer() },
  key: "key",
  references: { group: Group },
})

const groups = [
  { key: "g0", parent: null },
  { key: "g1", parent: "g0" },
]
const items = Array.from({ length: 6 }, (_, at) => ({ key: `k${at}`, group: `g${at % 2}`, count: at }))
const input = (some: typeof items): Input => [
  [Group, batches(Group, groups)],
  [Item, batches(Item, some, 3)],
]

const ddl = `
  CREATE TABLE $S.group (id serial PRIMARY KEY, key text UNIQUE, parent text);
  CREATE TABLE $S.item (key text PRIMARY KEY, group_id int NOT NULL REFERENCES $S.group, count int)`

const setUp = async () => {
  const schema = await database.schema(ddl)
  const sinkOf = (pool: PostgresSink.PoolLike) =>
    PostgresSink.make({
      pool,
      schema,
      tables: {
        group: PostgresSink.table(`${schema}.group`),
        item: PostgresSink.table(`${schema}.item`, { columns: { group: PostgresSink.reference("group_id") } }),
      },
    })
  const sink = sinkOf(database.pool)
  await commit(sink, await plan(sink, input(items.slice(0, 2))))
  const planned = await plan(sink, input(items.map((it) => ({ ...it, count: it.count + 1 }))))
  const rows = () =>
    database.rows(
      `SELECT i.key, g.key AS group, count FROM ${schema}.item i JOIN ${schema}.group g ON g.id = group_id ORDER BY 1`,
    )
  return { sink, sinkOf, planned, rows, schema }
}

describe("a connection that is lost", () => {
  it.each(["atomic", "batched"] as const)("%s: at any one call, before it is sent or before its answer", async (transaction) => {
    const expected = items.map((it) => ({ ...it, count: it.count + 1 }))
    const whole = await setUp()
    const undisturbed = await losing(database.pool, null, (pool) =>
      commitWithin(whole.sinkOf(pool), whole.planned, { job: whole.schema, transaction }),
    )
    expect(undisturbed.ended).toBe("done")
    for (const loss of someLosses(undisturbed.calls)) {
      const { planned, rows, schema, sink, sinkOf } = await setUp()
      const before = await rows()
      const options = { job: schema, transaction } as const
      const first = await losing(database.pool, loss, (pool) => commitWithin(sinkOf(pool), planned, options))
      expect(first.calls, "the call is made").toBeGreaterThan(loss.at)
      expect(["Unreachable true", "done"]).toContain(first.ended)
      if (transaction === "atomic") expect([before, expected]).toContainEqual(await rows())
      // what is written is noted, and what is noted is written
      const noted = await database
        .rows(`SELECT part FROM ${schema}.batch WHERE job = '${schema}' AND entity = 'item'`)
        .catch(() => [])
      const isNoted = (key: string) => noted.some(({ part }) => part === (Number(key.slice(1)) < 3 ? 0 : 1))
      expect(await rows(), JSON.stringify(loss)).toEqual(
        [...expected.filter(({ key }) => isNoted(key)), ...before.filter(({ key }) => !isNoted(key))].sort((a, b) =>
          a.key < b.key ? -1 : 1,
        ),
      )
      const second = await commit(sink, planned, { ...options, token: 2 })
      expect(second.counts, JSON.stringify(loss)).toEqual({ created: 4, updated: 2, conflict: 0, failed: 0 })
      expect(second.mismatches).toEqual([])
      expect(await rows()).toEqual(expected)
    }
  })
})
