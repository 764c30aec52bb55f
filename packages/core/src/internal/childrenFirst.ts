/**
 * The order in which records of an entity that refers to itself are deleted: each before the one it refers to.
 */
import * as Entity from "../Entity.ts"

/** The same records, children before their parents; those that refer to each other in a circle come last, in the order they have. */
export const childrenFirst = <A extends { readonly values: Entity.Values }>(
  entity: Entity.Any,
  records: ReadonlyArray<A>,
): ReadonlyArray<A> => {
  const own = entity.references.filter((reference) => reference.entity === entity)
  if (own.length === 0) return records
  const at = new Map(records.map(({ values }, index) => [Entity.keyText(values, entity.keyPositions), index]))
  const parents = records.map(({ values }, index) =>
    own.flatMap((reference) => {
      const parent = Entity.refers(values, reference) ? at.get(Entity.keyText(values, reference.positions)) : undefined
      return parent === undefined || parent === index ? [] : [parent]
    }),
  )
  const children = new Uint32Array(records.length)
  for (const of of parents) for (const parent of of) children[parent]!++
  const ordered = [...records.keys()].filter((index) => children[index] === 0)
  // grows while it is walked: a record comes behind the last of its children
  for (const index of ordered) for (const parent of parents[index]!) if (--children[parent]! === 0) ordered.push(parent)
  const rest = [...records.keys()].filter((index) => children[index]! > 0)
  return [...ordered, ...rest].map((index) => records[index]!)
}
