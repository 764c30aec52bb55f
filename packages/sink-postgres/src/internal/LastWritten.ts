/**
 * What commits wrote last of fields that are owned `keepEdits`, in a table of the sink's own: a row for each record that has such fields, with a
 * fingerprint for each column. The server makes them of the target's rows, for all records of a batch at once, in the transaction that
 * writes these.
 *
 * A fingerprint outlives a session and a release, so it is the hash of a text that says the same of equal values; a record is known by its
 * natural key, hashed because a key may be longer than an index takes.
 *
 * @module
 */
import { Ownership, type Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Connection } from "./Connection.ts"
import * as Joins from "./Joins.ts"
import type { Layout, Stored } from "./Layout.ts"
import { lock } from "./Ledger.ts"
import { bigints, identifier, literal } from "./Sql.ts"

/** The statements of an entity that has such fields. */
export interface LastWritten {
  /** Notes what the targets of the records have now that `rows` picks of the stage `s`, in those fields that the records have. */
  readonly note: (rows: string, except: ReadonlyArray<number>) => string
  /** Takes away what is noted of the records. */
  readonly forget: (rows: string) => string
}

/** The columns of such fields; an entity without any costs nothing. */
export const columns = (layout: Layout): ReadonlyArray<Stored> => {
  const watched = Ownership.watched(layout.entity)
  return layout.stored.filter(({ positions }) => positions.some((position) => watched.includes(position)))
}

const tableOf = (schema: string): string => `${identifier(schema)}.written`

// the target's table, whatever the search path of the session is
const relation = (layout: Layout): string =>
  `(SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ${literal(layout.name)}::regclass)`

const hash = (text: string): string => `sha256(convert_to(${text}, 'UTF8'))`

const key = (layout: Layout): string => {
  const fields = layout.entity.keyPositions.map((position) => {
    const { name, type } = layout.staged[position]!
    return type.rendered(`s.${name}`)
  })
  return hash(`json_build_array(${fields.join(", ")})::text`)
}

const fingerprint = (layout: Layout, stored: Stored): string => {
  const value = Joins.comparableOf(layout, stored)(`t.${stored.name}`)
  const text = stored.lookup === null && stored.column.base === "numeric" ? `trim_scale(${value})::text` : `(${value})::text`
  return `left(encode(${hash(`coalesce('v' || ${text}, 'n')`)}, 'hex'), 16)`
}

/** Whether a target still has what was written last: `same`, `other`, or `never`. */
export interface Told {
  /** What the question joins to the stage `s` and its target `t`. */
  readonly join: string
  readonly of: (stored: Stored) => string
}

/** What a plan asks; without the table nothing was ever written. */
export const told = (layout: Layout, schema: string, isThere: boolean): Told => ({
  join: isThere ? `LEFT JOIN ${tableOf(schema)} w ON w.relation = ${relation(layout)} AND w.key = ${key(layout)}` : "",
  of: (stored) => {
    if (!isThere) return "'never'"
    const last = `w.fields ->> ${literal(stored.column.name)}`
    return `CASE WHEN ${last} IS NULL THEN 'never' WHEN ${last} = ${fingerprint(layout, stored)} THEN 'same' ELSE 'other' END`
  },
})

/** The statements of an entity; null where it has no such fields. */
export const make = (layout: Layout, schema: string): LastWritten | null => {
  const watched = columns(layout)
  if (watched.length === 0) return null
  const joins = Joins.make(layout)
  const fields = watched.map((stored) => {
    const given = joins.absent(stored)
    const value = fingerprint(layout, stored)
    return `${literal(stored.column.name)}, ${given === null ? value : `CASE WHEN NOT (${given}) THEN ${value} END`}`
  })
  return {
    note: (rows, except) => `INSERT INTO ${tableOf(schema)} AS w (relation, key, fields)
      SELECT relation, key, fields FROM (
        SELECT ${relation(layout)} AS relation, ${key(layout)} AS key, jsonb_strip_nulls(jsonb_build_object(${fields.join(", ")})) AS fields
        FROM ${layout.stage} s ${joins.resolve} JOIN ${layout.name} t ON ${joins.match}
        WHERE ${rows}${except.length === 0 ? "" : ` AND NOT (s."waybill:n" = ANY (${bigints(except)}))`}
      ) AS now WHERE fields <> '{}'
      ON CONFLICT (relation, key) DO UPDATE SET fields = w.fields || excluded.fields WHERE NOT w.fields @> excluded.fields`,
    forget: (rows) => `DELETE FROM ${tableOf(schema)} w USING ${layout.stage} s
      WHERE ${rows} AND w.relation = ${relation(layout)} AND w.key = ${key(layout)}`,
  }
}

/** Whether the table is there. */
export const isThere = (connection: Connection, schema: string): Effect.Effect<boolean, Sink.SinkError> =>
  Effect.map(
    connection.query(`SELECT to_regclass(${literal(tableOf(schema))}) IS NOT NULL AS there`),
    ({ rows }) => rows[0].there as boolean,
  )

/** Makes the table if it is not there and an entity needs it; a role that may not can use what another made. */
export const create = (
  connection: Connection,
  schema: string,
  layouts: ReadonlyArray<Layout>,
): Effect.Effect<void, Sink.SinkError> =>
  layouts.every((layout) => columns(layout).length === 0)
    ? Effect.void
    : Effect.gen(function* () {
        if (yield* isThere(connection, schema)) return
        yield* connection.begin("ISOLATION LEVEL READ COMMITTED READ WRITE", [
          `SELECT pg_advisory_xact_lock(${lock})`,
          `CREATE TABLE IF NOT EXISTS ${tableOf(schema)} (
            relation text NOT NULL, key bytea NOT NULL, fields jsonb NOT NULL, PRIMARY KEY (relation, key))`,
        ])
        yield* connection.commit()
      }).pipe(Effect.tapError(() => connection.rollback()))
