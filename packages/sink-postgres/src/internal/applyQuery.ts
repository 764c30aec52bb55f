/**
 * The statements that apply one batch: its rows of the stage against their targets, all of them at once.
 *
 * @module
 */
import type { Batch } from "@waybill/core"
import * as Image from "./Image.ts"
import * as Joins from "./Joins.ts"
import type { Layout, Stored } from "./Layout.ts"
import { changesOf } from "./planQuery.ts"
import { bigints } from "./Sql.ts"

/** Why a record is not simply written. */
export type Verdict = "deleted" | "changed" | "appeared" | "reference" | "applied" | "suppressed"

/** One such record, with the compared columns in which the target differs from it: what it has now, and what was planned. */
export interface VerdictRow {
  readonly n: string
  readonly verdict: Verdict
  /** The position of the field whose reference leads nowhere. */
  readonly reference: number | null
  readonly now: ReadonlyArray<ReadonlyArray<string | null> | null> | null
}

/** An update that tells what it replaces. */
export interface Update {
  /** Without its RETURNING. */
  readonly statement: string
  /** The position of a written record among those of its entity. */
  readonly n: string
  /** The image of its target before. */
  readonly before: string
}

/** Where to find records that a trigger changed. */
export interface Altered {
  /** FROM and WHERE. */
  readonly source: string
  readonly n: string
  /** The image of the target; null where it has another key. */
  readonly after: string
}

/** Statements over the rows of the stage that a condition on `s` picks. */
export interface ApplyStatements {
  /** Updates whose target is not what the plan saw. */
  readonly moved: (rows: string) => string
  /** The same once they are written: those that were not, except some. */
  readonly missed: (rows: string, except: ReadonlyArray<number>) => string
  /** Creates whose key has a target already, or whose reference leads nowhere. */
  readonly appeared: (rows: string) => string
  /** The same once they are inserted: those that were not, except some. */
  readonly refused: (rows: string, except: ReadonlyArray<number>) => string
  /** Records that refer to one of their own entity which is neither there nor created by the same rows. */
  readonly orphans: ((rows: string) => string) | null
  /** What happens to a key that is there already: to fail at it costs a third less than to skip it. */
  readonly insert: (rows: string, except: ReadonlyArray<number>, ifTaken: "skip" | "fail") => string
  /**
   * Writes the updates whose target is what the plan saw; one that another transaction is just writing is waited for, and looked at
   * again. In the order of keys, as the inserts, so that commits seldom wait for each other in a circle.
   */
  readonly update: (rows: string, except: ReadonlyArray<number>) => Update
  /** Waits for those who are at the targets of updates that are not written, and keeps others from them. */
  readonly hold: (rows: string, except: ReadonlyArray<number>) => string
  /** Sets references to the entity itself that could not be set before. */
  readonly link: ((rows: string) => string) | null
  /** Takes records out of the stage. */
  readonly drop: (records: ReadonlyArray<number>) => string
  /** The records whose target is not what they say although it was written for them: a trigger changed it. */
  readonly altered: (rows: string) => Altered
}

const excluded = (except: ReadonlyArray<number>): string =>
  except.length === 0 ? "" : ` AND NOT (s."waybill:n" = ANY (${bigints(except)}))`

/** The order in which records are written. */
export const order = (layout: Layout, direction: "ASC" | "DESC" = "ASC"): string =>
  layout.entity.keyPositions
    .map((position) => {
      const { like, name } = layout.staged[position]!
      return `${like.category === "S" && !like.isDomain ? `s.${name} COLLATE "C"` : `s.${name}`} ${direction}`
    })
    .join(", ")

/** The statements of an entity; made once for a session. */
export const make = (layout: Layout): ApplyStatements => {
  const joins = Joins.make(layout)
  const { name: table, stage } = layout
  const written = Image.columns(layout)
  const selves = layout.stored.filter((it) => it.isSelf)
  const isUpdate = `s."waybill:before" IS NOT NULL`
  const isCreate = `s."waybill:before" IS NULL`
  const from = `FROM ${stage} s ${joins.resolve}`
  const isMissing = `t.${layout.keys[0]!.name} IS NULL`
  const references = layout.stored.filter((it) => it.lookup !== null && !it.isSelf)
  const isLost = Joins.any(references.map((it) => joins.unresolved(it)!))
  const lost =
    references.length === 0
      ? "NULL::int"
      : `CASE ${references.map((it) => `WHEN ${joins.unresolved(it)!} THEN ${it.positions[0]!}`).join(" ")} END`
  const now = `json_build_array(${changesOf(layout, joins).join(", ")})`

  const updates = `SELECT s."waybill:n" AS n, ${lost} AS reference, ${now} AS now, CASE
      WHEN ${isMissing} THEN 'deleted'
      WHEN ${isLost} THEN 'reference'
      WHEN ${joins.anyDiffers} THEN 'changed' ELSE 'applied' END AS verdict
    ${from} LEFT JOIN ${table} t ON ${joins.match}`
  const creates = `SELECT s."waybill:n" AS n, ${lost} AS reference, ${now} AS now, CASE
      WHEN ${isLost} THEN 'reference'
      WHEN ${isMissing} THEN 'suppressed'
      WHEN ${joins.anyDiffers} THEN 'appeared' ELSE 'applied' END AS verdict
    ${from} LEFT JOIN ${table} t ON ${joins.match}`

  // null until the record it refers to is there
  const inserted = (stored: Stored): string => {
    const given = joins.absent(stored)
    const value = joins.value(stored)
    return given === null
      ? value
      : `CASE WHEN ${given} THEN ${stored.column.default ?? `NULL::${stored.column.type}`} ELSE ${value} END`
  }
  const updated = (stored: Stored): string => {
    const keep = [joins.absent(stored), stored.isSelf ? joins.unresolved(stored) : null].filter((it) => it !== null)
    const value = joins.value(stored)
    return `${stored.name} = ${keep.length === 0 ? value : `CASE WHEN ${Joins.any(keep)} THEN t.${stored.name} ELSE ${value} END`}`
  }
  // a reference to its own entity that can be set, and is not
  const open = (stored: Stored): string =>
    [
      ...stored.positions.map((position) => `s.${layout.staged[position]!.name} IS NOT NULL`),
      `${joins.value(stored)} IS NOT NULL`,
      `t.${stored.name} IS DISTINCT FROM ${joins.value(stored)}`,
    ].join(" AND ")
  const createdHere = (stored: Stored, rows: string): string => {
    const match = stored.positions.map(
      (position, at) => `p.${layout.staged[layout.entity.keyPositions[at]!]!.name} = s.${layout.staged[position]!.name}`,
    )
    return `SELECT FROM ${stage} p WHERE ${[...match, `p."waybill:before" IS NULL`, rows.replaceAll("s.", "p.")].join(" AND ")}`
  }

  return {
    moved: (rows) =>
      `${updates} WHERE ${rows} AND ${isUpdate}
        AND (${isMissing} OR ${isLost} OR ${Joins.fingerprint(layout)} IS DISTINCT FROM s."waybill:before")`,
    missed: (rows, except) =>
      `${updates} WHERE ${rows} AND ${isUpdate}${excluded(except)}
        AND (${isMissing} OR ${isLost} OR t.xmin <> pg_current_xact_id()::xid)`,
    appeared: (rows) => `${creates} WHERE ${rows} AND ${isCreate} AND (${isLost} OR NOT (${isMissing}))`,
    refused: (rows, except) =>
      `${creates} WHERE ${rows} AND ${isCreate}${excluded(except)}
        AND (${isLost} OR ${isMissing} OR t.xmin <> pg_current_xact_id()::xid)`,
    orphans:
      selves.length === 0
        ? null
        : (rows) =>
            selves
              .map(
                (
                  stored,
                ) => `SELECT s."waybill:n" AS n, 'reference' AS verdict, ${stored.positions[0]!} AS reference, NULL::json AS now
                  ${from} WHERE ${rows} AND ${joins.unresolved(stored)!} AND NOT EXISTS (${createdHere(stored, rows)})`,
              )
              .join("\n UNION ALL \n"),
    insert: (rows, except, ifTaken) =>
      `INSERT INTO ${table} (${layout.stored.map((it) => it.name).join(", ")})
        SELECT ${layout.stored.map(inserted).join(", ")}
        ${from} WHERE ${rows} AND ${isCreate}${references.length === 0 ? "" : ` AND NOT (${isLost})`}${excluded(except)}
        ORDER BY ${order(layout)}
        ${ifTaken === "fail" ? "" : `ON CONFLICT (${layout.keys.map((it) => it.name).join(", ")}) DO NOTHING`}`,
    // the row before is joined as `o`: where another transaction was just writing it, the two are not the same any more, and nothing is
    // written until `hold` has waited for that transaction
    update: (rows, except) => ({
      statement: `UPDATE ${table} t SET ${written.map(updated).join(", ")}
        FROM (SELECT * FROM ${stage} s WHERE ${rows} AND ${isUpdate}${excluded(except)} ORDER BY ${order(layout)}) s ${joins.resolve}, ${table} o
        WHERE o.ctid = t.ctid AND o.tableoid = t.tableoid AND ${joins.match}
          AND ${Joins.fingerprint(layout)} = s."waybill:before"${references.length === 0 ? "" : ` AND NOT (${isLost})`}`,
      n: `s."waybill:n"`,
      before: Image.of(layout, joins, "o"),
    }),
    hold: (rows, except) =>
      `SELECT count(*) FROM (SELECT ${from} JOIN ${table} t ON ${joins.match}
        WHERE ${rows} AND ${isUpdate}${excluded(except)} AND t.xmin <> pg_current_xact_id()::xid
        ORDER BY ${order(layout)} FOR NO KEY UPDATE OF t) AS held`,
    link:
      selves.length === 0
        ? null
        : (rows) =>
            `UPDATE ${table} t SET ${selves.map((it) => `${it.name} = CASE WHEN ${open(it)} THEN ${joins.value(it)} ELSE t.${it.name} END`).join(", ")}
              ${from} WHERE ${rows} AND ${joins.match} AND (${Joins.any(selves.map(open))})`,
    altered: (rows) => ({
      source: `${from} LEFT JOIN ${table} t ON ${joins.match}
        WHERE ${rows} AND (${isMissing} OR ${Joins.any(written.map(joins.differs))})`,
      n: `s."waybill:n"`,
      after: `CASE WHEN ${joins.found} THEN ${Image.of(layout, joins, "t")} END`,
    }),
    drop: (records) => `DELETE FROM ${stage} s WHERE s."waybill:n" = ANY (${bigints(records)})`,
  }
}

/** The condition that a row of the stage `s` is of a batch. */
export const ofBatch = ({ count, first }: Pick<Batch.Batch, "count" | "first">): string =>
  `s."waybill:n" BETWEEN ${first} AND ${first + count - 1}`
