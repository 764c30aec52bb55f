/**
 * The statements of a batch of deletions, and of what takes it back: its keys, in a temporary table of their own, against their targets.
 *
 * @module
 */
import type { Batch } from "@waybill/core"
import * as Joins from "./Joins.ts"
import type { Layout } from "./Layout.ts"
import * as Row from "./Row.ts"
import { bigints, identifier, textArray } from "./Sql.ts"

/** A record, and the fingerprint that the plan saw; `null` where it does not matter. */
export interface Wanted {
  readonly index: number
  readonly fingerprint: string | null
}

/** What there is now of a record. */
export interface JudgedRow {
  readonly n: string
  readonly there: boolean
  /** Whether all of it is what the plan saw; for an undo, what there was before. */
  readonly same: boolean | null
}

/** The statements of an entity. */
export interface DeleteStatements {
  /** The temporary table, quoted; its rows lead to their targets as those of an undo do (`Referrer.statementOf`). */
  readonly table: string
  /** Makes it where it is not there, and fills it with the keys of some records of a batch. */
  readonly fill: (batch: Batch.Batch, wanted: ReadonlyArray<Wanted>) => ReadonlyArray<string>
  /** Waits for those who are at the targets, and keeps others from changing them or referring to them. */
  readonly hold: string
  /** Notes where the targets are, and whether they are the same: by their fingerprints. */
  readonly find: string
  readonly judge: string
  /** Deletes what is marked as going. */
  readonly remove: { readonly statement: string; readonly n: string; readonly before: string }
  /** Takes the images that a ledger has, the SQL of rows `n, image` over these columns, and finds out which targets equal theirs. */
  readonly findBack: (images: string, columns: ReadonlyArray<string>) => ReadonlyArray<string>
  /** Puts records back; tells which. */
  readonly putBack: (columns: ReadonlyArray<string>) => (records: ReadonlyArray<number>) => string
}

// one name for each list of columns
const named = (columns: ReadonlyArray<string>): string => {
  let hash = 0
  for (const character of columns.join("\0")) hash = (Math.imul(hash, 31) + character.codePointAt(0)!) | 0
  return `${columns.length}_${(hash >>> 0).toString(36)}`
}

/** Makes them. */
export const make = (layout: Layout): DeleteStatements => {
  const { entity, name: target } = layout
  const table = layout.stage.replace("waybill_stage_", "waybill_gone_")
  const keys = entity.keyPositions.map((position, at) => ({
    name: `k${at}`,
    position,
    type: layout.staged[position]!.type.staged,
  }))
  const found = Joins.keyed(
    layout,
    keys.map(({ name }) => `g.${name}`),
    "t",
  )
  const from = `FROM ${table} g ${found.joins.join("\n  ")} JOIN ${target} t ON ${found.on}`
  const locate = (same: string): string => `UPDATE ${table} u SET tid = f.tid, rel = f.rel, is_same = f.is_same
    FROM (SELECT g.n, t.ctid AS tid, t.tableoid AS rel, ${same} AS is_same ${from}) f WHERE f.n = u.n`
  // a table is a type that may be there already
  const rowType = (columns: ReadonlyArray<string>): string =>
    layout.stage.replace("waybill_stage_", `waybill_row_${named(columns)}_`)
  const column = (name: string) => layout.table.columns.find((it) => it.name === name)!
  return {
    table,
    fill: ({ first, ...batch }, wanted) => {
      const records = batch.records()
      const columns = ["n", "seen", ...keys.map(({ name }) => name)]
      const arrays = [
        bigints(wanted.map(({ index }) => first + index)),
        bigints(wanted.map(({ fingerprint }) => fingerprint ?? "NULL")),
        ...keys.map(({ position }) => `${textArray(wanted.map(({ index }) => records[index]![position]))}::text[]`),
      ]
      return [
        `CREATE TEMPORARY TABLE IF NOT EXISTS ${table.replace("pg_temp.", "")} (n int8 PRIMARY KEY, seen int8,
          ${keys.map(({ name, type }) => `${name} ${type}`).join(", ")},
          tid tid, rel oid, is_same boolean, goes boolean NOT NULL DEFAULT false, image text)`,
        `TRUNCATE ${table}`,
        `INSERT INTO ${table} (${columns.join(", ")})
          SELECT q.n, q.seen${keys.map(({ name, type }) => `, q.${name}::${type}`).join("")}
          FROM unnest(${arrays.join(", ")}) q(${columns.join(", ")})`,
        `ANALYZE ${table}`,
      ]
    },
    hold: `SELECT count(*) FROM (SELECT ${from} ORDER BY ${keys.map(({ name }) => `g.${name}`).join(", ")} FOR UPDATE OF t) AS held`,
    find: locate(`${Row.fingerprint(layout)} = g.seen`),
    judge: `SELECT n, tid IS NOT NULL AS there, is_same AS same FROM ${table} ORDER BY n`,
    remove: {
      statement: `DELETE FROM ${target} t USING ${table} g WHERE t.ctid = g.tid AND t.tableoid = g.rel AND g.goes`,
      n: "g.n",
      before: Row.image(layout, "t"),
    },
    findBack: (images, columns) => [
      `UPDATE ${table} u SET image = i.image FROM (${images}) i WHERE i.n = u.n`,
      locate(`ROW(${columns.map((name) => `t.${identifier(name)}`).join(", ")})::text = g.image`),
      `CREATE TEMPORARY TABLE IF NOT EXISTS ${rowType(columns).replace("pg_temp.", "")} (
        ${columns.map((name) => `${identifier(name)} ${column(name).type}`).join(", ")})`,
    ],
    putBack: (columns) => (records) =>
      `
      WITH back AS MATERIALIZED (SELECT n, image::${rowType(columns)} AS old FROM ${table} WHERE n = ANY (${bigints(records)})),
      put AS (
        INSERT INTO ${target} AS t (${columns.map(identifier).join(", ")}) OVERRIDING SYSTEM VALUE
        SELECT ${columns.map((name) => `(back.old).${identifier(name)}`).join(", ")} FROM back
        RETURNING ${layout.keys.map(({ name }) => `t.${name}`).join(", ")})
      SELECT back.n FROM back JOIN put ON ${layout.keys.map(({ name }) => `put.${name} = (back.old).${name}`).join(" AND ")}`,
  }
}
