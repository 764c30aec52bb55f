/**
 * The keys of a table's rows as text, of which the nearest to a candidate are found.
 *
 * They are asked for in the order of the unique index on the key, so that a large table is not read for them.
 *
 * @module
 */
import { Entity, type Field, type Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Connection } from "./Connection.ts"
import { isKeyIndex, type Layout } from "./Layout.ts"
import { shown } from "./missing.ts"
import { canonical } from "./Rendering.ts"
import { identifier } from "./Sql.ts"

const statement = (layout: Layout, limit: number): string => {
  const { entity, keys, name, table } = layout
  const index = table.uniques.find((unique) => isKeyIndex(layout, unique))!
  return `SELECT json_build_array(${entity.keyPositions.map((position) => shown(layout, position)).join(", ")}) AS key
    FROM ${name} t WHERE ${keys.map((key) => `t.${key.name} IS NOT NULL`).join(" AND ")}
    ORDER BY ${index.columns.map((column) => `t.${identifier(column)}`).join(", ")} LIMIT ${limit}`
}

/** The keys of at most so many rows; a row whose key is no value of the fields has no key that a record could have. */
export const keys = (
  connection: Connection,
  layout: Layout,
  limit: number,
): Effect.Effect<ReadonlyArray<string>, Sink.SinkError> => {
  const { entity } = layout
  const fields = entity.keyPositions.map((position) => entity.fields[position]!)
  const positions = fields.map((_, at) => at)
  const textOf = (texts: ReadonlyArray<string | null>): ReadonlyArray<string> => {
    const values: ReadonlyArray<Field.Value> = fields.map(({ kind }, at) => canonical(kind, texts[at] ?? null))
    return fields.some((field, at) => field.problem(values[at]) !== undefined) ? [] : [Entity.keyText(values, positions)]
  }
  const most = Math.max(0, Math.trunc(limit))
  return most === 0
    ? Effect.succeed([])
    : Effect.map(connection.query(statement(layout, most)), ({ rows }) => rows.flatMap(({ key }) => textOf(key)))
}
