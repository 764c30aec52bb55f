/**
 * How an entity lies in its table: which column holds which fields, how they are staged, what is key and what is compared. Made once
 * when a session opens, and where the table does not fit the entity, this is where it is said.
 *
 * @module
 */
import type { Entity, Field, Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Column, Table, Unique } from "./Catalog.ts"
import * as ColumnType from "./ColumnType.ts"
import { mismatch } from "./Connection.ts"
import type { ReferenceColumn, TableMapping } from "./Mapping.ts"
import { identifier } from "./Sql.ts"

/** A field in the stage. */
export interface Staged {
  readonly position: number
  readonly field: Field.Field
  /** The stage's column, quoted: named as the target's, so that the target's checks can be asked. */
  readonly name: string
  /** The column of the target whose type it has; of the referenced table where the own one holds a surrogate id. */
  readonly like: Column
  readonly type: ColumnType.ColumnType
  /** Whether the target's own column is plain, so that its rules apply as they are. */
  readonly isPlain: boolean
}

/** A column of the target that the import owns. */
export interface Stored {
  readonly column: Column
  /** Quoted. */
  readonly name: string
  /** The positions of the fields it holds: one, or for a reference those of its key. */
  readonly positions: ReadonlyArray<number>
  /** Where its value is found by joining the referenced table: the joined table's layout and the column taken from it, quoted. */
  readonly lookup: { readonly reference: Entity.Reference; readonly layout: Layout; readonly take: string } | null
  readonly isKey: boolean
  readonly isCompared: boolean
  /** It refers to its own table, so that a record may come before the one it refers to. */
  readonly isSelf: boolean
}

/** An entity in its table. */
export interface Layout {
  readonly entity: Entity.Any
  readonly table: Table
  /** The table, quoted. */
  readonly name: string
  /** The table for people. */
  readonly label: string
  /** The column of the surrogate id, quoted, where the table has it. */
  readonly id: string | null
  /** The temporary table of a session. */
  readonly stage: string
  /** By position. */
  readonly staged: ReadonlyArray<Staged>
  readonly stored: ReadonlyArray<Stored>
  readonly keys: ReadonlyArray<Stored>
  /** The positions of the fields that a record may lack: the optional ones, and those that an update may have to keep. Each has a bit of the `absent` columns. */
  readonly optional: ReadonlyArray<number>
}

/** How many optional fields one `absent` column holds. */
export const bitsPerMask = 30

/** The SQL that says whether a staged field is absent, or null if it never is. */
export const absent = (layout: Layout, position: number, prefix = "s."): string | null => {
  const bit = layout.optional.indexOf(position)
  if (bit < 0) return null
  return `(${prefix}"waybill:absent${Math.floor(bit / bitsPerMask)}" & ${2 ** (bit % bitsPerMask)}) <> 0`
}

// letters only: the server's messages name the stage and then a line, and the line is the first number in them
const letters = (index: number): string =>
  (index >= 26 ? letters(Math.floor(index / 26) - 1) : "") + String.fromCharCode(97 + (index % 26))

type Draft = { -readonly [key in keyof Layout]: Layout[key] }

/** Lays an entity out; `known` are the layouts of the entities it refers to. */
export const make = (
  entity: Entity.Any,
  mapping: TableMapping,
  table: Table,
  known: ReadonlyMap<Entity.Any, Layout>,
): Effect.Effect<Layout, Sink.SinkError> =>
  Effect.gen(function* () {
    const layout: Draft = {
      entity,
      table,
      name: mapping.name,
      label: mapping.name.replaceAll('"', ""),
      id: table.columns.some((it) => it.name === mapping.id) ? identifier(mapping.id) : null,
      stage: `pg_temp.waybill_stage_${letters(known.size)}`,
      staged: [],
      stored: [],
      keys: [],
      optional: [...entity.fields.keys()].filter(
        (position) => entity.fields[position]!.optional || entity.ownership?.has(position) === true,
      ),
    }
    for (const [name, target] of mapping.columns)
      if (typeof target === "string" && !entity.fields.some((field) => field.name === name))
        return yield* wrong(layout, `the mapping names ${name}, but the entity has no such field`)
    const references = yield* Effect.forEach(
      [...mapping.columns].filter((entry): entry is [string, ReferenceColumn] => typeof entry[1] !== "string"),
      ([name, { column }]) => storedReference(layout, known, name, column),
    )
    const covered = new Set(references.flatMap((it) => it.positions))
    const fields = [...entity.fields.entries()].filter(
      ([position, { name }]) => typeof mapping.columns.get(name) === "string" || !covered.has(position),
    )
    const plain = yield* Effect.forEach(fields, ([position, field]) => {
      const given = mapping.columns.get(field.name)
      return storedField(layout, position, typeof given === "string" ? given : field.name)
    })
    layout.keys = [...references, ...plain].filter((it) => it.isKey)
    yield* checkKey(layout)
    // a column that refers to its own table by natural key takes the key of the record it finds
    layout.stored = [...references, ...plain]
      .map((it) => (it.lookup?.take === "" ? { ...it, lookup: { ...it.lookup, take: layout.keys[0]!.name } } : it))
      .sort((a, b) => a.positions[0]! - b.positions[0]! || b.positions.length - a.positions.length)
    const twice = layout.stored.find((it, at) => layout.stored.findIndex((other) => other.name === it.name) < at)
    if (twice !== undefined)
      return yield* wrong(layout, `two fields would lie in the column ${twice.column.name}; map one elsewhere`)

    const staged: Array<Staged> = []
    layout.staged = staged
    for (const { column, name, positions } of plain) {
      const field = entity.fields[positions[0]!]!
      const type = ColumnType.of(field, column)
      staged[positions[0]!] = { position: positions[0]!, field, name, like: column, isPlain: true, type }
    }
    // a field without a column of its own is staged like the key it holds a part of
    for (const [position, field] of entity.fields.entries()) {
      if (staged[position] !== undefined) continue
      const like = referencedColumn(layout, position)
      const problem = ColumnType.problem(field, like)
      if (problem !== undefined) return yield* wrong(layout, `${field.name} does not fit the key it refers to: ${problem}`)
      staged[position] = {
        position,
        field,
        name: `"waybill:${position}"`,
        like,
        isPlain: false,
        type: ColumnType.of(field, like),
      }
    }
    return layout
  })

const wrong = (layout: Layout, message: string): Effect.Effect<never, Sink.SinkError> =>
  Effect.fail(mismatch(`${layout.entity.name} in ${layout.label}: ${message}`))

const columnNamed = (layout: Layout, name: string, use: string): Effect.Effect<Column, Sink.SinkError> => {
  const column = layout.table.columns.find((it) => it.name === name)
  if (column === undefined) return wrong(layout, `there is no column ${name} for ${use}; add it or name another in the mapping`)
  return column.computed
    ? wrong(layout, `the column ${name} for ${use} is computed by the server; leave the field out or name another column`)
    : Effect.succeed(column)
}

const selfMustBeNullable = (layout: Layout, column: Column): Effect.Effect<void, Sink.SinkError> =>
  column.notNull
    ? wrong(
        layout,
        `${column.name} refers to its own table and is NOT NULL, so no record can go in before the one it refers to; make it nullable`,
      )
    : Effect.void

const storedReference = (
  layout: Layout,
  known: ReadonlyMap<Entity.Any, Layout>,
  name: string,
  columnName: string,
): Effect.Effect<Stored, Sink.SinkError> =>
  Effect.gen(function* () {
    const { entity } = layout
    const reference =
      entity.references.find((it) => it.name === name) ??
      entity.references.find((it) => it.positions.length === 1 && entity.fields[it.positions[0]!]!.name === name)
    if (reference === undefined)
      return yield* wrong(layout, `the mapping says that ${columnName} refers by ${name}, but the entity has no such reference`)
    const isSelf = reference.entity === entity
    const referenced = isSelf ? layout : known.get(reference.entity)
    if (referenced === undefined || referenced.id === null)
      return yield* wrong(
        layout,
        `${columnName} holds the id of a ${reference.entity.name}, but its table has no such column; name it: PostgresSink.table("…", { id: "…" })`,
      )
    const { id, label, table } = referenced
    if (!table.uniques.some(({ columns }) => columns.length === 1 && identifier(columns[0]!) === id))
      return yield* wrong(layout, `${columnName} refers to ${label} by ${id}, which needs a unique index on it alone`)
    const column = yield* columnNamed(layout, columnName, `the reference ${name}`)
    if (isSelf) yield* selfMustBeNullable(layout, column)
    return {
      column,
      name: identifier(column.name),
      positions: reference.positions,
      lookup: { reference, layout: referenced, take: id },
      isKey: reference.positions.every((position) => entity.keyPositions.includes(position)),
      isCompared: reference.positions.some((position) => entity.compared.includes(position)),
      isSelf,
    }
  })

const storedField = (layout: Layout, position: number, columnName: string): Effect.Effect<Stored, Sink.SinkError> =>
  Effect.gen(function* () {
    const { entity, table } = layout
    const field = entity.fields[position]!
    const column = yield* columnNamed(layout, columnName, `the field ${field.name}`)
    const problem = ColumnType.problem(field, column)
    if (problem !== undefined) return yield* wrong(layout, `${field.name} does not fit: ${problem}`)
    const reference = entity.references.find(
      (it) => it.entity === entity && it.positions.length === 1 && it.positions[0] === position,
    )
    const isSelf = reference !== undefined && table.pointsAtItself.includes(column.name)
    if (isSelf) yield* selfMustBeNullable(layout, column)
    return {
      column,
      name: identifier(column.name),
      positions: [position],
      lookup: isSelf ? { reference, layout, take: "" } : null,
      isKey: entity.keyPositions.includes(position),
      isCompared: entity.compared.includes(position),
      isSelf,
    }
  })

/** Whether a unique index is over exactly the key's columns. */
export const isKeyIndex = ({ keys }: Layout, { columns }: Unique): boolean =>
  columns.length === keys.length && keys.every(({ column }) => columns.includes(column.name))

const checkKey = (layout: Layout): Effect.Effect<void, Sink.SinkError> => {
  const { entity, keys, table } = layout
  const held = new Set(keys.flatMap((it) => it.positions))
  const lost = entity.keyPositions.find((position) => !held.has(position))
  if (lost !== undefined)
    return wrong(
      layout,
      `the key field ${entity.fields[lost]!.name} lies only in a reference that is not part of the key; map it to a column of its own`,
    )
  const self = keys.find((it) => it.isSelf)
  if (self !== undefined) return wrong(layout, `its key holds a reference to the entity itself, ${self.column.name}`)
  const names = keys.map((it) => it.column.name)
  if (table.uniques.some((unique) => isKeyIndex(layout, unique))) return Effect.void
  const list = names.map(identifier).join(", ")
  return wrong(
    layout,
    `its key needs a unique index on exactly (${list}), neither partial nor deferrable: CREATE UNIQUE INDEX ON ${layout.name} (${list})`,
  )
}

// the column that holds this part of the referenced key, wherever it lies in the end
const referencedColumn = (layout: Layout, position: number): Column => {
  const { lookup, positions } = layout.stored.find((it) => it.lookup !== null && it.positions.includes(position))!
  const key = lookup!.layout.entity.keyPositions[positions.indexOf(position)]!
  return lookup!.layout.staged[key]!.like
}
