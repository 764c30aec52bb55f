/**
 * The job store on a real server.
 */
import { inspect } from "node:util"
import { Issue, JobStore } from "@waybill/core"
import { JobStoreSuite, SharedStoreSuite } from "@waybill/core/testing"
import { Effect, Option } from "effect"
import pg from "pg"
import { describe, expect, it } from "vitest"
import * as PostgresJobStore from "../src/PostgresJobStore.ts"
import { useDatabase } from "./harness.ts"
import { strangersOf } from "./strangers.ts"

const database = useDatabase()
const run = <A>(effect: Effect.Effect<A, JobStore.JobStoreError>): Promise<A> => Effect.runPromise(effect)
const issue = Issue.make({ code: "cell.date", message: "no date" })

// another pool on the same database, closed when the test ends
const withPool = async <A>(config: pg.PoolConfig, use: (pool: pg.Pool) => Promise<A>): Promise<A> => {
  const pool = new pg.Pool({ connectionString: database.url, max: 4, ...config })
  pool.on("error", () => {})
  try {
    return await use(pool)
  } finally {
    await pool.end()
  }
}

let schemas = 0

describe("a store in a schema that is not there yet", () => {
  const schema = (): string => `job "${++schemas}'$s`
  for (const { check, name } of JobStoreSuite.laws)
    it(name, () => Effect.runPromise(Effect.provide(check, PostgresJobStore.layer({ pool: database.pool, schema: schema() }))))
  for (const { check, name } of SharedStoreSuite.jobStoreLaws)
    it(name, () => {
      const options = { pool: database.pool, schema: schema() }
      return Effect.runPromise(check(() => PostgresJobStore.make(options)))
    })
})

it("a save that meets another transaction is tried again where transactions are serializable by default", async () => {
  await withPool({ options: "-c default_transaction_isolation=serializable" }, async (pool) => {
    const store = PostgresJobStore.make({ pool, schema: "serializable" })
    await run(store.create(JobStoreSuite.job("a")))
    const other = await database.pool.connect()
    await other.query("BEGIN; UPDATE serializable.store_job SET started_by = 'other'")
    const saved = run(store.save(JobStoreSuite.job("a"), [issue]))
    const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%serializable%'"
    await expect.poll(() => database.rows(waiting)).toHaveLength(1)
    await other.query("COMMIT")
    other.release()
    expect((await saved).version).toBe(1)
    expect(await run(store.issues("a"))).toEqual([issue])
  })
})

it("sends one statement for a save, and no text of anybody in it", async () => {
  await withPool({}, async (pool) => {
    const store = PostgresJobStore.make({ pool, schema: "statements" })
    await run(store.create(JobStoreSuite.job("a")))
    const sent: Array<string> = []
    const query = pool.query.bind(pool)
    pool.query = ((statement: string, values: Array<unknown>) => {
      sent.push(statement)
      return query(statement, values)
    }) as typeof pool.query
    await run(store.save(JobStoreSuite.job("a", { import: "needle" }), [{ ...issue, message: "needle" }]))
    await run(store.find({ import: "needle", startedBy: "needle", sourceSha256: "needle", since: "needle", before: "needle" }))
    expect(sent).toHaveLength(2)
    expect(sent.join()).not.toContain("needle")
  })
})

it("the issues of a job go with its row", async () => {
  const store = PostgresJobStore.make({ pool: database.pool, schema: "retention" })
  await run(store.create(JobStoreSuite.job("a")))
  await run(store.save(JobStoreSuite.job("a"), [issue, issue]))
  await database.pool.query("DELETE FROM retention.store_job WHERE created_at < '2025'")
  expect(await database.rows("SELECT * FROM retention.store_issue")).toEqual([])
  expect(await run(store.get("a"))).toEqual(Option.none())
})

it("goes on after its connections were cut", async () => {
  await withPool({ application_name: "cut" }, async (pool) => {
    const store = PostgresJobStore.make({ pool, schema: "cut" })
    await run(store.create(JobStoreSuite.job("a")))
    const busy = pool.query("SELECT pg_sleep(60)").catch((error) => error)
    await expect.poll(() => database.rows("SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'")).toHaveLength(1)
    await database.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut'")
    expect(await busy).toBeInstanceOf(Error)
    const saved = run(store.save(JobStoreSuite.job("a"))).catch(() => run(store.save(JobStoreSuite.job("a"))))
    expect((await saved).version).toBe(1)
  })
})

it("says what is wrong with the world, and no secret", async () => {
  const { gone, secret, unknown } = strangersOf(database.url)
  for (const [url, reason, isRetryable] of [
    [gone, "Unreachable", true],
    [unknown, "Unknown", false],
  ] as const)
    await withPool({ connectionString: url }, async (pool) => {
      const store = PostgresJobStore.make({ pool })
      for (const effect of [
        store.create(JobStoreSuite.job("a")),
        store.get("a"),
        store.save(JobStoreSuite.job("a")),
        store.find({}),
        store.issues("a"),
      ]) {
        const error = await run(
          Effect.flip(effect as Effect.Effect<unknown, JobStore.JobStoreError>) as Effect.Effect<JobStore.JobStoreError>,
        )
        expect(error).toBeInstanceOf(JobStore.JobStoreError)
        expect(error).toMatchObject({ reason, isRetryable })
        expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain(secret)
      }
    })
})
