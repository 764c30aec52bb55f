/**
 * Ownership says, field by field, when an import may write over what the target has. Without it the feed always may.
 *
 * A plan keeps what the feed may not write over: such a field is no change of its update, and the plan says of each what is there, what the
 * feed has and why it stays. The engine decides, in one place for all sinks, from what a sink tells of the target ({@link Change}).
 *
 * @module
 */
import * as Batch from "./Batch.ts"
import type { Any, Values } from "./Entity.ts"
import type { Kind, Value } from "./Field.ts"
import { type Change, code, type Kept, type PlannedBatch, type Update, type Why } from "./Plan.ts"

/** Whether a target has nothing in a field ({@link Field.Owner}): it is absent, null, or a text without a character. */
export const isEmpty = (kind: Kind, value: Value): boolean =>
  value === undefined || value === null || (kind === "text" && value === "")

/** Whether an entity has fields whose last written value its sink must know: then the sink must have `keepsEdits`. */
export const needsLastWritten = (entity: Any): boolean =>
  entity.ownership !== undefined && [...entity.ownership.values()].includes("keepEdits")

/** The positions of the fields whose last written value the sink of an entity must know. */
export const watched = (entity: Any): ReadonlyArray<number> =>
  entity.ownership === undefined ? [] : [...entity.ownership].flatMap(([at, owner]) => (owner === "keepEdits" ? [at] : []))

/** Why a change of a record that is in the target is not made; `undefined` where the feed may make it. */
export const why = (entity: Any, { before, field, lastWritten = "never" }: Change): Why | undefined => {
  const at = entity.fields.findIndex(({ name }) => name === field)
  switch (entity.ownership?.get(at)) {
    case "whenEmpty":
      return isEmpty(entity.fields[at]!.kind, before) ? undefined : "notEmpty"
    case "atCreation":
      return "atCreation"
    case "keepEdits":
      if (lastWritten === "never") return isEmpty(entity.fields[at]!.kind, before) ? undefined : "neverWritten"
      return lastWritten === "same" ? undefined : "edited"
    default:
      return undefined
  }
}

/**
 * The plan of a batch with what is kept taken out of its updates; an update of which nothing is left becomes `unchanged`. The engine calls
 * it with each batch that a sink has planned.
 */
export const settle = (entity: Any, planned: PlannedBatch): PlannedBatch => {
  if (entity.ownership === undefined || planned.updates.length === 0) return planned
  const kept: Array<Kept> = []
  const updates: Array<Update> = []
  const actions = planned.actions.slice()
  for (const update of planned.updates) {
    const stays = new Map<string, Why>()
    for (const change of update.changes) {
      const reason = why(entity, change)
      if (reason !== undefined) stays.set(change.field, reason)
    }
    if (stays.size === 0) {
      updates.push(update)
      continue
    }
    const { index } = update
    const fields = update.changes.flatMap(({ after, before, field }) => {
      const reason = stays.get(field)
      return reason === undefined ? [] : [{ field, target: before, feed: after, why: reason }]
    })
    kept.push({ index, fields })
    const changes = update.changes.filter(({ field }) => !stays.has(field))
    if (changes.length > 0) updates.push({ ...update, changes })
    else actions[index] = code.unchanged
  }
  return kept.length === 0 ? planned : { ...planned, actions, updates, kept }
}

/**
 * The values of a record as an update with these changes sends them: an owned field that is not changed is absent, so that the target keeps what
 * it has. They are the same values where there is none.
 */
export const sent = (entity: Any, values: Values, changes: ReadonlyArray<Pick<Change, "field">>): Values => {
  if (entity.ownership === undefined) return values
  const stays = (at: number): boolean =>
    values[at] !== undefined && !changes.some(({ field }) => field === entity.fields[at]!.name)
  const absent = new Set([...entity.ownership.keys()].filter(stays))
  return absent.size === 0 ? values : values.map((value, at) => (absent.has(at) ? undefined : value))
}

/** The batch as a commit, a verification and an undo send it: its updates as {@link sent}. It is the same batch where nothing is absent for that. */
export const effective = (batch: Batch.Batch, planned: PlannedBatch): Batch.Batch => {
  const { entity } = batch
  if (entity.ownership === undefined || planned.updates.length === 0) return batch
  const records = batch.records()
  const masked = new Map<number, Values>()
  for (const { changes, index } of planned.updates) {
    const values = sent(entity, records[index]!, changes)
    if (values !== records[index]) masked.set(index, values)
  }
  if (masked.size === 0) return batch
  const lines: Array<Uint8Array> = []
  let from = 0
  for (let index = 0; index < batch.count; index++) {
    const end = batch.bytes.indexOf(10, from) + 1
    const values = masked.get(index)
    lines.push(values === undefined ? batch.bytes.subarray(from, end) : Buffer.from(`${Batch.writeLine(entity, values)}\n`))
    from = end
  }
  return Batch.make({
    ...batch,
    bytes: Buffer.concat(lines),
    records: records.map((values, index) => masked.get(index) ?? values),
  })
}
