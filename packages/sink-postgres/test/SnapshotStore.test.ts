/**
 * The snapshot store on a real server.
 */
import { inspect } from "node:util"
import { SnapshotStore } from "@waybill/core"
import { SharedStoreSuite, SnapshotStoreSuite } from "@waybill/core/testing"
import { Effect } from "effect"
import pg from "pg"
import { describe, expect, it } from "vitest"
import * as PostgresSnapshotStore from "../src/PostgresSnapshotStore.ts"
import { useDatabase } from "./harness.ts"

const database = useDatabase()
const run = <A>(effect: Effect.Effect<A, SnapshotStore.SnapshotStoreError>): Promise<A> => Effect.runPromise(effect)

let schemas = 0

describe("a store in a schema that is not there yet", () => {
  const schema = (): string => `snapshot "${++schemas}'$s`
  for (const { check, name } of SnapshotStoreSuite.laws)
    it(name, () =>
      Effect.runPromise(Effect.provide(check, PostgresSnapshotStore.layer({ pool: database.pool, schema: schema() }))),
    )
  for (const { check, name } of SharedStoreSuite.snapshotStoreLaws)
    it(name, () => {
      const options = { pool: database.pool, schema: schema() }
      return Effect.runPromise(check(() => PostgresSnapshotStore.make(options)))
    })
})

it("a part that was removed while it is put again is put", async () => {
  const store = PostgresSnapshotStore.make({ pool: database.pool, schema: "again" })
  await run(store.put("a", "part", Buffer.from("old")))
  let asked = 0
  const pool = Object.assign(Object.create(database.pool) as pg.Pool, {
    query: async (statement: string, values: Array<unknown>) => {
      if (statement.includes("sha256") && asked++ === 0) await run(store.remove("a", "part"))
      return database.pool.query(statement, values)
    },
  })
  await run(PostgresSnapshotStore.make({ pool, schema: "again" }).put("a", "part", Buffer.from("new")))
  expect(asked).toBe(1)
  expect(Buffer.from(await run(store.get("a", "part"))).toString()).toBe("new")
})

it("says what is wrong with the world, and no secret", async () => {
  const url = new URL(database.url)
  url.password = "s3cr3t-passw0rd"
  url.port = "1"
  const pool = new pg.Pool({ connectionString: url.href })
  const store = PostgresSnapshotStore.make({ pool })
  for (const effect of [store.put("a", "b", Buffer.from("c")), store.get("a", "b"), store.list("a"), store.remove("a")]) {
    const error = await run(
      Effect.flip(
        effect as Effect.Effect<unknown, SnapshotStore.SnapshotStoreError>,
      ) as Effect.Effect<SnapshotStore.SnapshotStoreError>,
    )
    expect(error).toBeInstanceOf(SnapshotStore.SnapshotStoreError)
    expect(error).toMatchObject({ reason: "Unreachable", isRetryable: true })
    expect(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)).not.toContain("s3cr3t")
  }
  await pool.end()
})
