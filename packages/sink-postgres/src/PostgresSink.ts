/**
 * A sink that plans, commits and undoes in sets on PostgreSQL: records go in by COPY, and joins in the server compare and write them.
 *
 * @module
 */
import type { Sink } from "@waybill/core"
import * as CommitSession from "./internal/CommitSession.ts"
import { type ClientLike, type PoolLike, type QueryResult, targetOf } from "./internal/Driver.ts"
import { forget } from "./internal/forget.ts"
import type { ReferenceColumn, TableMapping } from "./internal/Mapping.ts"
import * as PlanSession from "./internal/PlanSession.ts"
import { tableName } from "./internal/Sql.ts"
import * as UndoSession from "./internal/UndoSession.ts"

export type { ClientLike, PoolLike, QueryResult, ReferenceColumn, TableMapping }

/** What {@link make} takes. */
export interface Options {
  /** A pool of `pg`. It stays yours: a session takes one connection of it, and destroys that connection at its end. */
  readonly pool: PoolLike
  /** Per entity its table; an entity that is not named lies in the table of its own name. */
  readonly tables?: { readonly [entity: string]: TableMapping }
  /** The schema of the sink's own tables, made by the first commit. `waybill` by default. */
  readonly schema?: string
}

/** What {@link table} takes. */
export interface TableOptions {
  /** The column of the surrogate id, which {@link reference} columns of other tables hold. `id` by default. */
  readonly id?: string
  /** For a field the column that holds it, for a reference its {@link reference} column; other fields lie in columns of their own name. */
  readonly columns?: { readonly [field: string]: string | ReferenceColumn }
}

/**
 * The table of an entity: `table`, `schema.table`, or quoted where a name holds a dot. A name that is none is a defect, thrown here.
 */
export const table = (name: string, options: TableOptions = {}): TableMapping => ({
  name: tableName(name),
  id: options.id ?? "id",
  columns: new Map(Object.entries(options.columns ?? {})),
})

/** A column that holds the surrogate id of the record that is referred to; the id is looked up by natural key in the server. */
export const reference = (column: string): ReferenceColumn => ({ _tag: "ReferenceColumn", column })

/**
 * Makes the sink.
 *
 * ```ts
 * const sink = PostgresSink.make({
 *   pool: new pg.Pool({ connectionString: process.env.DATABASE_URL }),
 *   tables: {
 *     series: PostgresSink.table("catalog.series"),
 *     product: PostgresSink.table("catalog.product", { columns: { series: PostgresSink.reference("series_id") } }),
 *   },
 * })
 * ```
 */
export const make = (options: Options): Sink.Sink => {
  const mappings = new Map(Object.entries(options.tables ?? {}))
  const schema = options.schema ?? "waybill"
  const cautious = new Set<string>()
  return {
    kind: "postgres",
    target: targetOf(options.pool),
    plan: (context) => PlanSession.open(options.pool, mappings, schema, context),
    commit: (context) => CommitSession.open(options.pool, mappings, schema, cautious, context),
    undo: (context) => UndoSession.open(options.pool, mappings, schema, context),
    forget: (context) => forget(options.pool, schema, context),
    keepsEdits: true,
  }
}
