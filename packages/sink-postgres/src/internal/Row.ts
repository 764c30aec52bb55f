/**
 * A row as a deletion sees it: all of its columns, also those that no field lies in, as the server writes them out. A session's settings see
 * to it that the text is the same everywhere.
 *
 * @module
 */
import type { Column } from "./Catalog.ts"
import type { Layout } from "./Layout.ts"
import { identifier, literal } from "./Sql.ts"

/** The columns that make a row up: all but those that the server computes from the others. */
export const columns = ({ table }: Layout): ReadonlyArray<Column> => table.columns.filter((it) => !it.generated)

/** The columns' names as an array of text, which the ledger keeps beside the images. */
export const names = (layout: Layout): string =>
  `ARRAY[${columns(layout)
    .map(({ name }) => literal(name))
    .join(", ")}]::text[]`

const textOf = (some: ReadonlyArray<Column>, alias: string): string =>
  `ROW(${some.map(({ name }) => `${alias}.${identifier(name)}`).join(", ")})::text`

/** The image of the row `alias`: {@link typeOf} reads it again to the bit. */
export const image = (layout: Layout, alias: string): string => textOf(columns(layout), alias)

/** The fingerprint of the row `t`: a hash over all of it but its volatile fields. */
export const fingerprint = (layout: Layout): string => {
  const volatile = new Set(layout.stored.filter((it) => !it.isKey && !it.isCompared).map(({ column }) => column.name))
  return `hashtextextended(${textOf(
    columns(layout).filter(({ name }) => !volatile.has(name)),
    "t",
  )} COLLATE "C", 0)`
}
