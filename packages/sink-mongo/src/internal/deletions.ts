/**
 * Deletes the documents of a batch: those that are all that the plan saw, as long as no document of the import's entities that stays refers to one.
 */
import { type Batch, type Plan, Sink } from "@waybill/core"
import { Effect } from "effect"
import type { ClientSession } from "mongodb"
import { driverValue, placeOf } from "./bson.ts"
import { abandoned } from "./decide.ts"
import { wholeFingerprint } from "./fingerprint.ts"
import { keyOfValues, type Layout } from "./layout.ts"
import { type Found, lookUp } from "./lookup.ts"
import { referrersOf } from "./referrers.ts"
import type { Removal } from "./reversal.ts"
import { remove } from "./revert.ts"
import type { Target } from "./server.ts"
import { nothing, type Wrote, wholeImage } from "./wrote.ts"

/** What all batches of a commit session share. */
interface Deleting {
  readonly target: Target
  readonly context: Pick<Sink.CommitContext, "entities" | "onConflict">
}

/** What there is to do. `outcomes` are those of the batch once the removals are done. */
export interface Deletion {
  readonly outcomes: Uint8Array
  readonly conflicts: Array<Sink.AppliedBatch["conflicts"][number]>
  readonly removals: ReadonlyArray<Removal>
  /** The documents that go, whole, for who may want to take it back. */
  readonly wrote: Wrote
}

const decide = (layout: Layout, batch: Batch.Batch, planned: Plan.PlannedBatch, { documents }: Found): Deletion => {
  const records = batch.records()
  const outcomes = new Uint8Array(batch.count)
  const conflicts: Array<Deletion["conflicts"][number]> = []
  const removals: Array<Removal> = []
  for (const { index } of planned.refusals) outcomes[index] = Sink.outcome.failed
  for (const { fingerprint, index } of planned.deletions!) {
    const held = documents.get(keyOfValues(layout, records[index]!))
    outcomes[index] = Sink.outcome.deleted
    if (held === undefined) continue
    if (wholeFingerprint(layout, held.bytes) === fingerprint)
      removals.push({ index, id: driverValue(placeOf(held.bytes, ["_id"]).raw!), held })
    else {
      outcomes[index] = Sink.outcome.conflict
      conflicts.push({ index, message: "the record was changed since the plan, which would delete it" })
    }
  }
  const images = new Map(removals.map(({ held, index }) => [index, wholeImage(index, held.bytes)]))
  return { outcomes, conflicts, removals, wrote: { ...nothing, images } }
}

/** Looks at the documents as they are now, and decides. */
export const lookAtDeletions = (
  { target }: Pick<Deleting, "target">,
  batch: Batch.Batch,
  planned: Plan.PlannedBatch,
  session?: ClientSession,
): Effect.Effect<Deletion, Sink.SinkError> => {
  const layout = target.layout(batch.entity)
  const records = batch.records()
  const wanted = planned.deletions!.map(({ index }) => records[index]!)
  // whole: all of a document goes with it
  return Effect.map(lookUp(target.db, layout, wanted, {}, session), (found) => decide(layout, batch, planned, found))
}

/** Fails where something refers to a document that is to go. */
export const refuseReferred = (
  { context, target }: Deleting,
  batch: Batch.Batch,
  { removals }: Deletion,
  session?: ClientSession,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.flatMap(referrersOf(target, context.entities, batch, removals, new Map(), session), (found) => {
    const [first] = [...found].sort(([a], [b]) => a - b)
    if (first === undefined) return Effect.void
    const [index, message] = first
    return Effect.fail(
      new Sink.SinkError({
        reason: "DataRefused",
        message,
        isRetryable: false,
        code: "referenced",
        refused: { entity: batch.entity.name, index, part: batch.part, constraint: null },
      }),
    )
  })

/** Whether a batch of deletions is not done for its conflicts. */
export const isAbandoned = ({ context }: Deleting, { conflicts }: Deletion): boolean =>
  conflicts.length > 0 && context.onConflict === "abort"

/** Deletes; tells whether each document was there as it was looked at. */
export const removeAll = (
  { target }: Pick<Deleting, "target">,
  batch: Batch.Batch,
  { removals }: Deletion,
  session?: ClientSession,
): Effect.Effect<boolean, Sink.SinkError> => remove({ target }, { batch, layout: target.layout(batch.entity) }, removals, session)

/** What became of a batch of which nothing is deleted for its conflicts. */
export const abandonedDeletion = (deletion: Deletion): Sink.AppliedBatch => abandoned(deletion)

/** What became of a batch whose documents are gone, but for those that somebody else was changing at the time. */
export const doneOf = ({ conflicts, outcomes }: Deletion, late: ReadonlyArray<Removal> = []): Sink.AppliedBatch => {
  const done = outcomes.slice()
  for (const { index } of late) done[index] = Sink.outcome.conflict
  const message = "another writer changed the record while it was being deleted"
  return {
    outcomes: done,
    conflicts: [...conflicts, ...late.map(({ index }) => ({ index, message }))].sort((a, b) => a.index - b.index),
  }
}
