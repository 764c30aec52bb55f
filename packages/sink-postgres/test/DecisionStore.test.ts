/**
 * The decision store on a real server.
 */
import { inspect } from "node:util"
import { JobStore } from "@waybill/core"
import { DecisionStoreSuite, SharedStoreSuite } from "@waybill/core/testing"
import { Effect } from "effect"
import pg from "pg"
import { afterAll, describe, expect, it } from "vitest"
import * as PostgresDecisionStore from "../src/PostgresDecisionStore.ts"
import * as PostgresJobStore from "../src/PostgresJobStore.ts"
import { useDatabase } from "./harness.ts"
import { strangersOf } from "./strangers.ts"

const database = useDatabase()
const pools: Array<pg.Pool> = []
afterAll(() => Promise.all(pools.map((it) => it.end())))
const poolOf = (config: pg.PoolConfig = {}): pg.Pool => {
  const pool = new pg.Pool({ connectionString: database.url, max: 2, ...config })
  pool.on("error", () => {})
  pools.push(pool)
  return pool
}
const run = <A>(effect: Effect.Effect<A, JobStore.JobStoreError>): Promise<A> => Effect.runPromise(effect)
const errorOf = <A>(effect: Effect.Effect<A, JobStore.JobStoreError>): Promise<JobStore.JobStoreError> =>
  Effect.runPromise(Effect.flip(effect))
const { decision } = DecisionStoreSuite

let schemas = 0

describe("a store in a schema that is not there yet", () => {
  const schema = (): string => `decision "${++schemas}'$s`
  for (const { check, name } of DecisionStoreSuite.laws)
    it(name, () =>
      Effect.runPromise(Effect.provide(check, PostgresDecisionStore.layer({ pool: database.pool, schema: schema() }))),
    )
  for (const { check, name } of SharedStoreSuite.decisionStoreLaws)
    it(name, () => {
      const own = schema()
      // each store with connections of its own
      return Effect.runPromise(check(() => PostgresDecisionStore.make({ pool: poolOf(), schema: own })))
    })
})

it("who waits for a save that is under way is told that it is stale", async () => {
  const store = PostgresDecisionStore.make({ pool: database.pool, schema: "waiting" })
  const first = await run(store.save(decision("Lamp")))
  const other = await poolOf().connect()
  await other.query("BEGIN; UPDATE waiting.store_decision SET version = 2")
  const late = errorOf(store.save({ ...first, by: "late" }))
  const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%waiting%'"
  await expect.poll(() => database.rows(waiting)).toHaveLength(1)
  await other.query("COMMIT")
  other.release()
  expect(await late).toMatchObject({ reason: "Stale", isRetryable: false })
})

it("a save that meets another transaction is tried again where transactions are serializable by default", async () => {
  const pool = poolOf({ options: "-c default_transaction_isolation=serializable" })
  const store = PostgresDecisionStore.make({ pool, schema: "serializable" })
  const first = await run(store.save(decision("Lamp")))
  const other = await poolOf().connect()
  await other.query("BEGIN; UPDATE serializable.store_decision SET decided_by = 'other'")
  const saved = run(store.save({ ...first, as: "shades" }))
  const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%serializable%'"
  await expect.poll(() => database.rows(waiting)).toHaveLength(1)
  await other.query("COMMIT")
  other.release()
  expect((await saved).version).toBe(2)
  expect(await run(store.list("products"))).toEqual([{ ...first, as: "shades", version: 2 }])
})

it("sends one statement for a save, and no text of anybody in it", async () => {
  const pool = poolOf()
  const store = PostgresDecisionStore.make({ pool, schema: "statements" })
  await run(store.list("products"))
  const sent: Array<string> = []
  const query = pool.query.bind(pool)
  pool.query = ((statement: string, values: Array<unknown>) => {
    sent.push(statement)
    return query(statement, values)
  }) as typeof pool.query
  const given = decision("needle", { import: "needle", entity: "needle", as: "needle", by: "needle" })
  const saved = await run(store.save(given))
  await run(store.save({ ...saved, verdict: null }))
  await run(store.list("needle"))
  expect(sent).toHaveLength(3)
  expect(sent.join()).not.toContain("needle")
})

it("lies beside the jobs, in a table of which the version is known, and is left alone where it is newer", async () => {
  const options = { pool: database.pool, schema: "beside" }
  await run(PostgresJobStore.make(options).find({}))
  await Promise.all(Array.from({ length: 4 }, (_, at) => run(PostgresDecisionStore.make(options).save(decision(`key ${at}`)))))
  expect(await database.rows("SELECT store, version FROM beside.store ORDER BY store")).toEqual([
    { store: "decision", version: 1 },
    { store: "job", version: 3 },
  ])
  expect(
    await database.rows("SELECT import, entity, verdict, decided_by FROM beside.store_decision WHERE key = 'key 1'"),
  ).toEqual([{ import: "products", entity: "category", verdict: "map", decided_by: "ann" }])
  await database.pool.query("UPDATE beside.store SET version = 2 WHERE store = 'decision'")
  const error = await errorOf(PostgresDecisionStore.make(options).list("products"))
  expect(error.message).toMatch(/decision store in the schema beside: they are of version 2.*update this one/)
})

it("says what is wrong with the world, and no secret", async () => {
  const { gone, secret, unknown } = strangersOf(database.url)
  for (const [url, reason, isRetryable] of [
    [gone, "Unreachable", true],
    [unknown, "Unknown", false],
  ] as const) {
    const store = PostgresDecisionStore.make({ pool: poolOf({ connectionString: url }) })
    for (const error of [await errorOf(store.list("products")), await errorOf(store.save(decision("Lamp")))]) {
      expect(error).toBeInstanceOf(JobStore.JobStoreError)
      expect(error).toMatchObject({ reason, isRetryable })
      expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain(secret)
    }
  }
})
