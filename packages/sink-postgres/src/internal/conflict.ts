/**
 * A conflict in words: what the target has now that the plan did not see.
 *
 * @module
 */
import type { Batch, Entity, Field, Plan } from "@waybill/core"
import type { VerdictRow } from "./applyQuery.ts"
import type { Layout } from "./Layout.ts"
import { comparedFields } from "./planQuery.ts"
import { canonical } from "./Rendering.ts"

const shownFields = 3
const shownLength = 60

const show = (value: Field.Value): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text
}

interface Moved {
  readonly field: string
  readonly now: Field.Value
  readonly planned: Field.Value
}

const movedFields = (layout: Layout, columns: NonNullable<VerdictRow["now"]>): ReadonlyArray<Moved> =>
  comparedFields(layout).flatMap((positions, at) => {
    const texts = columns[at]
    if (texts === null || texts === undefined) return []
    return positions.map((position, index) => {
      const { kind, name } = layout.entity.fields[position]!
      return { field: name, now: canonical(kind, texts[2 * index]!), planned: canonical(kind, texts[2 * index + 1]!) }
    })
  })

const list = (parts: ReadonlyArray<string>): string =>
  parts.length === 0
    ? ""
    : `: ${parts.slice(0, shownFields).join(", ")}${parts.length > shownFields ? ` and ${parts.length - shownFields} more` : ""}`

const referenceText = (entity: Entity.Any, values: Entity.Values, position: number): string => {
  const reference = entity.references.find((it) => it.positions.includes(position))
  const key = reference?.positions.map((at) => show(values[at])).join(", ")
  return `the ${reference?.entity.name} ${key} it refers to is no longer there`
}

/** What to tell of a record that was not written. */
export const message = (
  layout: Layout,
  batch: Batch.Batch,
  index: number,
  row: VerdictRow,
  update: Plan.Update | undefined,
): string => {
  const moved = movedFields(layout, row.now ?? [])
  switch (row.verdict) {
    case "deleted":
      return "the record was deleted since the plan"
    case "reference":
      return referenceText(layout.entity, batch.records()[index]!, row.reference!)
    case "appeared":
      return `a record with this key has appeared since the plan${list(moved.map((it) => `${it.field} is ${show(it.now)}, planned ${show(it.planned)}`))}`
    default: {
      // a field that now is as planned has moved too, if the plan saw something else there
      const changes = new Map(update?.changes.map((change) => [change.field, change]) ?? [])
      const differing = new Set(moved.map((it) => it.field))
      const parts = [
        ...moved
          .map((it) => ({ ...it, seen: changes.has(it.field) ? changes.get(it.field)!.before : it.planned }))
          .filter(({ now, seen }) => JSON.stringify(now) !== JSON.stringify(seen)),
        ...[...changes.values()]
          .filter(({ field }) => !differing.has(field))
          .map(({ after, before, field }) => ({ field, now: after, seen: before })),
      ].map(({ field, now, seen }) => `${field} was ${show(seen)}, is ${show(now)}`)
      return `the record was changed since the plan${list(parts)}`
    }
  }
}
