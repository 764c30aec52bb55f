/**
 * Which keys a table has.
 *
 * @module
 */
import type { Entity, Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Connection } from "./Connection.ts"
import * as Joins from "./Joins.ts"
import type { Layout } from "./Layout.ts"
import { textArray } from "./Sql.ts"

const perQuestion = 5_000

const statement = (layout: Layout, keys: ReadonlyArray<Entity.Values>): string => {
  const columns = layout.entity.keyPositions.map((position, at) => {
    const { baseType } = layout.staged[position]!.like
    return { array: `${textArray(keys.map((key) => key[at]))}::text[]`, name: `k${at}`, value: `q.k${at}::${baseType}` }
  })
  const found = Joins.keyed(
    layout,
    columns.map((it) => it.value),
    "t",
  )
  return `SELECT q.at::int AS at FROM unnest(${columns.map((it) => it.array).join(", ")})
    WITH ORDINALITY q(${columns.map((it) => it.name).join(", ")}, at)
    ${found.joins.join("\n")} JOIN ${layout.name} t ON ${found.on}`
}

const ask = (
  connection: Connection,
  layout: Layout,
  keys: ReadonlyArray<Entity.Values>,
  from: number,
  to: number,
  found: Array<boolean>,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.gen(function* () {
    if (from >= to) return
    if (connection.inTransaction) yield* connection.query("SAVEPOINT waybill_keys")
    const answer = yield* connection.query(statement(layout, keys.slice(from, to))).pipe(
      // a key that is no value of the column's type is in no row: halve until it stands alone
      Effect.catchTag("SinkError", (error) => (error.reason === "DataRefused" ? Effect.succeed(null) : Effect.fail(error))),
    )
    if (connection.inTransaction) yield* connection.query(`${answer === null ? "ROLLBACK TO" : "RELEASE"} SAVEPOINT waybill_keys`)
    if (answer !== null) for (const { at } of answer.rows) found[from + (at as number) - 1] = true
    else if (to - from > 1) {
      const middle = (from + to) >> 1
      yield* ask(connection, layout, keys, from, middle, found)
      yield* ask(connection, layout, keys, middle, to, found)
    }
  })

/** One boolean for each key, in order. */
export const existing = (
  connection: Connection,
  layout: Layout,
  keys: ReadonlyArray<Entity.Values>,
): Effect.Effect<ReadonlyArray<boolean>, Sink.SinkError> =>
  Effect.gen(function* () {
    const found = keys.map(() => false)
    for (let from = 0; from < keys.length; from += perQuestion)
      yield* ask(connection, layout, keys, from, Math.min(from + perQuestion, keys.length), found)
    return found
  })
