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
  /** The records whose values no other record of the target has, as FROM and WHERE. */
  readonly fresh: string
  readonly values: string
  /** The records whose values another record of the target has, or null. */
  readonly held: string | null
}

const questionOf = (layout: Layout, { columns, isKey }: Rule, isEmpty: boolean): Question => {
  const joins = Joins.make(layout)
  const values = columns.map((it) => joins.value(it))
  const given = columns.flatMap((it) => [
    `${joins.value(it)} IS NOT NULL`,
    ...[joins.absent(it)].flatMap((mask) => (mask === null ? [] : [`NOT (${mask})`])),
  ])
  const from = `FROM ${layout.stage} s ${joins.resolve}`
  // a key that is in the target is an update, and no harm
  if (isEmpty || isKey) return { fresh: `${from} WHERE ${given.join(" AND ")}`, values: values.join(", "), held: null }
  const holder = columns.map((it) => `o.${it.name} = ${joins.value(it)}`).join(" AND ")
  const found = `o.${layout.keys[0]!.name}`
  const own = layout.keys.map((it) => `o.${it.name} IS NOT DISTINCT FROM ${joins.value(it)}`).join(" AND ")
  const key = layout.keys.map((it) => `o.${it.name}::text`).join(", ")
  return {
    fresh: `${from} LEFT JOIN ${layout.name} o ON ${holder} WHERE ${given.join(" AND ")} AND ${found} IS NULL`,
    values: values.join(", "),
    held: `SELECT s."waybill:n" AS n, json_build_array(${key}) AS holder ${from} JOIN ${layout.name} o ON ${holder}
      WHERE ${given.join(" AND ")} AND NOT (${own})`,
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
  Effect.forEach(
    rulesOf(layout),
    (rule) => {
      const { fresh, held, values } = questionOf(layout, rule, isEmpty)
      const each = (statement: string) =>
        Stream.runForEach(cursor.rows<Row>(connection, statement, 5_000), (row) =>
          Effect.sync(() => refuse(Number(row.n), issueOf(layout, rule, row))),
        )
      // whether there are any is cheaper to tell than which
      const twice = Effect.flatMap(
        connection.query(`SELECT FROM (SELECT ${fresh} GROUP BY ${values} HAVING count(*) > 1 LIMIT 1) AS twice`),
        ({ rows }) =>
          rows.length === 0
            ? Effect.void
            : each(
                `SELECT n, NULL::json AS holder FROM (
                  SELECT s."waybill:n" AS n, row_number() OVER (PARTITION BY ${values} ORDER BY s."waybill:n") AS nth ${fresh}
                ) AS numbered WHERE nth > 1`,
              ),
      )
      return held === null ? twice : Effect.andThen(each(held), twice)
    },
    { discard: true },
  )
