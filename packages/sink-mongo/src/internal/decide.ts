/**
 * Decides, with the documents as they are now, what of a planned batch is written, what is there already, and what is a conflict.
 */
import { type Batch, type Entity, Issue, Plan, Sink } from "@waybill/core"
import type { Document } from "mongodb"
import { driverValue, placeOf } from "./bson.ts"
import { encode } from "./codec.ts"
import { fingerprint } from "./fingerprint.ts"
import type { Held } from "./held.ts"
import { type Column, differing, keyOfValues, type Layout, rawAt, valueAt } from "./layout.ts"
import type { Found } from "./lookup.ts"
import { imageOf } from "./wrote.ts"

/** An update of one document. */
export interface Change {
  readonly index: number
  readonly id: unknown
  /** What is set, path to BSON value. */
  readonly set: Document
  /** What the plan saw and is still there, path to BSON value; `undefined` for a field that is not there. */
  readonly held: () => ReadonlyMap<string, unknown>
  /** What the document holds where it is set, bit for bit. */
  readonly image: Buffer
}

/** See the file's first sentence. `outcomes` are those of the batch once `inserts` and `changes` are written. */
export interface Decision {
  readonly outcomes: Uint8Array
  readonly conflicts: Array<{ readonly index: number; readonly message: string }>
  readonly inserts: ReadonlyArray<number>
  readonly changes: ReadonlyArray<Change>
}

/** The positions of the records that a plan writes. */
export const writtenBy = ({ actions }: Plan.PlannedBatch): ReadonlyArray<number> => {
  const indexes: Array<number> = []
  for (let index = 0; index < actions.length; index++)
    if (actions[index] === Plan.code.create || actions[index] === Plan.code.update) indexes.push(index)
  return indexes
}

const outcomeOf = new Uint8Array(4)
outcomeOf[Plan.code.unchanged] = Sink.outcome.unchanged
outcomeOf[Plan.code.create] = Sink.outcome.created
outcomeOf[Plan.code.update] = Sink.outcome.updated
outcomeOf[Plan.code.refuse] = Sink.outcome.failed

/** What becomes of a batch when all goes as planned. */
export const plannedOutcomes = ({ actions }: Plan.PlannedBatch): Uint8Array => actions.map((action) => outcomeOf[action]!)

/** The outcomes of a batch of which nothing is written for its conflicts. */
export const abandoned = ({ conflicts, outcomes }: Pick<Decision, "conflicts" | "outcomes">): Sink.AppliedBatch => {
  const nothing = outcomes.map((outcome) => (outcome === Sink.outcome.unchanged ? outcome : Sink.outcome.failed))
  for (const { index } of conflicts) nothing[index] = Sink.outcome.conflict
  return { outcomes: nothing, conflicts }
}

/** A value for people. */
export const shown = (value: unknown): string => (value === undefined ? "absent" : (Issue.excerpt(value) ?? "null"))

// all messages of a batch lie in one document of the checkpoint
const maxMessage = 400

const says = (columns: ReadonlyArray<Column>, document: Document, planned: (column: Column) => unknown): string => {
  const text = columns
    .slice(0, 5)
    .map((column) => `${column.name} is ${shown(valueAt(document, column))} instead of ${shown(planned(column))}`)
    .join("; ")
  return text.length > maxMessage ? `${text.slice(0, maxMessage)}…` : text
}

const appeared = (layout: Layout, values: Entity.Values, document: Document): string => {
  const columns = differing(layout, values, document)
  return `a record of this key appeared since the plan: ${says(columns, document, ({ at }) => values[at])}`
}

const moved = (layout: Layout, values: Entity.Values, document: Document, update: Plan.Update): string => {
  const before = new Map(update.changes.map((change) => [change.field, change.before]))
  const seen = ({ at, name }: Column) => (before.has(name) ? before.get(name) : values[at])
  const then: Array<Entity.Values[number]> = []
  for (const column of layout.compared) if (values[column.at] !== undefined) then[column.at] = seen(column)
  const absent = layout.compared.filter(({ at, name }) => before.has(name) && then[at] === undefined)
  const columns = [...differing(layout, then, document), ...absent.filter((column) => rawAt(document, column) !== undefined)]
  return columns.length === 0
    ? "the record was deleted and made again since the plan"
    : `the record changed since the plan: ${says(columns, document, seen)}`
}

const changeOf = (layout: Layout, values: Entity.Values, { bytes, document }: Held, update: Plan.Update): Change => {
  const changed = new Set(update.changes.map(({ field }) => field))
  const set: Record<string, unknown> = {}
  for (const column of layout.compared) {
    const value = values[column.at]
    if (value === undefined) continue
    if (changed.has(column.name)) set[column.path] = encode(column.kind, value)
  }
  for (const { at, kind, path } of layout.volatile) {
    const value = values[at]
    if (value !== undefined) set[path] = encode(kind, value)
  }
  const held = () =>
    new Map(
      layout.compared
        .filter(({ at }) => values[at] !== undefined)
        .map(({ path, segments }) => {
          const { raw } = placeOf(bytes, segments)
          return [path, raw === undefined ? undefined : driverValue(raw)]
        }),
    )
  return { index: update.index, id: document["_id"], set, held, image: imageOf(update.index, bytes, Object.keys(set)) }
}

/** See the file's first sentence. `found` are the documents of all records that the plan writes. */
export const decide = (layout: Layout, batch: Batch.Batch, planned: Plan.PlannedBatch, { documents }: Found): Decision => {
  const records = batch.records()
  const outcomes = plannedOutcomes(planned)
  const conflicts: Array<{ readonly index: number; readonly message: string }> = []
  const inserts: Array<number> = []
  const changes: Array<Change> = []
  const inserted = new Set<string>()
  let update = 0
  const conflict = (index: number, message: string) => {
    outcomes[index] = Sink.outcome.conflict
    conflicts.push({ index, message })
  }
  for (const index of writtenBy(planned)) {
    const values = records[index]!
    const key = keyOfValues(layout, values)
    const held = documents.get(key)
    if (planned.actions[index] === Plan.code.create) {
      if (held !== undefined) {
        if (held.differing(layout, values).length > 0) conflict(index, appeared(layout, values, held.document))
      } else if (inserted.has(key)) conflict(index, "another record of the batch has a key that MongoDB takes for the same")
      else {
        inserted.add(key)
        inserts.push(index)
      }
      continue
    }
    const seen = planned.updates[update++]!
    if (held === undefined) {
      conflict(index, "the record was deleted since the plan")
      continue
    }
    const changed = held.differing(layout, values)
    if (changed.length === 0) continue
    if (fingerprint(layout, values, held.document, changed) !== seen.fingerprint)
      conflict(index, moved(layout, values, held.document, seen))
    else changes.push(changeOf(layout, values, held, seen))
  }
  return { outcomes, conflicts, inserts, changes }
}
