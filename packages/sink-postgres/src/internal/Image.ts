/**
 * An image of a target row: the columns that an update sets, as the server writes them out, so that reading it gives the same value again
 * to the bit, whatever the type. It is the text of a record, because that goes through the types' own output and input and no cast that
 * would drop the blanks of a `char(n)` or the spelling of a `json`; a session's settings see to it that the text is the same everywhere.
 *
 * @module
 */
import type * as Joins from "./Joins.ts"
import type { Layout, Stored } from "./Layout.ts"
import { literal } from "./Sql.ts"

/** The columns of an image: all that an update sets. */
export const columns = (layout: Layout): ReadonlyArray<Stored> => layout.stored.filter((it) => !it.isKey)

/** The columns' names as an array of text, which the ledger keeps beside the images. */
export const names = (layout: Layout): string =>
  `ARRAY[${columns(layout)
    .map(({ column }) => literal(column.name))
    .join(", ")}]::text[]`

/** The image of the row `alias`, joined with its record `s`: null where the record has no such field, which is not written. */
export const of = (layout: Layout, joins: Joins.Joins, alias: string): string => {
  const values = columns(layout).map((stored) => {
    const given = joins.absent(stored)
    return given === null ? `${alias}.${stored.name}` : `CASE WHEN NOT (${given}) THEN ${alias}.${stored.name} END`
  })
  return `ROW(${values.join(", ")})::text`
}

/** The type that an image is read as; it is a session's own. */
export const typeOf = (layout: Layout): string => layout.stage.replace("waybill_stage_", "waybill_image_")

/** Makes the type. */
export const createType = (layout: Layout): string =>
  `CREATE TYPE ${typeOf(layout)} AS (${columns(layout)
    .map(({ column, name }) => `${name} ${column.type}`)
    .join(", ")})`
