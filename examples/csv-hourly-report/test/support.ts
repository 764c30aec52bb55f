/**
 * A database and folders of their own for each test, and the example's services on them.
 */
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { JobStore, SnapshotStore } from "@waybill/core"
import { usePostgres } from "@waybill-internal/databases/testing"
import { Effect, Layer, Logger, References } from "effect"
import pg from "pg"
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest"
import { Database, stores, worker } from "../src/index.ts"

/** The real trips: 10,000 of January 2019. */
export const realTrips = new URL(
  "../../../../shared/data/timeseries/nyc-taxi/yellow_tripdata_sample_2019-01.csv",
  import.meta.url,
)

/** Whether they are there; says so once where they are not. */
export const hasRealTrips = existsSync(realTrips)
if (!hasRealTrips) console.log(`skipped: the taxi trips are not at ${realTrips.pathname}`)

export type Services = Database | JobStore.JobStore | SnapshotStore.SnapshotStore

/** The columns of a drop. */
export const header =
  "vendor_id,pickup_datetime,dropoff_datetime,passenger_count,trip_distance,pickup_location_id,dropoff_location_id,payment_type,fare_amount,tip_amount,tolls_amount,total_amount"

/** A drop of rows. */
export const drop = (...rows: ReadonlyArray<string>): string => [header, ...rows, ""].join("\n")

/** A private database for the calling file, emptied before each test, and a folder. */
export const useTaxi = () => {
  const database = usePostgres()
  let pool: pg.Pool
  let folder = ""
  beforeAll(() => {
    if (database.available) pool = new pg.Pool({ connectionString: database.url })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "waybill-taxi-"))
    if (database.available) await pool.query("DROP SCHEMA IF EXISTS taxi CASCADE; DROP SCHEMA IF EXISTS waybill CASCADE")
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  afterAll(async () => {
    if (database.available) await pool.end()
  })
  const layer = () =>
    Layer.mergeAll(stores, worker, Logger.layer([]), Layer.succeed(References.MinimumLogLevel, "None")).pipe(
      Layer.provideMerge(Database.at(database.url)),
    )
  return {
    database,
    folder: () => folder,
    path: (name: string) => join(folder, name),
    write: async (name: string, text: string) => {
      const path = join(folder, name)
      await writeFile(path, text)
      return path
    },
    read: (name: string) => readFile(join(folder, name)),
    query: async (statement: string) => (await pool.query(statement)).rows as ReadonlyArray<Readonly<Record<string, any>>>,
    run: <A, E>(effect: Effect.Effect<A, E, Services>): Promise<A> => Effect.runPromise(Effect.provide(effect, layer())),
    layer,
  }
}
