/**
 * Removing: a batch of deletions, judged against the records as they are, and done to all of them or none.
 */
import type { Batch } from "../Batch.ts"
import * as Entity from "../Entity.ts"
import type { PlannedBatch } from "../Plan.ts"
import { type AppliedBatch, outcome } from "../Sink.ts"
import { type Image, type Tables, tableOf, wholeFingerprint } from "./records.ts"

/** What came of it: what was done, or which record must stay for what refers to it. */
export type Removed =
  | { readonly applied: AppliedBatch; readonly images: ReadonlyMap<number, Image> }
  | { readonly index: number; readonly message: string; readonly code: string }

/** See the file's first sentence. */
export const removeBatch = (
  tables: Tables,
  entities: ReadonlyArray<Entity.Any>,
  batch: Batch,
  planned: PlannedBatch,
  abort: boolean,
): Removed => {
  const { entity } = batch
  const table = tableOf(tables, entity.name)
  const records = batch.records()
  const outcomes = new Uint8Array(batch.count)
  for (const { index } of planned.refusals) outcomes[index] = outcome.failed
  const conflicts: Array<AppliedBatch["conflicts"][number]> = []
  const going = new Map<string, number>()
  const images = new Map<number, Image>()
  for (const { fingerprint, index } of planned.deletions ?? []) {
    const key = Entity.keyText(records[index]!, entity.keyPositions)
    const current = table.get(key)
    outcomes[index] = outcome.deleted
    if (current === undefined) {
      images.set(index, { key, before: undefined, written: undefined })
      continue
    }
    if (wholeFingerprint(entity, current) === fingerprint) going.set(key, index)
    else {
      outcomes[index] = outcome.conflict
      conflicts.push({ index, message: "it was changed in the target since the plan was made" })
    }
  }
  if (conflicts.length > 0 && abort)
    return {
      applied: { outcomes: outcomes.map((it) => (it === outcome.deleted ? outcome.failed : it)), conflicts },
      images: new Map(),
    }
  const held = referrer(tables, entities, entity, going)
  if (held !== undefined) return held
  for (const [key, index] of going) {
    images.set(index, { key, before: table.get(key)!, written: undefined })
    table.delete(key)
  }
  return { applied: { outcomes, conflicts }, images }
}

// a record that stays and refers to one that goes
const referrer = (
  tables: Tables,
  entities: ReadonlyArray<Entity.Any>,
  entity: Entity.Any,
  going: ReadonlyMap<string, number>,
): { readonly index: number; readonly message: string; readonly code: string } | undefined => {
  for (const from of entities)
    for (const reference of from.references) {
      if (reference.entity !== entity) continue
      for (const [key, values] of tableOf(tables, from.name)) {
        if ((from === entity && going.has(key)) || !Entity.refers(values, reference)) continue
        const index = going.get(Entity.keyText(values, reference.positions))
        if (index !== undefined) return { index, message: `${from.name} ${key} refers to it`, code: "referenced" }
      }
    }
  return undefined
}
