/**
 * Records as the memory sink keeps them, and how they are compared and written.
 */
import * as Canonical from "../Canonical.ts"
import type * as Entity from "../Entity.ts"
import * as Fingerprint from "../Fingerprint.ts"

/** The records of the entities, by entity name and key text. Tests look into it and change it. */
export type Tables = Map<string, Map<string, Entity.Values>>

/**
 * Says why the target does not take a record, as a constraint would, or nothing if it does. `others` are the records of the entity that
 * are there, those of the same batch before this one included.
 */
export type Refuse = (entity: string, values: Entity.Values, others: ReadonlyMap<string, Entity.Values>) => string | undefined

/**
 * What a job wrote of one record, and what was there before; `before` is `undefined` where it was not there, `written` where the job
 * deleted it.
 */
export interface Image {
  readonly key: string
  readonly before: Entity.Values | undefined
  readonly written: Entity.Values | undefined
}

/** The table of an entity, made if it is not there. */
export const tableOf = (all: Tables, name: string): Map<string, Entity.Values> => {
  let table = all.get(name)
  if (table === undefined) {
    table = new Map()
    all.set(name, table)
  }
  return table
}

/** Tables of their own with the same records. */
export const copyOf = (tables: Tables): Tables => new Map([...tables].map(([name, table]) => [name, new Map(table)]))

/** The fingerprint of a record. */
export const fingerprint = (values: Entity.Values): string =>
  Fingerprint.of(values.map((value) => (value === undefined ? [] : [value])))

/** The fingerprint of all that a deletion takes away: everything but volatile fields. */
export const wholeFingerprint = (entity: Entity.Any, values: Entity.Values): string =>
  fingerprint(values.map((value, at) => (entity.compared.includes(at) || entity.keyPositions.includes(at) ? value : undefined)))

/** A record with new values; absent fields stay as they are. */
export const merge = (current: Entity.Values, values: Entity.Values): Entity.Values =>
  values.map((value, at) => (value === undefined ? current[at] : value))

const same = (left: Entity.Values[number], right: Entity.Values[number]): boolean =>
  left === undefined || right === undefined ? left === right : Canonical.stringify(left) === Canonical.stringify(right)

/** Whether a job wrote what an image is of; else it was as planned already. */
export const isChanged = ({ before, written }: Image): boolean =>
  before === undefined || written === undefined || fingerprint(merge(before, written)) !== fingerprint(before)

/** The positions of the compared fields in which a record differs from what is to be there. */
export const differing = (entity: Entity.Any, current: Entity.Values, values: Entity.Values): ReadonlyArray<number> =>
  entity.compared.filter((at) => values[at] !== undefined && !same(values[at], current[at]))

/** The positions of the fields that were written and now hold something else than in `expected`. */
export const moved = (written: Entity.Values, current: Entity.Values, expected: Entity.Values): ReadonlyArray<number> =>
  [...written.keys()].filter((at) => written[at] !== undefined && !same(current[at], expected[at]))

/** Writes records one by one, or none of them: the first that is refused takes back those before it. */
export const writeAll = (
  table: Map<string, Entity.Values>,
  entity: Entity.Any,
  writes: ReadonlyArray<{ readonly index: number; readonly key: string; readonly values: Entity.Values }>,
  refuse: Refuse,
): { readonly index: number; readonly message: string } | undefined => {
  const before: Array<readonly [string, Entity.Values | undefined]> = []
  for (const { index, key, values } of writes) {
    const message = refuse(entity.name, values, table)
    if (message === undefined) {
      before.push([key, table.get(key)])
      table.set(key, values)
      continue
    }
    putBack(table, before)
    return { index, message }
  }
  return undefined
}

/** Gives keys back what they held, the last first. */
export const putBack = (
  table: Map<string, Entity.Values>,
  before: ReadonlyArray<readonly [string, Entity.Values | undefined]>,
): void => {
  for (const [key, values] of before.toReversed())
    if (values === undefined) table.delete(key)
    else table.set(key, values)
}
