/**
 * An entity is a kind of record in the target: its fields, its natural key, and the entities it refers to.
 *
 * @module
 */
import type { Schema } from "effect"
import * as Canonical from "./Canonical.ts"
import * as Field from "./Field.ts"

/** The canonical values of one record, in the order of its entity's fields; `undefined` is a field that is absent. */
export type Values = ReadonlyArray<Field.Value>

/** A reference: fields that hold the key of a record of another entity. A reference whose fields are null refers to nothing. */
export interface Reference {
  readonly name: string
  readonly entity: Any
  /** The positions of the fields that hold the key, in the order of the other entity's key. */
  readonly positions: ReadonlyArray<number>
}

/** An entity of any fields. */
export type Any = Entity<any>

/** An entity; made by {@link make}. */
export interface Entity<Fields extends Schema.Struct.Fields> {
  readonly name: string
  readonly schemas: Fields
  /** The fields in their order, the order of {@link Values}. */
  readonly fields: ReadonlyArray<Field.Field>
  /** The names of the key's fields. */
  readonly key: ReadonlyArray<string>
  /** The positions of the key's fields. */
  readonly keyPositions: ReadonlyArray<number>
  readonly references: ReadonlyArray<Reference>
  /** The positions of the fields that a plan compares: all but the key and the volatile ones. */
  readonly compared: ReadonlyArray<number>
  /** When the feed may write the fields at these positions; all others always. `undefined` where there are none. */
  readonly ownership?: ReadonlyMap<number, Exclude<Field.Owner, "always">>
  /** Makes a record for a key that is referred to but exists nowhere; smart mode needs it. */
  readonly create: ((key: string) => Schema.Struct.Type<Fields>) | undefined
  /** A record of this entity, as an import's `map` returns it. */
  of(value: Schema.Struct.Type<Fields>): EntityRecord
}

/** A record on its way from `map` to the engine: its fields are checked there, all of them, and problems become issues. */
export interface EntityRecord {
  readonly entity: Any
  readonly value: Readonly<Record<string, unknown>>
}

type Named<Fields> = Extract<keyof Fields, string>

/** What {@link make} takes. */
export interface Options<Fields extends Schema.Struct.Fields> {
  readonly schema: Fields
  /** The natural key: one field or several. */
  readonly key: Named<Fields> | ReadonlyArray<Named<Fields>>
  /** Fields that hold another entity's key; `fields` is for keys of several fields, else the reference's name is its field. */
  readonly references?: { readonly [name: string]: Any | { readonly entity: Any; readonly fields: ReadonlyArray<Named<Fields>> } }
  /** Makes the record of a candidate in smart mode. */
  readonly create?: (key: string) => Schema.Struct.Type<Fields>
  /** Fields that are written with other changes but are no change by themselves (a moment of verification, a counter). */
  readonly volatile?: ReadonlyArray<Named<Fields>>
  /**
   * When the feed writes a field of a record that is in the target already: `{ price: "keepEdits", description: "whenEmpty" }`. Fields that are not
   * named it writes `always`. See {@link Field.Owner}.
   */
  readonly ownership?: { readonly [field in Named<Fields>]?: Field.Owner }
}

const isEntity = (value: unknown): value is Any => typeof value === "object" && value !== null && "keyPositions" in value

type Owned = NonNullable<Any["ownership"]>

// what has no meaning is refused: a key never changes, a volatile field is no change, and of a reference of several fields no part can stay alone
const ownershipOf = (
  { keyPositions, name, references }: Pick<Any, "name" | "keyPositions" | "references">,
  volatile: ReadonlySet<number>,
  position: (field: string) => number,
  given: Readonly<Record<string, Field.Owner | undefined>>,
): Owned => {
  const owned = new Map<number, Exclude<Field.Owner, "always">>()
  for (const [field, owner] of Object.entries(given)) {
    const at = position(field)
    const wrong = (why: string) => new TypeError(`entity ${name}: ${field} cannot be owned ${owner}: ${why}`)
    if (owner === undefined || owner === "always") continue
    if (!Field.owners.includes(owner)) throw wrong(`expected one of ${Field.owners.join(", ")}`)
    if (keyPositions.includes(at)) throw wrong("it is part of the key, which says what record it is")
    if (volatile.has(at)) throw wrong("it is volatile, and so no change of a record")
    const shared = references.find(({ positions }) => positions.length > 1 && positions.includes(at))
    if (shared !== undefined) throw wrong(`it is one of several fields of the reference ${shared.name}, which belong together`)
    owned.set(at, owner)
  }
  // in the order of the fields, whatever the order they were named in
  return new Map([...owned].sort(([a], [b]) => a - b))
}

/** Makes an entity. A key or a reference that names no field is a defect, thrown here and not in the middle of an import. */
export const make = <const Fields extends Schema.Struct.Fields>(name: string, options: Options<Fields>): Entity<Fields> => {
  const fields = Field.compile(options.schema)
  const position = (field: string): number => {
    const found = fields.findIndex((it) => it.name === field)
    if (found < 0) throw new TypeError(`entity ${name}: no field is named ${field}`)
    return found
  }
  const key: ReadonlyArray<string> = typeof options.key === "string" ? [options.key] : (options.key as ReadonlyArray<string>)
  const keyPositions = key.map(position)
  for (const at of keyPositions)
    if (fields[at]!.nullable || fields[at]!.optional || fields[at]!.kind === "json")
      throw new TypeError(`entity ${name}: the key field ${fields[at]!.name} must be a value that is always there`)
  const references = Object.entries(options.references ?? {}).map(([reference, target]): Reference => {
    const entity = isEntity(target) ? target : target.entity
    const names: ReadonlyArray<string> = isEntity(target) ? [reference] : target.fields
    if (names.length !== entity.key.length)
      throw new TypeError(`entity ${name}: the reference ${reference} needs as many fields as the key of ${entity.name} has`)
    return { name: reference, entity, positions: names.map(position) }
  })
  const volatile = new Set((options.volatile ?? []).map((field) => position(field)))
  const ownership = ownershipOf({ name, keyPositions, references }, volatile, position, options.ownership ?? {})
  const entity: Entity<Fields> = {
    name,
    schemas: options.schema,
    fields,
    key,
    keyPositions,
    references,
    compared: fields.map((_, at) => at).filter((at) => !volatile.has(at) && !keyPositions.includes(at)),
    ...(ownership.size === 0 ? {} : { ownership }),
    create: options.create,
    of: (value) => ({ entity, value: value as Readonly<Record<string, unknown>> }),
  }
  return entity
}

/**
 * The text of a key: the value of a key of one field as it is, a key of several as the canonical JSON array of its values. Lone
 * surrogates are U+FFFD in it, as they are in the record's bytes.
 */
export const keyText = (values: Values, positions: ReadonlyArray<number>): string =>
  positions.length === 1
    ? String(values[positions[0]!]).toWellFormed()
    : Canonical.stringify(positions.map((position) => values[position] ?? null))

/** The key's values of a record. */
export const keyOf = (values: Values, positions: ReadonlyArray<number>): ReadonlyArray<Field.Value> =>
  positions.map((position) => values[position])

/** Whether a reference refers to something: none of its fields is null or absent. */
export const refers = (values: Values, reference: Reference): boolean =>
  reference.positions.every((position) => values[position] !== null && values[position] !== undefined)

/** Entities so ordered that each comes after those it refers to; a cycle between entities is a defect. */
export const inReferenceOrder = (entities: ReadonlyArray<Any>): ReadonlyArray<Any> => {
  const ordered: Array<Any> = []
  const visit = (entity: Any, path: ReadonlyArray<string>): void => {
    if (ordered.includes(entity)) return
    if (path.includes(entity.name))
      throw new TypeError(`entities refer to each other in a circle: ${[...path, entity.name].join(" → ")}`)
    for (const reference of entity.references)
      if (reference.entity !== entity && entities.includes(reference.entity)) visit(reference.entity, [...path, entity.name])
    ordered.push(entity)
  }
  for (const entity of entities) visit(entity, [])
  return ordered
}

/** What of an entity decides the meaning of a snapshot; part of the definition's schema fingerprint. */
export const describe = (entity: Any): Canonical.Json => ({
  name: entity.name,
  key: entity.key,
  fields: entity.fields.map(({ name, kind, nullable, optional, precision, scale }) => ({
    name,
    kind,
    nullable,
    optional,
    ...(precision === undefined ? {} : { precision }),
    ...(scale === undefined ? {} : { scale }),
  })),
  references: entity.references.map(({ name, entity: target }) => ({ name, entity: target.name })),
  ...(entity.ownership === undefined
    ? {}
    : { ownership: [...entity.ownership].map(([at, owner]) => [entity.fields[at]!.name, owner]) }),
})
