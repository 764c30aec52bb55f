/**
 * What may refer to the rows of a table: every foreign key of the catalog, also of tables that are no entities, and the references of
 * the entities, also where no foreign key stands behind them.
 *
 * @module
 */
import type { Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Connection } from "./Connection.ts"
import type { Layout } from "./Layout.ts"
import { bigints, identifier, literal } from "./Sql.ts"

/** One of them: rows of `table` whose `columns` are the `keys` of a row. */
export interface Referrer {
  /** Quoted. */
  readonly table: string
  /** For people. */
  readonly label: string
  /** The foreign key, or null. */
  readonly constraint: string | null
  /** Quoted. */
  readonly columns: ReadonlyArray<string>
  /** Columns of the table that is referred to, quoted. */
  readonly keys: ReadonlyArray<string>
  /** Whether a delete takes the referring rows with it, or changes them. */
  readonly isSilent: boolean
  /** Whether this role sees all rows of it. */
  readonly isVisible: boolean
}

interface Row extends Omit<Referrer, "table" | "columns" | "keys" | "isSilent"> {
  readonly schema: string
  readonly name: string
  readonly action: string
  readonly columns: ReadonlyArray<string>
  readonly keys: ReadonlyArray<string>
}

// the parts and the parents of a partitioned table may be referred to as well
const statement = (layout: Layout): string => `
  WITH target AS (
    SELECT to_regclass(${literal(layout.name)})::oid AS oid
    UNION SELECT relid FROM pg_catalog.pg_partition_tree(to_regclass(${literal(layout.name)}))
    UNION SELECT relid FROM pg_catalog.pg_partition_ancestors(to_regclass(${literal(layout.name)}))
  )
  SELECT k.conname AS "constraint", n.nspname AS schema, c.relname AS name, n.nspname || '.' || c.relname AS label, k.confdeltype::text AS action,
    has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AND NOT row_security_active(c.oid) AS "isVisible",
    (SELECT json_agg(a.attname ORDER BY u.ord) FROM unnest(k.conkey) WITH ORDINALITY u(num, ord)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS columns,
    (SELECT json_agg(a.attname ORDER BY u.ord) FROM unnest(k.confkey) WITH ORDINALITY u(num, ord)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS keys
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN (SELECT oid FROM target)
  ORDER BY label, k.conname`

const ofEntity = (layout: Layout, from: Layout): ReadonlyArray<Referrer> =>
  from.entity.references
    .filter((it) => it.entity === layout.entity)
    .flatMap((reference): ReadonlyArray<Referrer> => {
      const columns = from.stored.filter(
        ({ lookup, positions }) =>
          (lookup === null || lookup.layout.name === layout.name) && positions.every((it) => reference.positions.includes(it)),
      )
      const byId = columns.find((it) => it.lookup !== null)
      const shared = { table: from.name, label: from.label, constraint: null, isSilent: false, isVisible: true }
      if (byId !== undefined) return [{ ...shared, columns: [byId.name], keys: [byId.lookup!.take] }]
      const pairs = reference.positions.map((position, at) => [
        columns.find((it) => it.positions[0] === position)?.name,
        layout.keys.find((it) => it.lookup === null && it.positions[0] === layout.entity.keyPositions[at])?.name,
      ])
      return pairs.every((pair): pair is [string, string] => pair.every((it) => it !== undefined))
        ? [{ ...shared, columns: pairs.map(([column]) => column), keys: pairs.map(([, key]) => key) }]
        : []
    })

/** All that may refer to the rows of an entity's table. */
export const read = (
  connection: Connection,
  layout: Layout,
  layouts: ReadonlyArray<Layout>,
): Effect.Effect<ReadonlyArray<Referrer>, Sink.SinkError> =>
  Effect.map(connection.query(statement(layout)), ({ rows }) => {
    const keys = (rows as ReadonlyArray<Row>).map(({ action, columns, constraint, isVisible, keys, label, name, schema }) => ({
      table: `${identifier(schema)}.${identifier(name)}`,
      label,
      constraint,
      columns: columns.map(identifier),
      keys: keys.map(identifier),
      isSilent: action === "c" || action === "n" || action === "d",
      isVisible,
    }))
    return [...keys, ...layouts.flatMap((from) => ofEntity(layout, from))]
  })

/** Which of the rows that are to go, `undo`'s with `goes`, are referred to by a row that is not; by which referrer, by its position. */
export const statementOf = (layout: Layout, undo: string, referrers: ReadonlyArray<Referrer>): string | null => {
  const parts = [...referrers.entries()].flatMap(([at, { columns, isSilent, isVisible, keys, table }]) => {
    const rows = `SELECT u.n, ${at} AS by FROM ${undo} u JOIN ${layout.name} t ON t.ctid = u.tid AND t.tableoid = u.rel WHERE u.goes`
    // what it cannot see the server refuses, unless it would do more than that
    if (!isVisible) return isSilent ? [rows] : []
    const refers = columns.map((column, nth) => `c.${column} = t.${keys[nth]!}`).join(" AND ")
    return [
      `${rows} AND EXISTS (SELECT FROM ${table} c WHERE ${refers}
        AND NOT EXISTS (SELECT FROM ${undo} d WHERE d.goes AND d.tid = c.ctid AND d.rel = c.tableoid))`,
    ]
  })
  return parts.length === 0 ? null : `SELECT n, min(by) AS by FROM (${parts.join("\n UNION ALL \n")}) AS referred GROUP BY n`
}

/** Says that these rows, and no others, are to go. */
export const mark = (undo: string, records: ReadonlyArray<number>): string =>
  `UPDATE ${undo} SET goes = n = ANY (${bigints(records)}) WHERE goes IS DISTINCT FROM (n = ANY (${bigints(records)}))`
