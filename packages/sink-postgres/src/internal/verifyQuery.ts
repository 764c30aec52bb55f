/**
 * The question a verification asks: which staged records are not in the target as they were planned.
 *
 * @module
 */
import * as Joins from "./Joins.ts"
import type { Layout } from "./Layout.ts"

/** A record that is not as planned: its key's fields as text, and the positions of the stored columns that differ. */
export interface MismatchRow {
  readonly key: ReadonlyArray<string>
  readonly missing: boolean
  readonly fields: ReadonlyArray<ReadonlyArray<number> | null>
}

/** The statement. */
export const statement = (layout: Layout): string => {
  const joins = Joins.make(layout)
  const key = layout.entity.keyPositions.map((position) => {
    const { name, type } = layout.staged[position]!
    return type.rendered(`s.${name}`)
  })
  const fields = Joins.compared(layout).map(
    (stored) => `CASE WHEN ${joins.differs(stored)} THEN json_build_array(${stored.positions.join(", ")}) END`,
  )
  return `SELECT json_build_array(${key.join(", ")}) AS key, NOT (${joins.found}) AS missing,
      json_build_array(${fields.join(", ")}) AS fields
    FROM ${layout.stage} s ${joins.resolve} LEFT JOIN ${layout.name} t ON ${joins.match}
    WHERE NOT (${joins.found}) OR ${joins.anyDiffers}
    ORDER BY s."waybill:n"`
}
