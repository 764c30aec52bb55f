/**
 * A job store in tables of PostgreSQL: every save is one statement, which compares the version, saves the job and appends its issues.
 *
 * Jobs and issues are kept as `json` and not as `jsonb`: it keeps every text (`jsonb` has no `\u0000`), and members in their order.
 *
 * @module
 */
import { type Issue, type Job, JobStore } from "@waybill/core"
import { Effect, Layer, Option } from "effect"
import type { QueryResult } from "./internal/Driver.ts"
import { identifier } from "./internal/Sql.ts"
import { ask, jobStoreError, type StorePool, stored } from "./internal/storeQuery.ts"
import { ensure, type StoreTables } from "./internal/storeTables.ts"

export type { StorePool }

/** What {@link layer} takes. */
export interface Options {
  /** A pool of `pg`. It stays yours. */
  readonly pool: StorePool
  /** The schema of the store's tables, made on first use. `waybill` by default. */
  readonly schema?: string
}

const tables: StoreTables = {
  store: "job",
  steps: [
    (schema) => [
      // moments are the ISO text of the job, which sorts as the moments do
      `CREATE TABLE IF NOT EXISTS ${schema}.store_job (
        id text COLLATE "C" PRIMARY KEY, version integer NOT NULL, import text NOT NULL, status text NOT NULL,
        source_sha256 text, started_by text NOT NULL, created_at text COLLATE "C" NOT NULL, issues integer NOT NULL,
        body json NOT NULL)`,
      `CREATE INDEX IF NOT EXISTS store_job_created_at ON ${schema}.store_job (created_at, id)`,
      `CREATE INDEX IF NOT EXISTS store_job_import ON ${schema}.store_job (import, created_at)`,
      `CREATE INDEX IF NOT EXISTS store_job_status ON ${schema}.store_job (status, created_at)`,
      `CREATE INDEX IF NOT EXISTS store_job_source ON ${schema}.store_job (source_sha256)`,
      `CREATE INDEX IF NOT EXISTS store_job_started_by ON ${schema}.store_job (started_by, created_at)`,
      `CREATE TABLE IF NOT EXISTS ${schema}.store_issue (
        job text COLLATE "C" NOT NULL REFERENCES ${schema}.store_job (id) ON DELETE CASCADE,
        ordinal integer NOT NULL, body json NOT NULL, PRIMARY KEY (job, ordinal))`,
    ],
    (schema) => [
      `ALTER TABLE ${schema}.store_job ADD COLUMN parent text COLLATE "C"`,
      `CREATE INDEX store_job_parent ON ${schema}.store_job (parent, created_at)`,
    ],
    (schema) => [
      `ALTER TABLE ${schema}.store_job ADD COLUMN kind text, ADD COLUMN bookmark text`,
      // of jobs that are there already, only undos are ever searched for by their kind
      `UPDATE ${schema}.store_job SET kind = 'undo' WHERE id ~ '-undo(-[0-9]+)?$'`,
      `CREATE INDEX store_job_kind ON ${schema}.store_job (import, kind, created_at)`,
      `CREATE INDEX store_job_bookmark ON ${schema}.store_job (import, bookmark, created_at) WHERE bookmark IS NOT NULL`,
    ],
  ],
}

const refused = (reason: "Stale" | "AlreadyExists" | "NotFound", message: string): JobStore.JobStoreError =>
  new JobStore.JobStoreError({ reason, message, isRetryable: false })

const notFound = (id: string) => refused("NotFound", `there is no job ${id}`)

// what a row is made of, in the order of `columns`
const columns = "id, version, import, status, source_sha256, started_by, created_at, body, parent, kind, bookmark"
const valuesOf = (job: Job.Job): ReadonlyArray<unknown> => [
  stored(job.id),
  job.version,
  stored(job.import),
  job.status,
  job.source.sha256 === null ? null : stored(job.source.sha256),
  stored(job.startedBy),
  stored(job.createdAt),
  JSON.stringify(job),
  (job.parent ?? null) === null ? null : stored(job.parent!),
  stored(job.source.kind),
  (job.bookmark ?? null) === null ? null : stored(job.bookmark!.of),
]

const bodies = <A>(result: QueryResult): ReadonlyArray<A> => result.rows.map(({ body }) => JSON.parse(body) as A)

// a limit as SQL takes it: NULL is none
const limitOf = (limit: number): number | null => (limit === Number.POSITIVE_INFINITY ? null : Math.max(0, Math.trunc(limit)))

/** A store on a pool. Nothing is sent to the server before it is used. */
export const make = ({ pool, schema = "waybill" }: Options): JobStore.JobStore["Service"] => {
  const jobs = `${identifier(schema)}.store_job`
  const issues = `${identifier(schema)}.store_issue`
  const ready = ensure(pool, schema, tables)
  const run = (what: string, statement: string, values: ReadonlyArray<unknown>) =>
    Effect.mapError(Effect.andThen(ready, ask(pool, statement, values)), jobStoreError(what))

  const insert = `INSERT INTO ${jobs} (${columns}, issues) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)
    ON CONFLICT (id) DO NOTHING RETURNING id`

  // whoever comes second waits for the row, and then finds another version
  const save = `
    WITH saved AS (
      UPDATE ${jobs} SET version = $2, import = $3, status = $4, source_sha256 = $5, started_by = $6, created_at = $7, body = $8, parent = $9,
        kind = $10, bookmark = $11, issues = issues + json_array_length($13::json)
      WHERE id = $1 AND version = $12
      RETURNING issues - json_array_length($13::json) AS before
    ), appended AS (
      INSERT INTO ${issues} (job, ordinal, body)
      SELECT $1, saved.before + it.position - 1, it.body
      FROM saved, json_array_elements($13::json) WITH ORDINALITY AS it (body, position)
    )
    SELECT (SELECT count(*)::integer FROM saved) AS saved, (SELECT count(*)::integer FROM ${jobs} WHERE id = $1) AS known`

  return {
    create: (job) =>
      Effect.flatMap(run(`cannot create job ${job.id}`, insert, valuesOf(job)), ({ rows }) =>
        rows.length === 1 ? Effect.void : Effect.fail(refused("AlreadyExists", `there is a job ${job.id} already`)),
      ),
    get: (id) =>
      Effect.map(run(`cannot read job ${id}`, `SELECT body::text AS body FROM ${jobs} WHERE id = $1`, [stored(id)]), (result) =>
        Option.fromNullishOr(bodies<Job.Job>(result)[0]),
      ),
    save: (job, found = []) =>
      Effect.suspend(() => {
        const next: Job.Job = { ...job, version: job.version + 1 }
        return Effect.flatMap(
          run(`cannot save job ${job.id}`, save, [...valuesOf(next), job.version, JSON.stringify(found)]),
          ({ rows }) => {
            if (rows[0].saved === 1) return Effect.succeed(next)
            return Effect.fail(
              rows[0].known === 0
                ? notFound(job.id)
                : refused("Stale", `job ${job.id} was saved by somebody else since version ${job.version} was read`),
            )
          },
        )
      }),
    find: (query) =>
      Effect.suspend(() => {
        const values: Array<unknown> = []
        const conditions: Array<string> = []
        const add = (condition: (bound: string) => string, value: unknown) => {
          values.push(value)
          conditions.push(condition(`$${values.length}`))
        }
        if (query.import !== undefined) add((it) => `import = ${it}`, stored(query.import))
        if (query.sourceSha256 !== undefined) add((it) => `source_sha256 = ${it}`, stored(query.sourceSha256))
        if (query.startedBy !== undefined) add((it) => `started_by = ${it}`, stored(query.startedBy))
        if (query.kind !== undefined) add((it) => `kind = ${it}`, stored(query.kind))
        if (query.bookmark !== undefined) add((it) => `bookmark = ${it}`, stored(query.bookmark))
        if (query.status !== undefined) add((it) => `status = ANY (${it}::text[])`, [...query.status])
        if (query.parent === null) conditions.push("parent IS NULL")
        else if (query.parent !== undefined) add((it) => `parent = ${it}`, stored(query.parent))
        if (query.since !== undefined) add((it) => `created_at >= ${it}`, stored(query.since))
        if (query.before !== undefined) add((it) => `created_at < ${it}`, stored(query.before))
        values.push(limitOf(query.limit ?? 100))
        return Effect.map(
          run(
            "cannot list the jobs",
            `SELECT body::text AS body FROM ${jobs} ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`}
              ORDER BY created_at DESC, id DESC LIMIT $${values.length}`,
            values,
          ),
          (result) => bodies<Job.Job>(result),
        )
      }),
    issues: (id, { limit = Number.POSITIVE_INFINITY, offset = 0 } = {}) =>
      Effect.gen(function* () {
        const what = `cannot read the issues of job ${id}`
        // ordinals have no gaps, so that the index leads to a page wherever it begins
        const found = yield* run(
          what,
          `SELECT body::text AS body FROM ${issues} WHERE job = $1 AND ordinal >= $2::bigint ORDER BY ordinal LIMIT $3`,
          [stored(id), Math.max(0, Math.trunc(offset)), limitOf(limit)],
        )
        if (found.rows.length > 0) return bodies<Issue.Issue>(found)
        const known = yield* run(what, `SELECT id FROM ${jobs} WHERE id = $1`, [stored(id)])
        return known.rows.length === 1 ? [] : yield* Effect.fail(notFound(id))
      }),
  }
}

/**
 * The store as a layer.
 *
 * ```ts
 * const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
 * const stores = Layer.merge(PostgresJobStore.layer({ pool }), PostgresSnapshotStore.layer({ pool }))
 * ```
 */
export const layer = (options: Options): Layer.Layer<JobStore.JobStore> => Layer.sync(JobStore.JobStore, () => make(options))
