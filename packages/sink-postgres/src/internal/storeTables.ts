/**
 * The tables of the stores: made on first use, and brought up to date by a newer release.
 *
 * The table `store` says which version of its tables each store has. A role that may not make tables uses those that are there; a
 * release that is older than the tables says so and touches nothing.
 *
 * @module
 */
import { Sink } from "@waybill/core"
import { Effect } from "effect"
import { connect, mismatch } from "./Connection.ts"
import { identifier, literal } from "./Sql.ts"
import { ask, type StorePool } from "./storeQuery.ts"

/** The tables of one store, as the steps that led to them. */
export interface StoreTables {
  readonly store: string
  /** The statements that make version 1, those that make version 2 of it, and so on, for a quoted schema. Steps that were released never change. */
  readonly steps: ReadonlyArray<(schema: string) => ReadonlyArray<string>>
}

// the same as the ledger's, so that of all who make the schema one goes first
const lock = 7_926_214

const check = ({ steps }: StoreTables, version: number): Effect.Effect<void, Sink.SinkError> =>
  version > steps.length
    ? Effect.fail(
        mismatch(
          `they are of version ${version}, and this release knows them up to version ${steps.length}: ` +
            "a newer release made them, update this one",
        ),
      )
    : Effect.void

const versionOf = (rows: ReadonlyArray<any>): number => Number(rows[0]?.version ?? 0)

// the version of the tables, without making any; 0 if there are none
const look = (pool: StorePool, schema: string, store: string): Effect.Effect<number, Sink.SinkError> =>
  Effect.gen(function* () {
    const table = `${identifier(schema)}.store`
    // who may not look into the schema may not ask for the name in it either
    const found = yield* ask(
      pool,
      "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'store'",
      [schema],
    )
    if (found.rows.length === 0) return 0
    return versionOf((yield* ask(pool, `SELECT version FROM ${table} WHERE store = $1`, [store])).rows)
  })

const migrate = (pool: StorePool, schema: string, tables: StoreTables): Effect.Effect<void, Sink.SinkError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* connect(pool)
      const quoted = identifier(schema)
      const versions = `${quoted}.store`
      const [, there] = yield* connection.begin("ISOLATION LEVEL READ COMMITTED READ WRITE", [
        `SELECT pg_advisory_xact_lock(${lock})`,
        `SELECT to_regnamespace(${literal(quoted)}) IS NOT NULL AS schema`,
      ])
      // asks for a right on the database even where the schema is there
      if (!there!.rows[0].schema) yield* connection.query(`CREATE SCHEMA IF NOT EXISTS ${quoted}`)
      const found = yield* connection.queries([
        `CREATE TABLE IF NOT EXISTS ${versions} (store text PRIMARY KEY, version integer NOT NULL)`,
        `SELECT version FROM ${versions} WHERE store = ${literal(tables.store)}`,
      ])
      const version = versionOf(found[1]!.rows)
      yield* check(tables, version)
      const missing = tables.steps.slice(version).flatMap((step) => step(quoted))
      yield* connection.commit([
        ...missing,
        `INSERT INTO ${versions} (store, version) VALUES (${literal(tables.store)}, ${tables.steps.length})
          ON CONFLICT (store) DO UPDATE SET version = excluded.version`,
      ])
    }),
  )

/** Makes sure, when it is run for the first time, that the tables are there in the version that this release knows. */
export const ensure = (pool: StorePool, schema: string, tables: StoreTables): Effect.Effect<void, Sink.SinkError> => {
  let ready = false
  const prepare = Effect.gen(function* () {
    const version = yield* look(pool, schema, tables.store)
    yield* check(tables, version)
    if (version < tables.steps.length) yield* migrate(pool, schema, tables)
    ready = true
  }).pipe(
    Effect.mapError(
      ({ cause, isRetryable, message, reason }) =>
        new Sink.SinkError({
          reason,
          isRetryable,
          message: `preparing the tables of the ${tables.store} store in the schema ${schema}: ${message}`,
          cause,
        }),
    ),
  )
  return Effect.suspend(() => (ready ? Effect.void : prepare))
}
