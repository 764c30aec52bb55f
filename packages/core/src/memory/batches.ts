/**
 * Batches against the tables of the memory sink: planned, applied, read back.
 */
import type { Batch } from "../Batch.ts"
import * as Entity from "../Entity.ts"
import * as Ownership from "../Ownership.ts"
import * as Plan from "../Plan.ts"
import { type AppliedBatch, type Mismatch, outcome } from "../Sink.ts"
import { differing, fingerprint, type Image, isChanged, merge, type Refuse, writeAll } from "./records.ts"
import * as Written from "./written.ts"

/** A batch that is applied. */
export interface Applied {
  readonly applied: AppliedBatch
  /** By position in the batch. */
  readonly images: ReadonlyMap<number, Image>
}

/** Notes what records have now in the fields that a job wrote; what somebody else had written already is not the job's. */
export const noteWritten = (
  written: Written.Written,
  table: ReadonlyMap<string, Entity.Values>,
  entity: Entity.Any,
  images: Iterable<Image>,
): void => {
  if (!Ownership.needsLastWritten(entity)) return
  for (const image of images) {
    // what was written of a record that is deleted stays known: the undo puts it back with that
    if (image.written === undefined || !isChanged(image)) continue
    Written.note(written, entity, image.key, image.written, table.get(image.key))
  }
}

/** The plan of a batch. */
export const planBatch = (
  table: ReadonlyMap<string, Entity.Values>,
  entity: Entity.Any,
  batch: Batch,
  written: Written.Written,
): Plan.PlannedBatch => {
  const actions = new Uint8Array(batch.count)
  const updates: Array<Plan.Update> = []
  for (const [index, values] of batch.records().entries()) {
    const key = Entity.keyText(values, entity.keyPositions)
    const current = table.get(key)
    if (current === undefined) {
      actions[index] = Plan.code.create
      continue
    }
    const changed = differing(entity, current, values)
    if (changed.length === 0) continue
    actions[index] = Plan.code.update
    updates.push({
      index,
      fingerprint: fingerprint(current),
      changes: changed.map((at) => ({
        field: entity.fields[at]!.name,
        before: current[at],
        after: values[at],
        ...Written.told(written, entity, key, at, current),
      })),
    })
  }
  return { part: batch.part, actions, updates, refusals: [] }
}

/** Applies a batch, or says which record is refused. */
export const applyBatch = (
  table: Map<string, Entity.Values>,
  batch: Batch,
  planned: Plan.PlannedBatch,
  abort: boolean,
  refuse: Refuse,
): Applied | { readonly index: number; readonly message: string } => {
  const { entity } = batch
  const outcomes = new Uint8Array(batch.count)
  const conflicts: Array<AppliedBatch["conflicts"][number]> = []
  const writes: Array<{ readonly index: number; readonly key: string; readonly values: Entity.Values }> = []
  const images = new Map<number, Image>()
  const before = new Map(planned.updates.map((update) => [update.index, update.fingerprint]))
  for (const [index, values] of batch.records().entries()) {
    const action = planned.actions[index]
    if (action === Plan.code.refuse) outcomes[index] = outcome.failed
    if (action !== Plan.code.create && action !== Plan.code.update) continue
    const key = Entity.keyText(values, entity.keyPositions)
    const current = table.get(key)
    const already = current !== undefined && fingerprint(merge(current, values)) === fingerprint(current)
    const asSeen =
      action === Plan.code.create ? current === undefined : current !== undefined && fingerprint(current) === before.get(index)
    if (!already && !asSeen) {
      outcomes[index] = outcome.conflict
      const message =
        current === undefined
          ? "it is no longer in the target"
          : action === Plan.code.create
            ? "it has appeared in the target since the plan was made"
            : "it was changed in the target since the plan was made"
      conflicts.push({ index, message })
      continue
    }
    outcomes[index] = action === Plan.code.create ? outcome.created : outcome.updated
    writes.push({ index, key, values: current === undefined ? values : merge(current, values) })
    images.set(index, { key, before: current, written: values })
  }
  if (conflicts.length === 0 || !abort) {
    const refused = writeAll(table, entity, writes, refuse)
    return refused ?? { applied: { outcomes, conflicts }, images }
  }
  for (let at = 0; at < outcomes.length; at++)
    if (outcomes[at] === outcome.created || outcomes[at] === outcome.updated) outcomes[at] = 0
  return { applied: { outcomes, conflicts }, images: new Map() }
}

/** The records of a batch that are not in the table as they were applied. */
export const mismatches = (
  table: ReadonlyMap<string, Entity.Values>,
  batch: Batch,
  applied: AppliedBatch,
): ReadonlyArray<Mismatch> => {
  const found: Array<Mismatch> = []
  for (const [index, values] of batch.records().entries()) {
    const key = Entity.keyText(values, batch.entity.keyPositions)
    const current = table.get(key)
    if (applied.outcomes[index] === outcome.deleted && current !== undefined) found.push({ key, kind: "present", fields: [] })
    if (applied.outcomes[index] !== outcome.created && applied.outcomes[index] !== outcome.updated) continue
    if (current === undefined) found.push({ key, kind: "missing", fields: [] })
    else {
      const fields = differing(batch.entity, current, values).map((at) => batch.entity.fields[at]!.name)
      if (fields.length > 0) found.push({ key, kind: "different", fields })
    }
  }
  return found
}
