/**
 * Finds records that a unique index of the target would refuse: because another record of the target has their values, or another
 * record of the same import.
 *
 * @module
 */
import { Issue, type Sink } from "@waybill/core"
import { Effect, Stream } from "effect"
import type { Unique } from "./Catalog.ts"
import type { Connection } from "./Connection.ts"
import * as cursor from "./cursor.ts"
import * as Joins from "./Joins.ts"
import { isKeyIndex, type Layout, type Stored } from "./Layout.ts"

interface Row {
  readonly n: string
  /** The key of the record of the target that has the values already, or null. */
  readonly holder: ReadonlyArray<string> | null
}

// types of which different canonical values may be the same to the server; for the others the engine has seen to it
const isLoose = ({ base, deterministic }: Stored["column"]): boolean =>
  !deterministic || !["text", "varchar", "int2", "int4", "int8", "bool", "date", "timestamp", "timestamptz"].includes(base)

interface Rule {
  readonly columns: ReadonlyArray<Stored>
  readonly isKey: boolean
}

const rulesOf = (layout: Layout): ReadonlyArray<Rule> =>
  layout.table.uniques.flatMap((unique: Unique): ReadonlyArray<Rule> => {
    const columns = unique.columns.map((name) => layout.stored.find((it) => it.column.name === name))
    if (!columns.every((it) => it !== undefined)) return []
    const isKey = isKeyIndex(layout, unique)
    return isKey && !columns.some((it) => isLoose(it.column)) ? [] : [{ columns, isKey }]
  })

interface Question {
  /** FROM and WHERE of the records whose values no other record of the target has. */
  readonly fresh: string
  readonly values: string
  /** How many records have values that the target has not, and how many those of another record there; null if that needs no question. */
  readonly counts: string | null
  /** The records whose values another record of the target has. */
  readonly held: string
}

const questionOf = (layout: Layout, { columns, isKey }: Rule, isEmpty: boolean): Question => {
  const joins = Joins.make(layout)
  const given = columns
    .flatMap((it) => [`${joins.value(it)} IS NOT NULL`, joins.absent(it) === null ? null : `NOT (${joins.absent(it)})`])
    .filter((it) => it !== null)
    .join(" AND ")
  const values = columns.map((it) => joins.value(it)).join(", ")
  const from = `FROM ${layout.stage} s ${joins.resolve}`
  // a key that is in the target is an update, and no harm
  if (isEmpty || isKey) return { fresh: `${from} WHERE ${given}`, values, counts: null, held: "" }
  const holder = `${layout.name} o ON ${columns.map((it) => `o.${it.name} = ${joins.value(it)}`).join(" AND ")}`
  const isFresh = `o.${layout.keys[0]!.name} IS NULL`
  const isOwn = layout.keys.map((it) => `o.${it.name} IS NOT DISTINCT FROM ${joins.value(it)}`).join(" AND ")
  const key = layout.keys.map((it) => `o.${it.name}::text`).join(", ")
  return {
    fresh: `${from} LEFT JOIN ${holder} WHERE ${given} AND ${isFresh}`,
    values,
    counts: `SELECT count(*) FILTER (WHERE ${isFresh})::int AS fresh, count(*) FILTER (WHERE NOT (${isFresh}))::int AS held
      ${from} LEFT JOIN ${holder} WHERE ${given} AND (${isFresh} OR NOT (${isOwn}))`,
    held: `SELECT s."waybill:n" AS n, json_build_array(${key}) AS holder ${from} JOIN ${holder} WHERE ${given} AND NOT (${isOwn})`,
  }
}

const issueOf = (layout: Layout, { columns, isKey }: Rule, { holder }: Row): Issue.Issue => {
  const { entity } = layout
  const fields = columns.flatMap((it) => it.positions.map((position) => entity.fields[position]!.name)).join(", ")
  return Issue.make({
    code: "postgres.23505",
    entity: entity.name,
    column: fields,
    message:
      holder !== null
        ? `the ${entity.name} ${holder.join(", ")} of the target has this ${fields}, which must be unique`
        : isKey
          ? `to PostgreSQL its key is the same as that of another record before it: ${fields} of type ${columns.map((it) => it.column.type).join(", ")}`
          : `another record before it has this ${fields}, which must be unique`,
  })
}

/** Calls `refuse` for each such record, by its position. */
export const check = (
  connection: Connection,
  layout: Layout,
  isEmpty: boolean,
  refuse: (at: number, issue: Issue.Issue) => void,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.gen(function* () {
    for (const rule of rulesOf(layout)) {
      const { counts, fresh, held, values } = questionOf(layout, rule, isEmpty)
      const each = (statement: string) =>
        Stream.runForEach(cursor.rows<Row>(connection, statement, 5_000), (row) =>
          Effect.sync(() => refuse(Number(row.n), issueOf(layout, rule, row))),
        )
      // how many there are is cheaper to tell than which, and mostly there are none
      if (counts !== null) {
        const found = (yield* connection.query(counts)).rows[0] as { readonly fresh: number; readonly held: number }
        if (found.held > 0) yield* each(held)
        if (found.fresh < 2) continue
      }
      const twice = yield* connection.query(
        `SELECT FROM (SELECT ${fresh} GROUP BY ${values} HAVING count(*) > 1 LIMIT 1) AS twice`,
      )
      if (twice.rows.length > 0)
        yield* each(
          `SELECT n, NULL::json AS holder FROM (
            SELECT s."waybill:n" AS n, row_number() OVER (PARTITION BY ${values} ORDER BY s."waybill:n") AS nth ${fresh}
          ) AS numbered WHERE nth > 1`,
        )
    }
  })
