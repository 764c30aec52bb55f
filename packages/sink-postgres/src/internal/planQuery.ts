/**
 * The question a plan asks: a stage joined with its target by key, and what differs, in blocks of records.
 *
 * @module
 */
import * as Joins from "./Joins.ts"
import type { Told } from "./LastWritten.ts"
import type { Layout, Stored } from "./Layout.ts"
import { literal } from "./Sql.ts"

/** Records are told in blocks of this many positions: a create costs a few bytes, an unchanged record none. */
export const blockBits = 12

/**
 * A changed column as the server tells it: before and after as text, for each field that the column holds; and where that is asked, whether it has
 * what was written last.
 */
export type ChangedColumn = ReadonlyArray<string | null> | null

/** One block of an answer. */
export interface BlockRow {
  readonly creates: string | null
  /** Position, fingerprint, one entry for each compared column. */
  readonly updates: ReadonlyArray<readonly [number, string, ReadonlyArray<ChangedColumn>]> | null
  /** Creates that leave out a column the target needs: position of the record and of the field. */
  readonly lacking: ReadonlyArray<readonly [number, number]> | null
}

/** The fields of the stored columns that a plan compares, in the order of {@link BlockRow}'s entries. */
export const comparedFields = (layout: Layout): ReadonlyArray<ReadonlyArray<number>> =>
  Joins.compared(layout).map((stored) => stored.positions.filter((position) => !layout.entity.keyPositions.includes(position)))

const rendered = (layout: Layout, stored: Stored, more: ReadonlyArray<string>): string => {
  const values = stored.positions
    .filter((position) => !layout.entity.keyPositions.includes(position))
    .flatMap((position) => {
      const { name, type } = layout.staged[position]!
      const after = type.rendered(`s.${name}`)
      const { lookup } = stored
      const isOwn = lookup === null || name === stored.name
      const before = isOwn
        ? type.rendered(`t.${stored.name}`)
        : Joins.naturalKey(lookup.layout, stored.positions.indexOf(position), `t.${stored.name}`, lookup.take)
      return [before, after]
    })
  return `json_build_array(${[...values, ...more].join(", ")})`
}

/** The fields whose absence a create cannot make up for: their column takes no null and has no default. */
export const demanding = (layout: Layout): ReadonlyArray<Stored> =>
  layout.stored.filter(
    ({ column, positions }) =>
      column.notNull &&
      column.default === null &&
      !layout.table.fillsIn &&
      positions.some((position) => layout.entity.fields[position]!.optional),
  )

/** Columns that no create fills although the target needs them. */
export const unfilled = (layout: Layout): ReadonlyArray<string> =>
  layout.table.fillsIn
    ? []
    : layout.table.columns
        .filter(
          ({ computed, default: value, name, notNull }) =>
            notNull && value === null && !computed && !layout.stored.some(({ column }) => column.name === name),
        )
        .map(({ name }) => name)

/** For each compared column, where the target differs from the record, what it has and what was planned, as JSON of texts. */
export const changesOf = (
  layout: Layout,
  joins: Joins.Joins,
  more: (stored: Stored) => ReadonlyArray<string> = () => [],
): ReadonlyArray<string> =>
  Joins.compared(layout).map((stored) => `CASE WHEN ${joins.differs(stored)} THEN ${rendered(layout, stored, more(stored))} END`)

/** The statement; its rows are blocks in the order of the records. Unchanged records are not in it. `last` tells of the `watched` columns. */
export const statement = (layout: Layout, last: Told | null, watched: ReadonlyArray<Stored>): string => {
  const joins = Joins.make(layout)
  const compared = Joins.compared(layout)
  const changes = changesOf(layout, joins, (stored) => (last !== null && watched.includes(stored) ? [last.of(stored)] : []))
  const update = `json_build_array(s."waybill:n", ${Joins.fingerprint(layout)}::text, json_build_array(${changes.join(", ")}))`
  const lacks = demanding(layout).map((stored) => `WHEN ${joins.absent(stored)} THEN ${stored.positions[0]!}`)
  const isNew = `t.${layout.keys[0]!.name} IS NULL`
  const lacking =
    lacks.length === 0
      ? "NULL::json"
      : `json_agg(json_build_array(s."waybill:n", CASE ${lacks.join(" ")} END)) FILTER (WHERE ${isNew} AND CASE ${lacks.join(" ")} END IS NOT NULL)`
  return `
  SELECT s."waybill:n" >> ${blockBits} AS block,
    string_agg(s."waybill:n"::text, ',') FILTER (WHERE ${isNew}) AS creates,
    json_agg(${update}) FILTER (WHERE ${joins.found}) AS updates,
    ${lacking} AS lacking
  FROM ${layout.stage} s
  ${joins.resolve}
  LEFT JOIN ${layout.name} t ON ${joins.match}${last === null ? "" : `\n  ${last.join}`}
  WHERE ${isNew}${compared.length === 0 ? "" : ` OR ${joins.anyDiffers}`}
  GROUP BY 1 ORDER BY 1`
}

/** Records that refer to one of their own entity which is to be created by a later record: their positions. */
export const laterParents = (layout: Layout): string | null => {
  const selves = layout.stored.filter((it) => it.isSelf)
  if (selves.length === 0) return null
  const joins = Joins.make(layout)
  const { keyPositions } = layout.entity
  const parts = selves.map((stored) => {
    const match = stored.positions
      .map((position, at) => `p.${layout.staged[keyPositions[at]!]!.name} = s.${layout.staged[position]!.name}`)
      .join(" AND ")
    return `SELECT s."waybill:n" AS child, p."waybill:n" AS parent, ${literal(String(stored.positions[0]!))}::int AS position
      FROM ${layout.stage} s ${joins.resolve} JOIN ${layout.stage} p ON ${match}
      WHERE p."waybill:n" > s."waybill:n" AND ${joins.unresolved(stored)!}`
  })
  return parts.join("\n UNION ALL \n")
}
