/**
 * What a table has and a stage has not: all rows of a scope, some at a time.
 *
 * @module
 */
import { Entity, type Field, type Mirror, type Sink } from "@waybill/core"
import { Effect, Stream } from "effect"
import type { Connection } from "./Connection.ts"
import * as cursor from "./cursor.ts"
import * as Joins from "./Joins.ts"
import type { Layout, Stored } from "./Layout.ts"
import { canonical } from "./Rendering.ts"
import * as Row from "./Row.ts"
import { literal } from "./Sql.ts"

const atOnce = 1_000

// the column of the target that a field lies in by itself, or the one whose reference holds it
const holding = (layout: Layout, position: number): { readonly stored: Stored; readonly isOwn: boolean } => {
  const all = layout.stored.filter(({ positions }) => positions.includes(position))
  const own = all.find((stored) => stored.lookup === null || stored.name === layout.staged[position]!.name)
  return { stored: own ?? all[0]!, isOwn: own !== undefined }
}

/** A field of the target row `t` as text: of the column that holds it, or of the record that its column refers to. */
export const shown = (layout: Layout, position: number): string => {
  const { isOwn, stored } = holding(layout, position)
  return isOwn
    ? layout.staged[position]!.type.rendered(`t.${stored.name}`)
    : Joins.naturalKey(stored.lookup!.layout, stored.positions.indexOf(position), `t.${stored.name}`, stored.lookup!.take)
}

/**
 * The condition that the row `t` has a value in a field. Values are compared as the column's type, so that an index on the column serves;
 * and once more as the plan compares them, where the type takes for the same what is not (upper and lower case).
 */
const isIn = (layout: Layout, { position, value }: Mirror.Condition): string => {
  const { isOwn, stored } = holding(layout, position)
  if (value === null || value === undefined) return isOwn ? `t.${stored.name} IS NULL` : `${shown(layout, position)} IS NULL`
  const { like, type } = layout.staged[position]!
  const wanted = `${literal(String(value))}::${like.baseType}`
  const same = (column: string): string => {
    const exact = type.comparable(column)
    return exact === column ? `${column} = ${wanted}` : `${column} = ${wanted} AND ${exact} = ${type.comparable(wanted)}`
  }
  if (isOwn) return same(`t.${stored.name}`)
  const { layout: referred, take } = stored.lookup!
  const [key] = referred.keys
  // a part of a longer key cannot be looked up by itself
  return stored.positions.length > 1 || key!.lookup !== null
    ? `${shown(layout, position)} = ${type.rendered(wanted)}`
    : `t.${stored.name} = (SELECT k.${take} FROM ${referred.name} k WHERE ${same(`k.${key!.name}`)})`
}

/** The records in scope that are not staged and that `has` does not know, as the rows hold them, and how many are in scope. */
export const missing = (
  connection: Connection,
  layout: Layout,
  scope: ReadonlyArray<Mirror.Condition>,
  has: (key: string) => boolean,
  to: Mirror.Mirror["missing"],
): Effect.Effect<{ readonly inScope: number; readonly records: Stream.Stream<Sink.Missing, Sink.SinkError> }, Sink.SinkError> => {
  const { entity } = layout
  const joins = Joins.make(layout)
  const where = scope.length === 0 ? "true" : scope.map((it) => `(${isIn(layout, it)})`).join(" AND ")
  const fields = entity.fields.map((_, position) => shown(layout, position))
  const fingerprint = to === "delete" ? `${Row.fingerprint(layout)}::text` : "''"
  const statement = `SELECT json_build_array(${fields.join(", ")}) AS fields, ${fingerprint} AS fingerprint FROM ${layout.name} t
    WHERE ${where} AND NOT EXISTS (SELECT FROM ${layout.stage} s ${joins.resolve} WHERE ${joins.match})`
  const valuesOf = (texts: ReadonlyArray<string | null>): ReadonlyArray<Field.Value> =>
    entity.fields.map(({ kind }, at) => canonical(kind, texts[at] ?? null))
  return Effect.map(connection.query(`SELECT count(*)::int8 AS count FROM ${layout.name} t WHERE ${where}`), ({ rows }) => ({
    inScope: Number(rows[0].count),
    records: cursor
      .rows<{ readonly fields: ReadonlyArray<string | null>; readonly fingerprint: string }>(connection, statement, atOnce)
      .pipe(
        Stream.map(({ fields: texts, fingerprint: seen }) => ({ values: valuesOf(texts), fingerprint: seen })),
        // those that the server refused to stage are in the feed all the same
        Stream.filter(({ values }) => !has(Entity.keyText(values, entity.keyPositions))),
      ),
  }))
}
