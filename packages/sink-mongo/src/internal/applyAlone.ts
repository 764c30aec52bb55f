/**
 * Applies batches on a standalone server, which has no transactions: an intent, one write whose parts each do nothing if they come too
 * late, and the outcome. A batch that broke off is finished by applying it again.
 */
import { type Batch, Plan, Sink } from "@waybill/core"
import { Effect } from "effect"
import type { BulkWriteResult } from "mongodb"
import { classifyError, duplicates } from "../classifyError.ts"
import type { Committing } from "./applyInTransaction.ts"
import { holdToken, readWritten, writeBatch } from "./bookkeeping.ts"
import { abandoned, type Decision, decide, writtenBy } from "./decide.ts"
import * as deletions from "./deletions.ts"
import { noteWritten } from "./lastWritten.ts"
import type { Layout } from "./layout.ts"
import { lookUp } from "./lookup.ts"
import { removePieces } from "./pieces.ts"
import { type Composed, compose, write, writing } from "./write.ts"
import { nothing, together } from "./wrote.ts"

/** The application of batches; see the file's first sentence. */
export const applyAlone = ({
  context,
  indexes,
  target,
}: Committing): ((batch: Batch.Batch, planned: Plan.PlannedBatch) => Effect.Effect<Sink.AppliedBatch, Sink.SinkError>) => {
  const decided = (layout: Layout, batch: Batch.Batch, planned: Plan.PlannedBatch) => {
    const records = batch.records()
    return Effect.map(
      lookUp(
        target.db,
        layout,
        writtenBy(planned).map((index) => records[index]!),
        layout.owned,
      ),
      (found) => decide(layout, batch, planned, found),
    )
  }

  /** Whether all of a write was done; keys that appeared and documents that moved in the meantime are left for a second look. */
  const isWhole = (layout: Layout, batch: Batch.Batch, decision: Decision, composed: Composed) =>
    write(composed).pipe(
      Effect.map((result: BulkWriteResult | undefined) => (result?.matchedCount ?? 0) === decision.changes.length),
      Effect.catch((error) =>
        duplicates(error, indexes.get(layout)!.key) === undefined
          ? Effect.fail(classifyError(error, writing(layout, batch, decision, indexes.get(layout)!)))
          : Effect.succeed(false),
      ),
    )

  // what is gone, and was to go, is what came of it; what is still there somebody else was changing
  const deleteAlone = Effect.fnUntraced(function* (batch: Batch.Batch, planned: Plan.PlannedBatch) {
    const deleting = { context, target }
    const name = { entity: batch.entity.name, part: batch.part }
    yield* holdToken(target, context)
    const former = yield* readWritten(target, context, name)
    const deletion = yield* deletions.lookAtDeletions(deleting, batch, planned)
    if (deletions.isAbandoned(deleting, deletion)) return deletions.abandonedDeletion(deletion)
    yield* deletions.refuseReferred(deleting, batch, deletion)
    yield* writeBatch(target, context, name, undefined, together(former?.wrote ?? nothing, deletion.wrote))
    if (former !== undefined) yield* removePieces(target, { job: context.job, ...name }, former.images)
    const isWhole = yield* deletions.removeAll(deleting, batch, deletion)
    const second = isWhole ? undefined : yield* deletions.lookAtDeletions(deleting, batch, planned)
    const done = second === undefined ? deletions.doneOf(deletion) : deletions.doneOf(second, second.removals)
    yield* writeBatch(target, context, name, done, undefined)
    return done
  })

  return Effect.fnUntraced(function* (batch, planned) {
    if (Plan.isDeletion(planned)) return yield* deleteAlone(batch, planned)
    const layout = target.layout(batch.entity)
    const name = { entity: batch.entity.name, part: batch.part }
    yield* holdToken(target, context)
    // what a former attempt wrote, or may have, stays this job's
    const former = yield* readWritten(target, context, name)
    const decision = yield* decided(layout, batch, planned)
    if (decision.conflicts.length > 0 && context.onConflict === "abort") return abandoned(decision)
    const composed = yield* Effect.try({
      try: () => compose(target.db, layout, batch, decision, "values", false),
      catch: (error) => classifyError(error, writing(layout, batch, decision, indexes.get(layout)!)),
    })
    const wrote = together(former?.wrote ?? nothing, composed.wrote)
    yield* writeBatch(target, context, name, undefined, wrote)
    if (former !== undefined) yield* removePieces(target, { job: context.job, ...name }, former.images)
    let done: Sink.AppliedBatch = { outcomes: decision.outcomes, conflicts: decision.conflicts }
    if (!(yield* isWhole(layout, batch, decision, composed))) done = missed(yield* decided(layout, batch, planned))
    yield* noteWritten(target, layout, batch, done, wrote)
    yield* writeBatch(target, context, name, done, undefined)
    return done
  })
}

/** After the write, what still is to be written was in the meantime changed, deleted or made by somebody else. */
const missed = ({ changes, conflicts, inserts, outcomes }: Decision): Sink.AppliedBatch => {
  const late = [...inserts, ...changes.map(({ index }) => index)]
  for (const index of late) outcomes[index] = Sink.outcome.conflict
  return {
    outcomes,
    conflicts: [
      ...conflicts,
      ...late.map((index) => ({ index, message: "another writer changed the record while it was being written" })),
    ].sort((a, b) => a.index - b.index),
  }
}
