/**
 * The stores' tables are made once, brought up to date, and left alone by who is older or may not make any.
 */
import { JobStoreSuite } from "@waybill/core/testing"
import { Effect, Option } from "effect"
import pg from "pg"
import { expect, it } from "vitest"
import { ensure, type StoreTables } from "../src/internal/storeTables.ts"
import * as PostgresJobStore from "../src/PostgresJobStore.ts"
import * as PostgresSink from "../src/PostgresSink.ts"
import * as PostgresSnapshotStore from "../src/PostgresSnapshotStore.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()
const messageOf = (effect: Effect.Effect<unknown, { readonly message: string }>): Promise<string> =>
  Effect.runPromise(Effect.map(Effect.flip(effect), (error) => error.message))

// a pool of a role that may look and write into a schema, and make nothing
const withRole = async (name: string, use: (pool: pg.Pool) => Promise<void>): Promise<void> => {
  await database.pool.query(`CREATE ROLE ${name} LOGIN PASSWORD 'pw'`)
  const url = new URL(database.url)
  url.username = name
  url.password = "pw"
  const pool = new pg.Pool({ connectionString: url.href })
  try {
    await use(pool)
  } finally {
    await pool.end()
    await database.pool.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`)
  }
}

it("of many who use a schema first all find the tables, also beside a sink that makes its own", async () => {
  for (let round = 0; round < 3; round++) {
    const schema = `first_${round}`
    const options = { pool: database.pool, schema }
    const sink = PostgresSink.make(options)
    const context = { planHash: "", token: 1, transaction: "atomic", onConflict: "abort", entities: [] } as const
    await Effect.runPromise(
      Effect.all(
        [
          ...Array.from({ length: 4 }, (_, at) =>
            Effect.suspend(() => PostgresJobStore.make(options).create(JobStoreSuite.job(`${at}`))),
          ),
          ...Array.from({ length: 4 }, (_, at) =>
            Effect.suspend(() => PostgresSnapshotStore.make(options).put("a", `${at}`, Buffer.from("b"))),
          ),
          Effect.scoped(sink.commit({ job: "a", ...context })),
          Effect.scoped(sink.commit({ job: "b", ...context })),
        ],
        { concurrency: "unbounded" },
      ),
    )
    expect(await database.rows(`SELECT store, version FROM ${schema}.store ORDER BY store`)).toEqual([
      { store: "job", version: 3 },
      { store: "snapshot", version: 1 },
    ])
    expect(await Effect.runPromise(PostgresJobStore.make(options).find({}))).toHaveLength(4)
    expect(await Effect.runPromise(PostgresSnapshotStore.make(options).list("a"))).toHaveLength(4)
  }
})

it("a newer release brings tables up to date, and an older one says that they are newer", async () => {
  const steps: StoreTables["steps"] = [
    (schema) => [`CREATE TABLE ${schema}.thing (a integer)`, `INSERT INTO ${schema}.thing VALUES (1)`],
    (schema) => [`ALTER TABLE ${schema}.thing ADD COLUMN b integer NOT NULL DEFAULT 2`],
    (schema) => [`UPDATE ${schema}.thing SET a = a + 10`],
  ]
  const release = (version: number) => ensure(database.pool, "releases", { store: "thing", steps: steps.slice(0, version) })
  const things = () => database.rows("SELECT * FROM releases.thing")
  await Effect.runPromise(release(1))
  expect(await things()).toEqual([{ a: 1 }])
  // at once, and once only
  await Effect.runPromise(
    Effect.all(
      Array.from({ length: 5 }, () => release(3)),
      { concurrency: "unbounded" },
    ),
  )
  await Effect.runPromise(release(3))
  expect(await things()).toEqual([{ a: 11, b: 2 }])
  expect(await messageOf(release(2))).toMatch(
    /schema releases: they are of version 3, and this release knows them up to version 2/,
  )
  expect(await things()).toEqual([{ a: 11, b: 2 }])
})

it("a step that fails leaves the tables as they were, and is tried again", async () => {
  const steps: StoreTables["steps"] = [(schema) => [`CREATE TABLE ${schema}.half (a integer)`, `SELECT a FROM ${schema}.other`]]
  const prepare = ensure(database.pool, "broken", { store: "half", steps })
  expect(await messageOf(prepare)).toMatch(/"broken.other" does not exist/)
  expect(await database.rows("SELECT FROM pg_namespace WHERE nspname = 'broken'")).toEqual([])
  await database.pool.query("CREATE SCHEMA broken CREATE TABLE other (a integer)")
  await Effect.runPromise(prepare)
  expect(await database.rows("SELECT * FROM broken.half")).toEqual([])
})

it("tables of a newer release are not touched by the stores of this one", async () => {
  const options = { pool: database.pool, schema: "newer" }
  await Effect.runPromise(PostgresJobStore.make(options).create(JobStoreSuite.job("a")))
  await Effect.runPromise(PostgresSnapshotStore.make(options).put("a", "b", Buffer.from("c")))
  await database.pool.query("UPDATE newer.store SET version = version + 1")
  for (const effect of [PostgresJobStore.make(options).find({}), PostgresSnapshotStore.make(options).list("a")])
    expect(await messageOf(effect)).toMatch(/they are of version \d+.*a newer release made them, update this one/)
})

it("a role that may make no tables uses those that are there, and hears what it lacks otherwise", async () => {
  const schema = "narrow"
  const own = { pool: database.pool, schema }
  await withRole("narrow_role", async (pool) => {
    const options = { pool, schema }
    expect(await messageOf(PostgresJobStore.make(options).find({}))).toMatch(
      /tables of the job store in the schema narrow: permission denied for database/,
    )
    await Effect.runPromise(PostgresJobStore.make(own).find({}))
    expect(await messageOf(PostgresJobStore.make(options).find({}))).toMatch(/permission denied for schema narrow/)
    await database.pool.query(`GRANT USAGE ON SCHEMA narrow TO narrow_role;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA narrow TO narrow_role`)
    const jobs = PostgresJobStore.make(options)
    await Effect.runPromise(jobs.create(JobStoreSuite.job("a")))
    await Effect.runPromise(jobs.save(JobStoreSuite.job("a")))
    expect(Option.getOrThrow(await Effect.runPromise(jobs.get("a"))).version).toBe(1)
    const snapshots = PostgresSnapshotStore.make(options)
    expect(await messageOf(snapshots.list("a"))).toMatch(/tables of the snapshot store in the schema narrow: permission denied/)
    // may make tables in the schema, but no schemas
    await database.pool.query("GRANT CREATE ON SCHEMA narrow TO narrow_role")
    await Effect.runPromise(snapshots.put("a", "b", Buffer.from("c")))
    expect(await Effect.runPromise(snapshots.list("a"))).toEqual([{ name: "b", bytes: 1 }])
  })
})
