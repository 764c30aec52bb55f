/**
 * What the sink keeps of jobs in its own tables, told and removed. The tokens of the jobs stay: they shut out a worker, however late it comes.
 *
 * @module
 */
import type { Sink } from "@waybill/core"
import { Effect } from "effect"
import { connect } from "./Connection.ts"
import type { PoolLike } from "./Driver.ts"
import { identifier, literal } from "./Sql.ts"

// of so many jobs in one statement
const atOnce = 500

/** See the file's first sentence. What a table takes is what its columns take, compressed as they are. */
export const forget = (
  pool: PoolLike,
  schema: string,
  { jobs, preview }: Sink.ForgetContext,
): Effect.Effect<ReadonlyMap<string, number>, Sink.SinkError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const found = new Map<string, number>()
      if (jobs.length === 0) return found
      const connection = yield* connect(pool)
      const table = `${identifier(schema)}.batch`
      // no table where nothing was committed yet, and fewer columns where an older release made it
      const { rows: columns } = yield* connection.query(`SELECT attname AS name FROM pg_catalog.pg_attribute
        WHERE attrelid = to_regclass(${literal(table)}) AND attnum > 0 AND NOT attisdropped`)
      if (columns.length === 0) return found
      const size = columns.map(({ name }) => `coalesce(pg_column_size(b.${identifier(name)}), 0)`).join(" + ")
      for (let from = 0; from < jobs.length; from += atOnce) {
        const some = jobs
          .slice(from, from + atOnce)
          .map(literal)
          .join(", ")
        const of = `b.job IN (${some})`
        const { rows } = yield* connection.query(
          preview
            ? `SELECT b.job, sum(${size})::text AS bytes FROM ${table} b WHERE ${of} GROUP BY b.job`
            : `WITH gone AS (DELETE FROM ${table} b WHERE ${of} RETURNING b.job, ${size} AS bytes)
              SELECT job, sum(bytes)::text AS bytes FROM gone GROUP BY job`,
        )
        for (const { bytes, job } of rows) found.set(job, Number(bytes))
      }
      return found
    }),
  )
