/** A plan needs no right but to read, writes nothing to the target, and holds nothing afterwards. */
import { Entity, Field } from "@waybill/core"
import { Effect, Stream } from "effect"
import pg from "pg"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, commit, errorOf, type Input, plan, planWithin, refusalsOf, tallyOf, useDatabase } from "./harness.ts"

const database = useDatabase()

const Group = Entity.make("group", { schema: { key: Field.text(), title: Field.text() }, key: "key" })
const Item = Entity.make("item", {
  schema: { key: Field.text(), group: Field.text(), count: Field.integer() },
  key: "key",
  references: { group: Group },
})

const ddl = `
  CREATE TABLE $S.group (id serial PRIMARY KEY, key text UNIQUE, title text);
  CREATE TABLE $S.item (key text PRIMARY KEY, group_id int REFERENCES $S.group, count int CHECK (count < 1000))`

const input = (change = 0): Input => [
  [
    Group,
    batches(
      Group,
      [0, 1, 2].map((at) => ({ key: `g${at}`, title: `G${at}` })),
    ),
  ],
  [
    Item,
    batches(
      Item,
      Array.from({ length: 500 }, (_, at) => ({ key: `k${at}`, group: `g${at % 3}`, count: at + (at < 5 ? change : 0) })),
      100,
    ),
  ],
]

const sinkOf = (pool: pg.Pool, schema: string) =>
  PostgresSink.make({
    pool,
    schema,
    tables: {
      group: PostgresSink.table(`${schema}.group`),
      item: PostgresSink.table(`${schema}.item`, { columns: { group: PostgresSink.reference("group_id") } }),
    },
  })

const setUp = async () => {
  const schema = await database.schema(ddl)
  return { schema, sink: sinkOf(database.pool, schema) }
}

const bytesWritten = async (work: () => Promise<unknown>): Promise<number> => {
  const lsn = async (): Promise<string> => (await database.rows("SELECT pg_current_wal_insert_lsn()::text AS lsn"))[0].lsn
  const from = await lsn()
  await work()
  return Number((await database.rows(`SELECT pg_wal_lsn_diff('${await lsn()}', '${from}')::int AS bytes`))[0].bytes)
}

describe("a plan", () => {
  it("works for a role that may only read, also where all transactions are read-only by default", async () => {
    const { schema, sink } = await setUp()
    await commit(sink, await plan(sink, input()))
    const role = `reader_${schema}_${process.pid}`
    await database.rows(`CREATE ROLE ${role} LOGIN PASSWORD 'reader'`)
    try {
      await database.rows(
        `GRANT USAGE ON SCHEMA ${schema} TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}; ALTER ROLE ${role} SET default_transaction_read_only = on`,
      )
      const url = new URL(database.url)
      url.username = role
      url.password = "reader"
      const pool = new pg.Pool({ connectionString: url.href })
      try {
        const reader = sinkOf(pool, schema)
        const planned = await plan(reader, input(7))
        expect(tallyOf(planned, Item)).toEqual({ create: 0, update: 5, unchanged: 495, refuse: 0 })
        const error = await errorOf(
          reader.commit({
            job: "j",
            token: 1,
            planHash: "",
            transaction: "atomic",
            onConflict: "abort",
            entities: [Group, Item],
          }),
        )
        expect([error.reason, error.isRetryable]).toEqual(["Unauthorized", false])
        expect(error.message).not.toContain("reader'")
      } finally {
        await pool.end()
      }
    } finally {
      await database.rows(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })

  it("writes nothing to the target and keeps no lock, no transaction and no table", async () => {
    const { schema, sink } = await setUp()
    await commit(sink, await plan(sink, input()))
    const before = await database.rows(`SELECT xmin::text, ctid::text, key FROM ${schema}.item ORDER BY key`)
    await plan(sink, input(7))
    expect(await database.rows(`SELECT xmin::text, ctid::text, key FROM ${schema}.item ORDER BY key`)).toEqual(before)
    expect(
      await database.rows(
        `SELECT l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relnamespace = '${schema}'::regnamespace AND l.pid <> pg_backend_pid()`,
      ),
    ).toEqual([])
    expect(
      await database.rows(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()",
      ),
    ).toEqual([])
  })

  it("locks nobody out while it is made, and sees all entities at one moment", async () => {
    const { schema, sink } = await setUp()
    await commit(sink, await plan(sink, input()))
    const tallies = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sink.plan({ job: "j", entities: [Group, Item], preferred: null })
          const batchesOf = (at: number) => Stream.fromIterable(input()[at]![1])
          for (const [, all] of input()) for (const batch of all) yield* session.stage(batch)
          const groups = yield* Stream.runCollect(session.plan(Group, batchesOf(0)))
          yield* Effect.promise(() =>
            database.rows(`UPDATE ${schema}.item SET count = 1; DELETE FROM ${schema}.item WHERE key = 'k7'`),
          )
          const items = yield* Stream.runCollect(session.plan(Item, batchesOf(1)))
          return [groups, items].map((parts) => parts.flatMap((it) => [...it.actions]).reduce((sum, action) => sum + action, 0))
        }),
      ),
    )
    expect(tallies).toEqual([0, 0])
    expect(tallyOf(await plan(sink, input()), Item)).toMatchObject({ create: 1, unchanged: 1 })
  })

  it("and the commit of what is unchanged write next to nothing to the log", async () => {
    const { schema, sink } = await setUp()
    const fresh = await bytesWritten(async () => commit(sink, await plan(sink, input())))
    await database.rows(`VACUUM ANALYZE ${schema}.item`)
    // the catalog rows of the temporary tables
    const empty = await bytesWritten(() =>
      plan(sink, [
        [Group, []],
        [Item, []],
      ]),
    )
    const again = await bytesWritten(async () => {
      const planned = await plan(sink, input())
      expect(tallyOf(planned, Item).unchanged).toBe(500)
      expect((await commit(sink, planned)).applied.size).toBe(0)
    })
    expect(again).toBeLessThan(fresh)
    expect(again).toBeLessThan(4 * empty + 10_000)
  })

  it("is the same whether batches were staged before or are pulled by it", async () => {
    const { sink } = await setUp()
    await commit(sink, await plan(sink, input()))
    const [staged, pulled] = [await plan(sink, input(7)), await plan(sink, input(7), { staged: false })]
    expect(pulled.get(Item)!.map((it) => it.planned)).toEqual(staged.get(Item)!.map((it) => it.planned))
  })

  it("gives the pool back no connection that it has set up for itself", async () => {
    const { sink, schema } = await setUp()
    const pool = new pg.Pool({ connectionString: database.url, max: 1 })
    try {
      const small = sinkOf(pool, schema)
      await plan(small, input())
      await errorOf(planWithin(sink, [[Entity.make("nowhere", { schema: { key: Field.text() }, key: "key" }), []]]))
      const client = await pool.connect()
      expect((await client.query("SHOW work_mem")).rows).toEqual([{ work_mem: "4MB" }])
      expect((await client.query("SELECT FROM pg_class WHERE relpersistence = 't' AND pg_table_is_visible(oid)")).rows).toEqual(
        [],
      )
      client.release()
      expect(pool.totalCount).toBe(1)
    } finally {
      await pool.end()
    }
  })

  it("finds no difference between 1.5 and 1.50, nor between two spellings of a uuid", async () => {
    const Loose = Entity.make("loose", {
      schema: { id: Field.text(), amount: Field.decimal(), data: Field.json(), at: Field.timestamp() },
      key: "id",
    })
    const schema = await database.schema("CREATE TABLE $S.loose (id uuid PRIMARY KEY, amount numeric, data jsonb, at timestamp)")
    const sink = PostgresSink.make({ pool: database.pool, tables: { loose: PostgresSink.table(`${schema}.loose`) } })
    const id = "0190a1b2-0000-7000-8000-00000000abcd"
    await database.rows(`INSERT INTO ${schema}.loose VALUES ('${id}', 1.50, '{"b": 1.0, "a": [1]}', '2024-01-01 10:00')`)
    const planned = await plan(sink, [
      [Loose, batches(Loose, [{ id: id.toUpperCase(), amount: "1.5", data: { a: [1], b: 1 }, at: "2024-01-01T10:00:00Z" }])],
    ])
    expect(tallyOf(planned, Loose).unchanged).toBe(1)
    expect(refusalsOf(planned, Loose)).toEqual([])
  })
})
