/**
 * The joins that lead from a stage to its target: keys matched, references resolved to surrogate ids, what differs.
 *
 * @module
 */
import { absent, type Layout, type Stored } from "./Layout.ts"

/** A stage `s` with all its references resolved, ready to be joined with its target `t`. */
export interface Joins {
  /** LEFT JOINs of the referenced tables. */
  readonly resolve: string
  /** The condition that a target row has the staged key. */
  readonly match: string
  /** Whether there is a target row, after a LEFT JOIN on {@link match}. */
  readonly found: string
  /** The staged value of a stored column. */
  readonly value: (stored: Stored) => string
  /** Whether a stored column's reference refers to something that is not there; null for plain columns. */
  readonly unresolved: (stored: Stored) => string | null
  /** Whether a stored column is absent in the record; null if it never is. */
  readonly absent: (stored: Stored) => string | null
  /** Whether the target row has something else than the record. */
  readonly differs: (stored: Stored) => string
  /** Whether the target row has something else in any compared column. */
  readonly anyDiffers: string
}

const all = (conditions: ReadonlyArray<string>): string => conditions.join(" AND ")

/** An OR of conditions; false if there are none. */
export const any = (conditions: ReadonlyArray<string>): string =>
  conditions.length === 0 ? "false" : conditions.map((it) => `(${it})`).join(" OR ")

/** See {@link keyed}. */
export interface Found {
  readonly joins: ReadonlyArray<string>
  readonly on: string
}

/** The joins to make before, and the condition, that the row `alias` of a table has a key, given by the values of its key fields. */
export const keyed = (layout: Layout, values: ReadonlyArray<string>, alias: string): Found => {
  const joins: Array<string> = []
  const { keyPositions } = layout.entity
  const on = layout.keys.map(({ lookup, name, positions }, at) => {
    const held = positions.map((position) => values[keyPositions.indexOf(position)]!)
    if (lookup === null) return `${alias}.${name} = ${held[0]!}`
    const inner = `${alias}_${at}`
    const found = keyed(lookup.layout, held, inner)
    joins.push(...found.joins, `LEFT JOIN ${lookup.layout.name} ${inner} ON ${found.on}`)
    return `${alias}.${name} = ${inner}.${lookup.take}`
  })
  return { joins, on: all(on) }
}

/** Joins a stage with what it refers to. */
export const make = (layout: Layout): Joins => {
  const joins: Array<string> = []
  const ids = new Map<Stored, string>()
  const staged = (position: number): string => `s.${layout.staged[position]!.name}`
  for (const [at, stored] of layout.stored.entries()) {
    if (stored.lookup === null) continue
    const alias = `r${at}`
    const found = keyed(stored.lookup.layout, stored.positions.map(staged), alias)
    joins.push(...found.joins, `LEFT JOIN ${stored.lookup.layout.name} ${alias} ON ${found.on}`)
    ids.set(stored, `${alias}.${stored.lookup.take}`)
  }
  const value = (stored: Stored): string => ids.get(stored) ?? staged(stored.positions[0]!)
  const unresolved = (stored: Stored): string | null => {
    const id = ids.get(stored)
    return id === undefined ? null : all([...stored.positions.map((it) => `${staged(it)} IS NOT NULL`), `${id} IS NULL`])
  }
  const isAbsent = (stored: Stored): string | null => {
    const masks = stored.positions.map((position) => absent(layout, position)).filter((it) => it !== null)
    return masks.length === 0 ? null : any(masks)
  }
  const differs = (stored: Stored): string => {
    const open = unresolved(stored)
    const isSame = comparableOf(layout, stored)
    const changed = `${isSame(`t.${stored.name}`)} IS DISTINCT FROM ${isSame(value(stored))}`
    const given = isAbsent(stored)
    const differing = open === null ? changed : any([open, changed])
    return given === null ? differing : `NOT (${given}) AND (${differing})`
  }
  const compared = layout.stored.filter((it) => it.isCompared && !it.isKey)
  return {
    resolve: joins.join("\n  "),
    match: all(layout.keys.map((key) => `t.${key.name} = ${value(key)}`)),
    found: `t.${layout.keys[0]!.name} IS NOT NULL`,
    value,
    unresolved,
    absent: isAbsent,
    differs,
    anyDiffers: any(compared.map(differs)),
  }
}

/** How a stored column is compared and hashed; a surrogate id as it is. */
export const comparableOf = (layout: Layout, stored: Stored): ((expression: string) => string) =>
  layout.staged[stored.positions[0]!]!.name === stored.name ? layout.staged[stored.positions[0]!]!.type.comparable : (it) => it

/** The compared columns, in their order. */
export const compared = (layout: Layout): ReadonlyArray<Stored> => layout.stored.filter((it) => it.isCompared && !it.isKey)

/** The fingerprint of a target row `t`: a hash over the compared columns as they are. */
export const fingerprint = (layout: Layout): string => {
  const values = compared(layout).map((stored) => comparableOf(layout, stored)(`t.${stored.name}`))
  return values.length === 0 ? "0::int8" : `hash_record_extended(ROW(${values.join(", ")}), 0)`
}

/** The natural key's field `at` of the row of a table whose surrogate id is given, as text. */
export const naturalKey = (layout: Layout, at: number, id: string, take: string, depth = 0): string => {
  const position = layout.entity.keyPositions[at]!
  const { lookup, name, positions } = layout.keys.find((it) => it.positions.includes(position))!
  const alias = `k${depth}`
  const shown =
    lookup === null
      ? layout.staged[position]!.type.rendered(`${alias}.${name}`)
      : naturalKey(lookup.layout, positions.indexOf(position), `${alias}.${name}`, lookup.take, depth + 1)
  return `(SELECT ${shown} FROM ${layout.name} ${alias} WHERE ${alias}.${take} = ${id})`
}
