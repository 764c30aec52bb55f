/**
 * How entities lie in tables, as a user writes it: the table of an entity, its columns, and which of them hold surrogate ids.
 *
 * @module
 */

/** A column that holds the surrogate id of the referenced entity's table. */
export interface ReferenceColumn {
  readonly _tag: "ReferenceColumn"
  readonly column: string
}

/** The table of an entity; made by `PostgresSink.table`. */
export interface TableMapping {
  /** `table` or `schema.table`. */
  readonly name: string
  /** The column of the surrogate id that other tables refer to. */
  readonly id: string
  /** For a field or a reference the column that holds it; fields that are not named lie in the column of their own name. */
  readonly columns: ReadonlyMap<string, string | ReferenceColumn>
}

/** The mapping of an entity that has none: a table and columns of the same names. */
export const defaultMapping = (entity: string): TableMapping => ({
  name: `"${entity.replaceAll('"', '""')}"`,
  id: "id",
  columns: new Map(),
})
