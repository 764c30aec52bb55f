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
import type { Layout } from "./Layout.ts"
import { canonical } from "./Rendering.ts"
import { literal } from "./Sql.ts"

const atOnce = 1_000

// a field of the target row `t` as text: of the column that holds it, or of the record that its column refers to
const shown = (layout: Layout, position: number): string => {
  const { name, type } = layout.staged[position]!
  const holding = layout.stored.filter(({ positions }) => positions.includes(position))
  const own = holding.find((stored) => stored.lookup === null || stored.name === name)
  if (own !== undefined) return type.rendered(`t.${own.name}`)
  const { lookup, name: column, positions } = holding[0]!
  return Joins.naturalKey(lookup!.layout, positions.indexOf(position), `t.${column}`, lookup!.take)
}

const isIn = (layout: Layout, { position, value }: Mirror.Condition): string => {
  const text = shown(layout, position)
  if (value === null || value === undefined) return `${text} IS NULL`
  const { type } = layout.staged[position]!
  return `${text} = ${type.rendered(`${literal(String(value))}::${layout.staged[position]!.like.baseType}`)}`
}

/** The records in scope that are not staged and that `has` does not know, as the rows hold them, and how many are in scope. */
export const missing = (
  connection: Connection,
  layout: Layout,
  scope: ReadonlyArray<Mirror.Condition>,
  has: (key: string) => boolean,
): Effect.Effect<
  { readonly inScope: number; readonly records: Stream.Stream<Entity.Values, Sink.SinkError> },
  Sink.SinkError
> => {
  const { entity } = layout
  const joins = Joins.make(layout)
  const where = scope.length === 0 ? "true" : scope.map((it) => `(${isIn(layout, it)})`).join(" AND ")
  const fields = entity.fields.map((_, position) => shown(layout, position))
  const statement = `SELECT json_build_array(${fields.join(", ")}) AS fields FROM ${layout.name} t
    WHERE ${where} AND NOT EXISTS (SELECT FROM ${layout.stage} s ${joins.resolve} WHERE ${joins.match})`
  const valuesOf = (texts: ReadonlyArray<string | null>): ReadonlyArray<Field.Value> =>
    entity.fields.map(({ kind }, at) => canonical(kind, texts[at] ?? null))
  return Effect.map(connection.query(`SELECT count(*)::int8 AS count FROM ${layout.name} t WHERE ${where}`), ({ rows }) => ({
    inScope: Number(rows[0].count),
    records: cursor.rows<{ readonly fields: ReadonlyArray<string | null> }>(connection, statement, atOnce).pipe(
      Stream.map(({ fields: texts }) => valuesOf(texts)),
      // those that the server refused to stage are in the feed all the same
      Stream.filter((values) => !has(Entity.keyText(values, entity.keyPositions))),
    ),
  }))
}
