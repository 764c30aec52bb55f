/**
 * A shop of its own for each test, and the import into it.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Engine, type Issue, JobStore, SnapshotStore } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { type TestDatabase, usePostgres } from "@waybill-internal/databases/testing"
import { Effect, Layer, References, Stream } from "effect"
import pg from "pg"
import { afterAll, beforeAll, beforeEach } from "vitest"
import { catalogInto, generateWorkbook, setup, shopSink, sourceOf, type WorkbookOptions } from "../src/index.ts"

/** The contents of the shop's tables: table → row as JSON text, ordered. */
export type Contents = { readonly [table: string]: ReadonlyArray<string> }

const tables = ["category", "series", "brand", "product", "variant"]

/** What {@link useShop} gives. */
export interface Shop {
  readonly database: TestDatabase
  /** Runs one statement. */
  readonly query: (statement: string) => Promise<ReadonlyArray<Readonly<Record<string, unknown>>>>
  readonly contents: () => Promise<Contents>
  /** Writes a workbook and returns its path. */
  readonly workbook: (options: WorkbookOptions) => Promise<string>
  readonly validate: (file: string, options?: Engine.RunOptions) => ReturnType<typeof ran>
  readonly commit: (job: string) => ReturnType<typeof ran>
  readonly changes: (job: string) => Promise<ReadonlyArray<Engine.RecordChange>>
  readonly candidates: (job: string) => Promise<ReadonlyArray<Engine.Candidate>>
  readonly issues: (job: string) => Promise<ReadonlyArray<Issue.Issue>>
}

type Stores = JobStore.JobStore | SnapshotStore.SnapshotStore

const ran = (effect: Effect.Effect<Effect.Success<ReturnType<typeof Engine.commit>>, unknown>) => Effect.runPromise(effect)

/** A private database for the calling file, with an empty shop before each test. */
export const useShop = (): Shop => {
  const database = usePostgres()
  let folder = ""
  let pool: pg.Pool
  let stores: Layer.Layer<Stores>
  beforeAll(async () => {
    if (!database.available) return
    folder = await mkdtemp(join(tmpdir(), "waybill-catalog-"))
    pool = new pg.Pool({ connectionString: database.url })
  })
  beforeEach(async () => {
    if (!database.available) return
    await pool.query("DROP SCHEMA IF EXISTS shop CASCADE; DROP SCHEMA IF EXISTS waybill CASCADE")
    await Effect.runPromise(setup(pool))
    stores = Layer.merge(
      Layer.succeed(JobStore.JobStore, MemoryJobStore.make()),
      Layer.succeed(SnapshotStore.SnapshotStore, MemorySnapshotStore.make()),
    )
  })
  afterAll(async () => {
    if (!database.available) return
    await pool.end()
    await rm(folder, { recursive: true, force: true })
  })
  const definition = () => catalogInto(shopSink(pool))
  const provided = <A, E>(effect: Effect.Effect<A, E, Stores>): Effect.Effect<A, E> =>
    Effect.provide(effect, Layer.merge(stores, Layer.succeed(References.MinimumLogLevel, "None")))
  const query = async (statement: string) => (await pool.query(statement)).rows
  return {
    database,
    query,
    contents: async () =>
      Object.fromEntries(
        await Promise.all(
          tables.map(async (table) => {
            const rows = await query(`SELECT to_jsonb(it)::text AS row FROM shop.${table} AS it ORDER BY id`)
            return [table, rows.map(({ row }) => String(row))] as const
          }),
        ),
      ),
    workbook: async (options) => {
      const path = join(folder, `delivery-${options.delivery ?? 1}-${options.rows}-${options.seed}.xlsx`)
      await Effect.runPromise(generateWorkbook(path, options))
      return path
    },
    validate: (file, options) => ran(provided(Engine.validate(definition(), sourceOf(file), options))),
    commit: (job) => ran(provided(Engine.commit(definition(), job))),
    changes: (job) => Effect.runPromise(provided(Stream.runCollect(Engine.changes(definition(), job)))),
    candidates: (job) => Effect.runPromise(provided(Engine.candidates(job))),
    issues: (job) => Effect.runPromise(provided(Effect.flatMap(JobStore.JobStore, (store) => store.issues(job)))),
  }
}
