/**
 * A layout is how the records of an entity lie in the documents of a collection: the path of each field, and the way to and fro.
 */
import type { Entity, Field } from "@waybill/core"
import type { Document, Filter, IndexDescription } from "mongodb"
import { comparable, decode, encode, isPlain, same } from "./codec.ts"

/** A field of an entity, and where it lies. */
export interface Column {
  readonly name: string
  readonly kind: Field.Kind
  /** Its position in the values of a record. */
  readonly at: number
  readonly path: string
  readonly segments: ReadonlyArray<string>
}

/** See the file's first sentence. */
export interface Layout {
  readonly entity: Entity.Any
  readonly collection: string
  readonly columns: ReadonlyArray<Column>
  readonly key: ReadonlyArray<Column>
  readonly compared: ReadonlyArray<Column>
  /** The fields that are neither key nor compared: written along with a change. */
  readonly volatile: ReadonlyArray<Column>
  /** The unique index on the key; `null` where the key is `_id`. */
  readonly keyIndex: { readonly [path: string]: 1 } | null
  readonly indexes: ReadonlyArray<IndexDescription>
  /** Whether all fields lie at the top of the document. */
  readonly flat: boolean
  /** The projection of the owned fields, and the one of the key alone. */
  readonly owned: Document
  readonly keyOnly: Document
}

const problemOf = (segment: string): string | undefined => {
  if (segment === "") return "is empty"
  if (segment.startsWith("$")) return "begins with $"
  if (segment.includes("\0")) return "has a NUL"
  return reserved.has(segment) ? "means something else to the driver" : undefined
}

/** Names of fields that JavaScript or the driver would take for something else. */
export const reserved: ReadonlySet<string> = new Set(["__proto__", "_bsontype"])

/** Makes a layout. A mapping that MongoDB cannot have is a defect, thrown here. */
export const layoutOf = (
  entity: Entity.Any,
  options: {
    readonly name?: string
    readonly fields?: { readonly [field: string]: string }
    readonly indexes?: ReadonlyArray<IndexDescription>
  },
): Layout => {
  const wrong = (what: string) => new TypeError(`MongoDB sink, entity ${entity.name}: ${what}`)
  const mapped = options.fields ?? {}
  for (const field of Object.keys(mapped))
    if (!entity.fields.some(({ name }) => name === field)) throw wrong(`it has no field ${field} to map`)
  const columns = entity.fields.map(({ kind, name }, at): Column => {
    const path = Object.hasOwn(mapped, name) ? mapped[name]! : name
    if (path === name && name.includes("."))
      throw wrong(`the field ${name} has a dot in its name; map it: fields: { "${name}": … }`)
    const segments = path.split(".")
    for (const segment of segments) {
      const problem = problemOf(segment)
      if (problem !== undefined) throw wrong(`the field ${name} cannot lie at ${path}: a name in it ${problem}`)
    }
    if (segments[0] === "_id" && (path !== "_id" || entity.key.length !== 1 || entity.key[0] !== name))
      throw wrong(`the field ${name} cannot lie at ${path}: only a key of one field can be the _id`)
    return { name, kind, at, path, segments }
  })
  for (const column of columns)
    for (const other of columns)
      if (other !== column && (other.path === column.path || other.path.startsWith(`${column.path}.`)))
        throw wrong(`the fields ${column.name} and ${other.name} lie in each other, at ${column.path} and ${other.path}`)
  const key = entity.keyPositions.map((at) => columns[at]!)
  const projection = (of: ReadonlyArray<Column>) => Object.fromEntries(of.map(({ path }) => [path, 1 as const]))
  return {
    entity,
    collection: options.name ?? entity.name,
    columns,
    key,
    compared: entity.compared.map((at) => columns[at]!),
    volatile: columns.filter(({ at }) => !entity.compared.includes(at) && !entity.keyPositions.includes(at)),
    keyIndex: key[0]!.path === "_id" ? null : projection(key),
    indexes: options.indexes ?? [],
    flat: columns.every(({ segments }) => segments.length === 1),
    // a projection of a path says nothing of what else may be in its way
    owned: Object.fromEntries(columns.map(({ segments }) => [segments[0]!, 1 as const])),
    keyOnly: projection(key),
  }
}

/** What a document holds at a column, as BSON; `undefined` if it holds nothing there. */
export const rawAt = (document: Document, { segments }: Column): unknown => {
  let value: unknown = document
  for (const segment of segments) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) return undefined
    value = (value as Record<string, unknown>)[segment]
  }
  return value
}

/** Whether a document has something else where a column needs a document to lie in. */
export const isBlocked = (document: Document, { segments }: Column): boolean => {
  let parent: unknown = document
  for (const segment of segments.slice(0, -1)) {
    if (!Object.hasOwn(parent as object, segment)) return false
    parent = (parent as Record<string, unknown>)[segment]
    if (!isPlain(parent)) return true
  }
  return false
}

/** The canonical value that a document holds at a column. */
export const valueAt = (document: Document, column: Column): Field.Value => decode(column.kind, rawAt(document, column))

/** A new document of a record's values; absent fields are left out. */
export const documentOf = ({ columns }: Layout, values: Entity.Values): Document => {
  const document: Record<string, unknown> = {}
  for (const { at, kind, segments } of columns) {
    const value = values[at]
    if (value === undefined) continue
    let parent = document
    for (let depth = 0; depth < segments.length - 1; depth++) {
      const segment = segments[depth]!
      if (!Object.hasOwn(parent, segment)) parent[segment] = {}
      parent = parent[segment] as Record<string, unknown>
    }
    parent[segments[segments.length - 1]!] = encode(kind, value)
  }
  return document
}

/** The compared fields that a record has and a document does not hold the same. */
export const differing = ({ compared }: Layout, values: Entity.Values, document: Document): ReadonlyArray<Column> => {
  let found: Array<Column> | undefined
  for (const column of compared) {
    const expected = values[column.at]
    if (expected === undefined || same(column.kind, expected, rawAt(document, column))) continue
    found ??= []
    found.push(column)
  }
  return found ?? none
}

const none: ReadonlyArray<Column> = []

/** The text under which a record is found among documents. */
export const keyOfValues = ({ key }: Pick<Layout, "key">, values: Entity.Values): string =>
  key.length === 1
    ? key[0]!.kind === "text"
      ? `s${values[key[0]!.at] as string}`
      : comparable(encode(key[0]!.kind, values[key[0]!.at] ?? null))
    : JSON.stringify(key.map(({ at, kind }) => comparable(encode(kind, values[at] ?? null))))

/** The text under which a document is found among records. */
export const keyOfDocument = ({ key }: Layout, document: Document): string =>
  key.length === 1
    ? comparable(rawAt(document, key[0]!))
    : JSON.stringify(key.map((column) => comparable(rawAt(document, column))))

/** The filter that finds the documents of records by their keys; composite keys are grouped so that the index serves them. */
export const filterOf = ({ key }: Pick<Layout, "key">, records: ReadonlyArray<Entity.Values>): Filter<Document> => {
  const encoded = ({ at, kind }: Column, values: Entity.Values) => encode(kind, values[at] ?? null)
  if (key.length === 1) return { [key[0]!.path]: { $in: records.map((values) => encoded(key[0]!, values)) } }
  const distinct = key.map(({ at }) => new Set(records.map((values) => values[at])).size)
  const widest = key[distinct.indexOf(Math.max(...distinct))]!
  const rest = key.filter((column) => column !== widest)
  const groups = new Map<string, { readonly fixed: Document; readonly wide: Array<unknown> }>()
  for (const values of records) {
    const name = JSON.stringify(rest.map(({ at }) => values[at]))
    let group = groups.get(name)
    if (group === undefined) {
      group = { fixed: Object.fromEntries(rest.map((column) => [column.path, encoded(column, values)])), wide: [] }
      groups.set(name, group)
    }
    group.wide.push(encoded(widest, values))
  }
  return { $or: [...groups.values()].map(({ fixed, wide }) => ({ ...fixed, [widest.path]: { $in: wide } })) }
}
