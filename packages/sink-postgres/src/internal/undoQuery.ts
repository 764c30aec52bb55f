/**
 * The statements that take one batch back: its records, staged with the images that the ledger has of them, against their targets.
 *
 * @module
 */
import * as applyQuery from "./applyQuery.ts"
import * as Image from "./Image.ts"
import * as Joins from "./Joins.ts"
import type { Layout, Stored } from "./Layout.ts"
import { bigints } from "./Sql.ts"

/**
 * How the target of a record is now. `left`: as the job left it. `before`: as it was before the job. `gone`: the job created it, and it is
 * not there. `deleted`: the job updated it, and it is not there. `elsewhere`: a trigger gave it another key when it was written.
 */
export type Verdict = "left" | "before" | "changed" | "gone" | "deleted" | "elsewhere"

/** One record, and where it was changed the fields as text: what is there now and what the job had written, for each column's fields. */
export interface VerdictRow {
  readonly n: string
  /** Whether the job created it. */
  readonly made: boolean
  readonly verdict: Verdict
  readonly fields: ReadonlyArray<ReadonlyArray<string | null> | null> | null
}

/** The statements of an entity. */
export interface UndoStatements {
  /** The temporary table of what is to be taken back; its row for each record leads to the target. */
  readonly table: string
  /** Make that table, and the type of the images. */
  readonly create: ReadonlyArray<string>
  /** Empties stage and table. */
  readonly clear: ReadonlyArray<string>
  /** Fills the table; `before` and `after` are the ledger's images: the SQL of rows `n, image`. */
  readonly fill: (before: string, after: string) => string
  /** Waits for those who are at the targets, and keeps others from changing them or referring to them. */
  readonly hold: string
  /** Notes where the targets are: they stay there while they are held. */
  readonly find: ReadonlyArray<string>
  readonly judge: string
  /** Gives records back what was there before, the last that was written first; tells which. */
  readonly restore: (records: ReadonlyArray<number>) => string
  /** Deletes records; tells which. */
  readonly remove: (records: ReadonlyArray<number>) => string
}

/** The fields of an image's columns that are told, in their order. */
export const toldFields = (layout: Layout): ReadonlyArray<ReadonlyArray<number>> =>
  Image.columns(layout).map(({ positions }) => positions.filter((position) => !layout.entity.keyPositions.includes(position)))

/** Makes them; once for a session. */
export const make = (layout: Layout): UndoStatements => {
  const joins = Joins.make(layout)
  const { name: target, stage } = layout
  const table = stage.replace("waybill_stage_", "waybill_undo_")
  const image = Image.typeOf(layout)
  const written = Image.columns(layout)
  const now = Image.of(layout, joins, "t")
  const staged = `FROM ${stage} s ${joins.resolve}`

  const changed = (stored: Stored): string => {
    const comparable = Joins.comparableOf(layout, stored)
    const given = joins.absent(stored)
    const altered = `${comparable(`t.${stored.name}`)} IS DISTINCT FROM ${comparable(`(a.image).${stored.name}`)}`
    return `CASE WHEN u.is_altered THEN ${given === null ? altered : `NOT (${given}) AND ${altered}`} ELSE ${joins.differs(stored)} END`
  }
  const told = (stored: Stored, positions: ReadonlyArray<number>): string => {
    const { lookup } = stored
    const values = positions.flatMap((position) => {
      const { name, type } = layout.staged[position]!
      const shown = (column: string): string =>
        lookup === null || name === stored.name
          ? type.rendered(column)
          : Joins.naturalKey(lookup.layout, stored.positions.indexOf(position), column, lookup.take)
      return [
        shown(`t.${stored.name}`),
        `CASE WHEN u.is_altered THEN ${shown(`(a.image).${stored.name}`)} ELSE ${type.rendered(`s.${name}`)} END`,
      ]
    })
    return `CASE WHEN ${changed(stored)} THEN json_build_array(${values.join(", ")}) END`
  }
  const restored = (stored: Stored): string => {
    const given = joins.absent(stored)
    const value = `(s."waybill:image").${stored.name}`
    return `${stored.name} = ${given === null ? value : `CASE WHEN ${given} THEN t.${stored.name} ELSE ${value} END`}`
  }
  const at = "t.ctid = u.tid AND t.tableoid = u.rel"

  return {
    table,
    create: [
      Image.createType(layout),
      `CREATE TEMPORARY TABLE ${table.replace("pg_temp.", "")} (n int8 PRIMARY KEY, made boolean NOT NULL, before text,
        is_altered boolean NOT NULL, after text, tid tid, rel oid, goes boolean NOT NULL DEFAULT false)`,
    ],
    clear: [`TRUNCATE ${stage}, ${table}`],
    fill: (before, after) =>
      `INSERT INTO ${table} (n, made, before, is_altered, after)
        SELECT s."waybill:n", s."waybill:before" IS NULL, b.image, a.n IS NOT NULL, a.image FROM ${stage} s
        LEFT JOIN (${before}) b ON b.n = s."waybill:n" LEFT JOIN (${after}) a ON a.n = s."waybill:n"`,
    hold: `SELECT count(*) FROM (SELECT ${staged} JOIN ${target} t ON ${joins.match}
      ORDER BY ${applyQuery.order(layout)} FOR UPDATE OF t) AS held`,
    find: [
      `UPDATE ${table} u SET tid = t.ctid, rel = t.tableoid ${staged} JOIN ${target} t ON ${joins.match} WHERE u.n = s."waybill:n"`,
      `ANALYZE ${table}`,
    ],
    judge: `SELECT n, made, verdict, CASE WHEN verdict = 'changed' THEN fields END AS fields FROM (
      SELECT u.n, u.made, CASE
          WHEN u.is_altered AND u.after IS NULL THEN 'elsewhere'
          WHEN u.tid IS NULL THEN CASE WHEN u.made THEN 'gone' ELSE 'deleted' END
          WHEN NOT u.made AND ${now} = u.before THEN 'before'
          WHEN CASE WHEN u.is_altered THEN ${now} = u.after ELSE NOT (${Joins.any(written.map(joins.differs))}) END THEN 'left'
          ELSE 'changed' END AS verdict,
        json_build_array(${written.map((stored, nth) => told(stored, toldFields(layout)[nth]!)).join(", ")}) AS fields
      FROM ${table} u JOIN ${stage} s ON s."waybill:n" = u.n ${joins.resolve}
      LEFT JOIN ${target} t ON ${at}
      LEFT JOIN LATERAL (SELECT u.after::${image} AS image OFFSET 0) a ON u.after IS NOT NULL
    ) AS judged ORDER BY n`,
    restore: (records) =>
      `UPDATE ${target} t SET ${written.map(restored).join(", ")}
        FROM (SELECT s.*, u.tid AS "waybill:tid", u.rel AS "waybill:rel", u.before::${image} AS "waybill:image"
          FROM ${table} u JOIN ${stage} s ON s."waybill:n" = u.n WHERE u.n = ANY (${bigints(records)})
          ORDER BY ${applyQuery.order(layout, "DESC")} OFFSET 0) s
        WHERE t.ctid = s."waybill:tid" AND t.tableoid = s."waybill:rel" RETURNING s."waybill:n" AS n`,
    remove: (records) => `DELETE FROM ${target} t USING ${table} u WHERE ${at} AND u.n = ANY (${bigints(records)}) RETURNING u.n`,
  }
}
