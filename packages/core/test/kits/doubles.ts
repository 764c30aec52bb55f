/**
 * How a sink is broken: the memory sink with one of its calls done in another way.
 */
import { Batch, type Entity, type Plan, type Sink } from "@waybill/core"
import type { MemorySink } from "@waybill/core/memory"
import type { SinkSuite } from "@waybill/core/testing"
import { Effect, Stream } from "effect"
import { memory } from "./memory.ts"

/** What a double does otherwise; `tables` are those of its own sink. */
export interface Breaks {
  readonly sink?: (sink: MemorySink.MemorySink) => Partial<Sink.Sink>
  readonly plan?: (session: Sink.PlanSession, context: Sink.PlanContext, sink: MemorySink.MemorySink) => Partial<Sink.PlanSession>
  readonly commit?: (
    session: Sink.CommitSession,
    context: Sink.CommitContext,
    sink: MemorySink.MemorySink,
  ) => Partial<Sink.CommitSession>
  readonly undo?: (session: Sink.UndoSession, context: Sink.UndoContext, sink: MemorySink.MemorySink) => Partial<Sink.UndoSession>
}

/** The harness of a sink that is broken in one way. */
export const brokenBy = ({ commit, plan, sink, undo }: Breaks, more: Partial<SinkSuite.Harness> = {}): SinkSuite.Harness => ({
  ...memory,
  open: Effect.map(memory.open, (target): SinkSuite.Target => {
    const whole = target.sink as MemorySink.MemorySink
    const broken: MemorySink.MemorySink = {
      ...whole,
      plan: (context) => Effect.map(whole.plan(context), (session) => ({ ...session, ...plan?.(session, context, whole) })),
      commit: (context) => Effect.map(whole.commit(context), (session) => ({ ...session, ...commit?.(session, context, whole) })),
      undo: (context) => Effect.map(whole.undo!(context), (session) => ({ ...session, ...undo?.(session, context, whole) })),
    }
    return { ...target, sink: { ...broken, ...sink?.(broken) } }
  }),
  ...more,
})

/** A batch with other values. */
export const withValues = (batch: Batch.Batch, change: (values: Entity.Values) => Entity.Values): Batch.Batch =>
  Batch.make({ ...batch, records: batch.records().map(change) })

/** The position of a field. */
export const at = (entity: Entity.Any, field: string): number => entity.fields.findIndex(({ name }) => name === field)

/** Plans with the plan of each batch changed. */
export const planning =
  (
    session: Sink.PlanSession,
    change: (batch: Batch.Batch, planned: Plan.PlannedBatch) => Plan.PlannedBatch,
  ): Sink.PlanSession["plan"] =>
  (entity, batches) =>
    Stream.flatMap(batches, (batch) => Stream.map(session.plan(entity, Stream.make(batch)), (planned) => change(batch, planned)))

/** Applies, and does something more to the tables: at once where it is batched, with `complete` where it is atomic. */
export const afterwards = (
  session: Sink.CommitSession,
  { transaction }: Sink.CommitContext,
  more: (batch: Batch.Batch, planned: Plan.PlannedBatch, applied: Sink.AppliedBatch) => void,
): Partial<Sink.CommitSession> => {
  const waiting: Array<() => void> = []
  return {
    apply: (batch, planned) =>
      Effect.tap(session.apply(batch, planned), (applied) =>
        Effect.sync(() => {
          if (transaction === "batched") more(batch, planned, applied)
          else waiting.push(() => more(batch, planned, applied))
        }),
      ),
    complete: Effect.tap(session.complete, () => Effect.sync(() => waiting.forEach((it) => void it()))),
  }
}

/** Reverts, and does something more to the tables, in the same way. */
export const afterReverting = (
  session: Sink.UndoSession,
  { preview, transaction }: Sink.UndoContext,
  more: (batch: Batch.Batch, planned: Plan.PlannedBatch, undone: Sink.UndoneBatch) => void,
): Partial<Sink.UndoSession> => {
  const waiting: Array<() => void> = []
  return {
    revert: (batch, planned) =>
      Effect.tap(session.revert(batch, planned), (undone) =>
        Effect.sync(() => {
          if (preview) return
          if (transaction === "batched") more(batch, planned, undone)
          else waiting.push(() => more(batch, planned, undone))
        }),
      ),
    complete: Effect.tap(session.complete, () => Effect.sync(() => waiting.forEach((it) => void it()))),
  }
}
