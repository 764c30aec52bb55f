/**
 * A mirror says what becomes of records of the target that the feed has no more: {@link mark} sets fields of them, {@link remove} deletes
 * them. Without a mirror they stay as they are.
 *
 * What is missing is looked for only in the mirror's scope, and only behind its guards: a feed that is empty, that has rejected rows, or that
 * lost more records than it may, or that is read incrementally, marks and deletes nothing and fails the validation instead. What a mirror does is part of the plan: it is seen in the
 * preview, checked against the target when it is committed, and can be undone.
 *
 * @module
 */
import type { Schema } from "effect"
import type { Any, Entity } from "./Entity.ts"
import type { Value } from "./Field.ts"

/** Where a mirror looks, and how much may be missing there. */
export interface Guarded<Fields extends Schema.Struct.Fields> {
  /** Which records this feed is responsible for: `{ provider: "acme", country: "PT" }`. All of the entity where it is not given. */
  readonly scope?: Partial<Schema.Struct<Fields>["Type"]>
  /** Most records that may be missing; no limit by default. */
  readonly maxCount?: number
  /** Largest share of the scope's records that may be missing, from 0 to 1; 0.2 by default. */
  readonly maxShare?: number
}

/** What {@link mark} takes. */
export interface Options<Fields extends Schema.Struct.Fields> extends Guarded<Fields> {
  /** The values that say that a record is gone: `{ active: false }`. Fields of the key cannot be among them. */
  readonly set: Partial<Schema.Struct<Fields>["Type"]>
}

/** A value that a field has, by the field's position in the entity. */
export interface Condition {
  readonly position: number
  readonly value: Value
}

/** The guards of a mirror. */
export const guards = ["empty", "rejected", "count", "share", "incremental"] as const

/** One of {@link guards}. */
export type Guard = (typeof guards)[number]

/** A mirror of an entity; made by {@link mark} and {@link remove}. */
export interface Mirror {
  readonly entity: Any
  /** What becomes of a record that is missing. */
  readonly missing: "mark" | "delete"
  /** What a mark sets; a deletion sets nothing. */
  readonly set: ReadonlyArray<Condition>
  readonly scope: ReadonlyArray<Condition>
  readonly maxCount: number | null
  readonly maxShare: number
}

const conditions = (entity: Any, of: Readonly<Record<string, unknown>>, what: string): ReadonlyArray<Condition> =>
  Object.entries(of).map(([name, value]) => {
    const position = entity.fields.findIndex((field) => field.name === name)
    const field = entity.fields[position]
    const wrong = (why: string) => new TypeError(`mirror of ${entity.name}: ${what} ${name} ${why}`)
    if (field === undefined) throw wrong("is not one of its fields")
    if (field.kind === "json") throw wrong("is a json field, which cannot be compared everywhere")
    const problem = value === null ? (field.nullable ? undefined : "expected a value, found null") : field.problem(value as Value)
    if (problem !== undefined) throw wrong(`cannot have that value: ${problem}`)
    return { position, value: value as Value }
  })

const guarded = <Fields extends Schema.Struct.Fields>(entity: Entity<Fields>, options: Guarded<Fields>) => {
  const scope = conditions(entity, options.scope ?? {}, "scope")
  const { maxCount = null, maxShare = 0.2 } = options
  if (!(maxShare >= 0 && maxShare <= 1)) throw new TypeError(`mirror of ${entity.name}: maxShare is from 0 to 1, not ${maxShare}`)
  if (maxCount !== null && !(Number.isInteger(maxCount) && maxCount >= 0))
    throw new TypeError(`mirror of ${entity.name}: maxCount is a whole number, not ${maxCount}`)
  return { entity, scope, maxCount, maxShare }
}

/**
 * Marks the records of an entity that the feed has no more: `Mirror.mark(Station, { set: { active: false }, scope: { country: "PT" } })`.
 * What makes no sense (a field that is not there, a share above 1) is a defect, thrown here.
 */
export const mark = <Fields extends Schema.Struct.Fields>(entity: Entity<Fields>, options: Options<Fields>): Mirror => {
  const set = conditions(entity, options.set, "set")
  const mirror = guarded(entity, options)
  const { scope } = mirror
  if (set.length === 0) throw new TypeError(`mirror of ${entity.name}: it sets nothing`)
  for (const { position } of set)
    if (entity.keyPositions.includes(position) || scope.some((it) => it.position === position))
      throw new TypeError(
        `mirror of ${entity.name}: it cannot set ${entity.fields[position]!.name}, which is part of its ${entity.keyPositions.includes(position) ? "key" : "scope"}`,
      )
  for (const { position } of set) {
    const owner = entity.ownership?.get(position)
    if (owner === "whenEmpty" || owner === "atCreation")
      throw new TypeError(`mirror of ${entity.name}: it cannot set ${entity.fields[position]!.name}, which is owned ${owner}`)
  }
  return { ...mirror, missing: "mark", set }
}

/**
 * Deletes the records of an entity that the feed has no more: `Mirror.remove(Station, { scope: { country: "PT" } })`. They are deleted by the
 * commit, after everything that it creates and updates, and only where they still are what the plan saw. What the feed still refers to is
 * not missing; what something else in the target refers to is refused. `limits.maxDeleted` of the import is a ceiling over all its mirrors.
 */
export const remove = <Fields extends Schema.Struct.Fields>(entity: Entity<Fields>, options: Guarded<Fields> = {}): Mirror => ({
  ...guarded(entity, options),
  missing: "delete",
  set: [],
})
