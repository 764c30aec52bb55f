/**
 * What the server's catalog says of a table: columns with their types and defaults, unique keys, checks.
 *
 * @module
 */
import type { Sink } from "@waybill/core"
import { Effect } from "effect"
import { type Connection, mismatch } from "./Connection.ts"
import { literal } from "./Sql.ts"

/** A column of a table. `base` is the type behind a domain, `modifier` its precision, scale or length as the catalog has it, or -1. */
export interface Column {
  readonly name: string
  readonly number: number
  readonly type: string
  readonly base: string
  readonly baseType: string
  readonly category: string
  readonly isEnum: boolean
  readonly isDomain: boolean
  readonly modifier: number
  readonly notNull: boolean
  readonly default: string | null
  /** Identity `always` or a generated column: nobody but the server writes it. */
  readonly computed: boolean
  /** A generated column alone: its value follows from the others. */
  readonly generated: boolean
  readonly deterministic: boolean
}

/** A CHECK constraint: its expression and the numbers of the columns it looks at (0 is the whole row). */
export interface Check {
  readonly name: string
  readonly columns: ReadonlyArray<number>
  readonly expression: string
}

/** A unique index over whole columns, usable as the arbiter of ON CONFLICT. */
export interface Unique {
  readonly name: string
  readonly columns: ReadonlyArray<string>
}

/** A table. */
export interface Table {
  readonly name: string
  readonly kind: string
  readonly columns: ReadonlyArray<Column>
  readonly uniques: ReadonlyArray<Unique>
  readonly checks: ReadonlyArray<Check>
  /** Columns with a foreign key to the table itself. */
  readonly pointsAtItself: ReadonlyArray<string>
  /** Whether a row trigger runs before inserts, which may fill in what is left out. */
  readonly fillsIn: boolean
  /** Whether a trigger or a rule may change what is written. */
  readonly isTriggered: boolean
}

const statement = (name: string): string => `
  SELECT c.relkind::text AS kind,
    (SELECT json_agg(json_build_object(
        'name', a.attname, 'number', a.attnum, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
        'base', b.typname, 'baseType', pg_catalog.format_type(b.oid, -1), 'category', b.typcategory,
        'isEnum', b.typtype = 'e', 'isDomain', t.typtype = 'd', 'modifier', b.modifier,
        'notNull', a.attnotnull OR b.notnull, 'default', CASE a.attidentity
          WHEN 'd' THEN format('nextval(%L::regclass)', pg_catalog.pg_get_serial_sequence(c.oid::regclass::text, a.attname))
          ELSE pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
        'computed', a.attidentity = 'a' OR a.attgenerated <> '', 'generated', a.attgenerated <> '',
        'deterministic', coalesce(l.collisdeterministic, true)
      ) ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      CROSS JOIN LATERAL (
        WITH RECURSIVE up AS (
          SELECT t.oid, t.typname, t.typcategory, t.typtype, t.typbasetype, t.typtypmod, t.typnotnull AS notnull, a.atttypmod AS modifier
          UNION ALL
          SELECT n.oid, n.typname, n.typcategory, n.typtype, n.typbasetype, n.typtypmod, n.typnotnull OR up.notnull,
            CASE WHEN up.modifier = -1 THEN up.typtypmod ELSE up.modifier END
          FROM up JOIN pg_catalog.pg_type n ON n.oid = up.typbasetype
        ) SELECT * FROM up WHERE typbasetype = 0
      ) b
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.attgenerated = ''
      LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT coalesce(json_agg(json_build_object('name', (SELECT x.relname FROM pg_catalog.pg_class x WHERE x.oid = i.indexrelid), 'columns', (
        SELECT json_agg(a.attname ORDER BY k.ord) FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(num, ord)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num WHERE k.ord <= i.indnkeyatts
      )) ORDER BY i.indisprimary DESC, i.indexrelid), '[]')
      FROM pg_catalog.pg_index i
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
    ) AS uniques,
    (SELECT coalesce(json_agg(json_build_object('name', k.conname, 'columns', k.conkey,
        'expression', pg_catalog.pg_get_expr(k.conbin, k.conrelid)) ORDER BY k.conname), '[]')
      FROM pg_catalog.pg_constraint k
      WHERE k.conrelid = c.oid AND k.contype = 'c' AND to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false'
    ) AS checks,
    (SELECT coalesce(json_agg(a.attname), '[]')
      FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
      WHERE k.conrelid = c.oid AND k.confrelid = c.oid AND k.contype = 'f' AND cardinality(k.conkey) = 1
    ) AS "pointsAtItself",
    EXISTS (SELECT FROM pg_catalog.pg_trigger g
      WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgtype & 7 = 7) AS "fillsIn",
    EXISTS (SELECT FROM pg_catalog.pg_trigger g
      WHERE g.tgrelid IN (SELECT c.oid UNION SELECT p.relid FROM pg_catalog.pg_partition_tree(c.oid) p)
        AND NOT g.tgisinternal AND g.tgtype & 20 <> 0)
      OR EXISTS (SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid) AS "isTriggered"
  FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(${literal(name)})`

/** Reads one table; `label` is its name for people. */
export const readTable = (connection: Connection, name: string, label: string): Effect.Effect<Table, Sink.SinkError> =>
  Effect.flatMap(connection.query(statement(name)), ({ rows }) => {
    const row = rows[0] as Omit<Table, "name"> | undefined
    if (row === undefined)
      return Effect.fail(
        mismatch(`there is no table ${label}, or this role may not see it; create it or name another in the mapping`),
      )
    if (row.kind !== "r" && row.kind !== "p")
      return Effect.fail(mismatch(`${label} is not a table; map the entity to the table that holds its records`))
    return Effect.succeed({ ...row, name, columns: row.columns ?? [] })
  })
