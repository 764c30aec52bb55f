/**
 * The catalog's columns: their names, their types in the target table, and the types a bare COPY can load them as.
 *
 * @module
 */

/** A column of the catalog. */
export interface Column {
  readonly name: string
  /** Its type in the table that validated rows go into. */
  readonly type: string
  /** Its type in the table for a bare COPY: text where cells may hold what the typed column refuses (`-`, `nan`, `cheap`). */
  readonly copyType: string
}

/** All of them, in the order of the file. */
export const catalogColumns: ReadonlyArray<Column> = [
  { name: "sku", type: "text NOT NULL", copyType: "text NOT NULL" },
  { name: "ean", type: "text NOT NULL", copyType: "text NOT NULL" },
  { name: "title", type: "text NOT NULL", copyType: "text NOT NULL" },
  { name: "brand", type: "text NOT NULL", copyType: "text NOT NULL" },
  { name: "category", type: "text NOT NULL", copyType: "text NOT NULL" },
  { name: "series", type: "text", copyType: "text" },
  { name: "description", type: "text", copyType: "text" },
  { name: "price", type: "numeric(12,2) NOT NULL", copyType: "text NOT NULL" },
  { name: "weight_kg", type: "numeric(10,3)", copyType: "text" },
  { name: "stock", type: "integer NOT NULL", copyType: "text NOT NULL" },
  { name: "pack_size", type: "integer NOT NULL", copyType: "integer NOT NULL" },
  { name: "active", type: "boolean NOT NULL", copyType: "boolean NOT NULL" },
  { name: "released_on", type: "date", copyType: "text" },
  { name: "updated_at", type: "timestamptz NOT NULL", copyType: "timestamptz NOT NULL" },
]

/** The names, in order. */
export const catalogNames: ReadonlyArray<string> = catalogColumns.map((column) => column.name)

/** The statements that make an empty table: primary key on `sku`, unique index on `ean`. */
export const createCatalogTable = (table: string, types: "type" | "copyType"): ReadonlyArray<string> => [
  `DROP TABLE IF EXISTS ${table}`,
  `CREATE TABLE ${table} (${catalogColumns.map((column) => `${column.name} ${column[types]}`).join(", ")}, PRIMARY KEY (sku))`,
  `CREATE UNIQUE INDEX ${table}_ean ON ${table} (ean)`,
]
