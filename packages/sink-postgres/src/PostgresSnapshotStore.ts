/**
 * A snapshot store in a table of PostgreSQL: a part is a row, written by one statement, so that it is there whole or not at all.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { type Sink, SnapshotStore } from "@waybill/core"
import { Effect, Layer } from "effect"
import { identifier } from "./internal/Sql.ts"
import { ask, type StorePool, stored, storeReason, unstored } from "./internal/storeQuery.ts"
import { ensure, type StoreTables } from "./internal/storeTables.ts"

export type { StorePool }

/** What {@link layer} takes. */
export interface Options {
  /** A pool of `pg`. It stays yours. */
  readonly pool: StorePool
  /** The schema of the store's table, made on first use. `waybill` by default. */
  readonly schema?: string
}

const tables: StoreTables = {
  store: "snapshot",
  steps: [
    (schema) => [
      `CREATE TABLE IF NOT EXISTS ${schema}.store_part (
        job text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, size integer NOT NULL, bytes bytea NOT NULL,
        PRIMARY KEY (job, name))`,
    ],
  ],
}

const failed =
  (what: string) =>
  (error: Sink.SinkError): SnapshotStore.SnapshotStoreError =>
    new SnapshotStore.SnapshotStoreError({
      reason: storeReason(error),
      message: `${what}: ${error.message}`,
      isRetryable: error.isRetryable,
      cause: error.cause,
    })

const refused = (reason: "NotFound" | "AlreadyExists", message: string): SnapshotStore.SnapshotStoreError =>
  new SnapshotStore.SnapshotStoreError({ reason, message, isRetryable: false })

/** A store on a pool. Nothing is sent to the server before it is used. */
export const make = ({ pool, schema = "waybill" }: Options): SnapshotStore.SnapshotStore["Service"] => {
  const parts = `${identifier(schema)}.store_part`
  const ready = ensure(pool, schema, tables)
  const run = (what: string, statement: string, values: ReadonlyArray<unknown>) =>
    Effect.mapError(Effect.andThen(ready, ask(pool, statement, values)), failed(what))

  const put: SnapshotStore.SnapshotStore["Service"]["put"] = (job, name, bytes) =>
    Effect.gen(function* () {
      const what = `cannot write ${name} of job ${job}`
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const written = yield* run(
        what,
        `INSERT INTO ${parts} (job, name, size, bytes) VALUES ($1, $2, octet_length($3::bytea), $3)
          ON CONFLICT (job, name) DO NOTHING RETURNING size`,
        [stored(job), stored(name), view],
      )
      if (written.rows.length === 1) return
      const digest = createHash("sha256").update(view).digest()
      const there = yield* run(what, `SELECT sha256(bytes) = $3 AS same FROM ${parts} WHERE job = $1 AND name = $2`, [
        stored(job),
        stored(name),
        digest,
      ])
      // it was there, and is removed now
      if (there.rows.length === 0) return yield* put(job, name, bytes)
      if (there.rows[0].same !== true)
        return yield* Effect.fail(refused("AlreadyExists", `${name} of job ${job} is sealed with other bytes`))
    })

  return {
    put,
    get: (job, name) =>
      Effect.flatMap(
        // a third smaller on its way than the hexadecimal that a bytea is sent as
        run(
          `cannot read ${name} of job ${job}`,
          `SELECT encode(bytes, 'base64') AS bytes FROM ${parts} WHERE job = $1 AND name = $2`,
          [stored(job), stored(name)],
        ),
        ({ rows }) =>
          rows.length === 1
            ? Effect.succeed<Uint8Array>(Buffer.from(rows[0].bytes, "base64"))
            : Effect.fail(refused("NotFound", `there is no ${name} of job ${job}`)),
      ),
    list: (job) =>
      Effect.map(
        run(`cannot list the parts of job ${job}`, `SELECT name, size FROM ${parts} WHERE job = $1`, [stored(job)]),
        ({ rows }) =>
          rows.map((row) => ({ name: unstored(row.name), bytes: Number(row.size) })).sort((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    jobs: Effect.map(run("cannot list the jobs", `SELECT DISTINCT job FROM ${parts}`, []), ({ rows }) =>
      rows.map((row) => unstored(row.job)).sort(),
    ),
    remove: (job, name) =>
      Effect.asVoid(
        name === undefined
          ? run(`cannot remove the parts of job ${job}`, `DELETE FROM ${parts} WHERE job = $1`, [stored(job)])
          : run(`cannot remove ${name} of job ${job}`, `DELETE FROM ${parts} WHERE job = $1 AND name = $2`, [
              stored(job),
              stored(name),
            ]),
      ),
  }
}

/** The store as a layer. */
export const layer = (options: Options): Layer.Layer<SnapshotStore.SnapshotStore> =>
  Layer.sync(SnapshotStore.SnapshotStore, () => make(options))
