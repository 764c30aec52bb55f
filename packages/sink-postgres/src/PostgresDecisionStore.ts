/**
 * A store of decisions about candidates in a table of PostgreSQL: every save is one statement, which compares the version.
 *
 * A decision is kept as `json` and not as `jsonb`, as jobs are: it keeps every text (`jsonb` has no `\u0000`).
 *
 * @module
 */
import { DecisionStore } from "@waybill/core"
import { Effect, Layer } from "effect"
import { identifier } from "./internal/Sql.ts"
import { ask, jobStoreError, type StorePool, stored } from "./internal/storeQuery.ts"
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
  store: "decision",
  steps: [
    (schema) => [
      // an index takes no key of any length, so that a decision is found by a hash of what it is about
      `CREATE TABLE IF NOT EXISTS ${schema}.store_decision (
        id text COLLATE "C" PRIMARY KEY, version integer NOT NULL, import text NOT NULL, entity text NOT NULL, key text NOT NULL,
        verdict text, decided_by text NOT NULL, decided_at text COLLATE "C" NOT NULL, body json NOT NULL)`,
      `CREATE INDEX IF NOT EXISTS store_decision_import ON ${schema}.store_decision (import)`,
    ],
  ],
}

const valuesOf = (decision: DecisionStore.Decision): ReadonlyArray<unknown> => [
  DecisionStore.idOf(decision),
  decision.version,
  stored(decision.import),
  stored(decision.entity),
  stored(decision.key),
  decision.verdict,
  stored(decision.by),
  stored(decision.at),
  JSON.stringify(decision),
]

/** A store on a pool. Nothing is sent to the server before it is used. */
export const make = ({ pool, schema = "waybill" }: Options): DecisionStore.Service => {
  const decisions = `${identifier(schema)}.store_decision`
  const ready = ensure(pool, schema, tables)
  const run = (what: string, statement: string, values: ReadonlyArray<unknown>) =>
    Effect.mapError(Effect.andThen(ready, ask(pool, statement, values)), jobStoreError(what))

  const insert = `INSERT INTO ${decisions} (id, version, import, entity, key, verdict, decided_by, decided_at, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING RETURNING id`

  // whoever comes second waits for the row, and then finds another version
  const update = `UPDATE ${decisions} SET version = $2, import = $3, entity = $4, key = $5, verdict = $6, decided_by = $7, decided_at = $8,
      body = $9
    WHERE id = $1 AND version = $10 RETURNING id`

  return {
    list: (imported) =>
      Effect.map(
        run(`cannot list the decisions of ${imported}`, `SELECT body::text AS body FROM ${decisions} WHERE import = $1`, [
          stored(imported),
        ]),
        ({ rows }) => rows.map(({ body }) => JSON.parse(body) as DecisionStore.Decision),
      ),
    save: (decision) =>
      Effect.suspend(() => {
        const next: DecisionStore.Decision = { ...decision, version: decision.version + 1 }
        const [statement, values] =
          decision.version === 0 ? [insert, valuesOf(next)] : [update, [...valuesOf(next), decision.version]]
        return Effect.flatMap(
          run(`cannot save the decision about ${decision.entity} ${JSON.stringify(decision.key)}`, statement, values),
          ({ rows }) => (rows.length === 1 ? Effect.succeed(next) : Effect.fail(DecisionStore.stale(decision))),
        )
      }),
  }
}

/**
 * The store as a layer, beside those of jobs and snapshots.
 *
 * ```ts
 * const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
 * const stores = Layer.mergeAll(
 *   PostgresJobStore.layer({ pool }),
 *   PostgresSnapshotStore.layer({ pool }),
 *   PostgresDecisionStore.layer({ pool }),
 * )
 * ```
 */
export const layer = (options: Options): Layer.Layer<never> => Layer.sync(DecisionStore.DecisionStore, () => make(options))
