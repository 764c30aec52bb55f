/** What moved in the target between plan and commit is never overwritten: it is told, and left out or ends the commit. */
import { Entity, Field } from "@waybill/core"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, commitWithin, errorOf, type Input, plan, useDatabase } from "./harness.ts"

const database = useDatabase()

const Item = Entity.make("item", {
  schema: {
    key: Field.text(),
    title: Field.text(),
    count: Field.nullable(Field.integer()),
    seen: Field.optional(Field.timestamp()),
  },
  key: "key",
  volatile: ["seen"],
})

const ddl = "CREATE TABLE $S.item (key text PRIMARY KEY, title text NOT NULL, count int, seen timestamptz, other text)"

const item = (key: string, title: string, count: number | null = null) => ({ key, title, count, seen: "2024-01-01T00:00:00Z" })
const input = (records: ReadonlyArray<object>): Input => [[Item, batches(Item, records as never, 4)]]

// three updates and a create in the first batch, a create in the second
const before = [item("a", "A"), item("b", "B"), item("c", "C"), item("d", "D")]
const after = [item("a", "A2"), item("b", "B2", 2), item("c", "C2"), item("n", "N", 1), item("m", "M")]

const setUp = async () => {
  const schema = await database.schema(ddl)
  const sink = PostgresSink.make({ pool: database.pool, schema, tables: { item: PostgresSink.table(`${schema}.item`) } })
  await commit(sink, await plan(sink, input(before)))
  const planned = await plan(sink, input(after))
  return { schema, sink, planned, rows: () => database.rows(`SELECT key, title FROM ${schema}.item ORDER BY key`) }
}

const moves: Readonly<
  Record<string, { readonly sql: string; readonly conflict: string; readonly found: ReadonlyArray<string> }>
> = {
  "a changed record": {
    sql: "UPDATE $S.item SET count = 7 WHERE key = 'b'",
    conflict: "1: the record was changed since the plan: count was null, is 7",
    found: ["A2", "B", "C2", "D", "M", "N"],
  },
  "a record changed to what was planned, in one of two fields": {
    sql: "UPDATE $S.item SET title = 'B2' WHERE key = 'b'",
    conflict: '1: the record was changed since the plan: title was "B", is "B2"',
    found: ["A2", "B2", "C2", "D", "M", "N"],
  },
  "a deleted record": {
    sql: "DELETE FROM $S.item WHERE key = 'b'",
    conflict: "1: the record was deleted since the plan",
    found: ["A2", "C2", "D", "M", "N"],
  },
  "a record that appeared": {
    sql: "INSERT INTO $S.item VALUES ('n', 'other')",
    conflict: '3: a record with this key has appeared since the plan: title is "other", planned "N", count is null, planned 1',
    found: ["A2", "B2", "C2", "D", "M", "other"],
  },
}

describe("conflicts", () => {
  for (const transaction of ["atomic", "batched"] as const)
    for (const [name, { conflict, found, sql }] of Object.entries(moves)) {
      it(`${transaction}, skip: ${name} is left out`, async () => {
        const { planned, rows, schema, sink } = await setUp()
        await database.rows(sql.replaceAll("$S", schema))
        const committed = await commit(sink, planned, { transaction, onConflict: "skip" })
        expect(committed.conflicts).toEqual([conflict])
        expect(committed.counts).toEqual({
          created: conflict.startsWith("3") ? 1 : 2,
          updated: conflict.startsWith("3") ? 3 : 2,
          conflict: 1,
          failed: 0,
        })
        expect(committed.mismatches).toEqual([])
        expect((await rows()).map((it) => it.title).sort()).toEqual([...found].sort())
      })

      it(`${transaction}, abort: ${name} keeps its ${transaction === "atomic" ? "commit" : "batch"} from being written`, async () => {
        const { planned, rows, schema, sink } = await setUp()
        await database.rows(sql.replaceAll("$S", schema))
        const untouched = await rows()
        const committed = await commit(sink, planned, { transaction, onConflict: "abort" })
        expect(committed.conflicts).toEqual([conflict])
        expect(committed.counts).toMatchObject({ conflict: 1, failed: transaction === "atomic" ? 4 : 3, updated: 0 })
        expect(await rows()).toEqual(
          transaction === "atomic"
            ? untouched
            : [...untouched, { key: "m", title: "M" }].sort((x, y) => (x.key < y.key ? -1 : 1)),
        )
      })
    }

  it("tells all conflicts of an atomic commit, over all batches", async () => {
    const { planned, schema, sink } = await setUp()
    await database.rows(
      `INSERT INTO ${schema}.item VALUES ('n', 'x'), ('m', 'y'); UPDATE ${schema}.item SET count = 9 WHERE key = 'a'; DELETE FROM ${schema}.item WHERE key = 'c'`,
    )
    const committed = await commit(sink, planned)
    expect(committed.conflicts).toEqual([
      "0: the record was changed since the plan: count was null, is 9",
      "2: the record was deleted since the plan",
      '3: a record with this key has appeared since the plan: title is "x", planned "N", count is null, planned 1',
      '0: a record with this key has appeared since the plan: title is "y", planned "M"',
    ])
    expect(committed.counts).toEqual({ created: 0, updated: 0, conflict: 4, failed: 1 })
  })

  it("does not mind columns it does not own, nor volatile fields", async () => {
    const { planned, schema, sink } = await setUp()
    await database.rows(`UPDATE ${schema}.item SET other = 'x', seen = now()`)
    expect((await commit(sink, planned)).counts).toEqual({ created: 2, updated: 3, conflict: 0, failed: 0 })
    expect(await database.rows(`SELECT DISTINCT other FROM ${schema}.item ORDER BY 1`)).toEqual([{ other: "x" }, { other: null }])
  })

  for (const onConflict of ["abort", "skip"] as const)
    for (const transaction of ["atomic", "batched"] as const)
      it(`takes a target that is as planned already for applied, ${transaction}, ${onConflict}`, async () => {
        const { planned, schema, sink } = await setUp()
        await database.rows(
          `INSERT INTO ${schema}.item VALUES ('n', 'N', 1); UPDATE ${schema}.item SET title = 'B2', count = 2, other = 'by hand' WHERE key = 'b'`,
        )
        // an optimistic insert that meets its key ends the transaction; where that is all of the commit, the next attempt looks closer
        if (transaction === "atomic" && onConflict === "abort") {
          const error = await errorOf(commitWithin(sink, planned, { job: schema }))
          expect([error.reason, error.isRetryable]).toEqual(["Contention", true])
          expect(await database.rows(`SELECT count(*)::int FROM ${schema}.item`)).toEqual([{ count: 5 }])
        }
        const committed = await commit(sink, planned, { transaction, onConflict, job: schema })
        expect(committed.counts).toEqual({ created: 2, updated: 3, conflict: 0, failed: 0 })
        expect(committed.mismatches).toEqual([])
      })

  it("waits for a writer that is at the record, and then sees what it did", async () => {
    const { planned, schema, sink } = await setUp()
    const writer = await database.pool.connect()
    try {
      await writer.query(`BEGIN; UPDATE ${schema}.item SET count = 5 WHERE key = 'b'`)
      const committing = commit(sink, planned, { onConflict: "skip" })
      // the commit is known to wait once the server says so
      for (;;) {
        const waiting = await database.rows(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE%'",
        )
        if (waiting.length > 0) break
      }
      await writer.query("COMMIT")
      expect((await committing).conflicts).toEqual(["1: the record was changed since the plan: count was null, is 5"])
    } finally {
      writer.release()
    }
  })
})
