/**
 * Applies batches in transactions: one for each batch, or one for all.
 */
import type { Batch, Plan, Sink } from "@waybill/core"
import { Effect } from "effect"
import { classifyError, duplicates } from "../classifyError.ts"
import { holdToken, nameOf, readBatch, writeBatch } from "./bookkeeping.ts"
import { abandoned, type Decision, decide, plannedOutcomes, writtenBy } from "./decide.ts"
import type { Indexes } from "./indexes.ts"
import type { Layout } from "./layout.ts"
import { lookUp } from "./lookup.ts"
import type { Target } from "./server.ts"
import type { Transactions } from "./transaction.ts"
import { type Composed, compose, raced, write, writing } from "./write.ts"

/** What all batches of a commit session share. */
export interface Committing {
  readonly target: Target
  readonly context: Sink.CommitContext
  readonly indexes: ReadonlyMap<Layout, Indexes>
  /** The batches that the session has tried before: of these it is not known what is written. */
  readonly attempted: Set<string>
}

type Apply = (batch: Batch.Batch, planned: Plan.PlannedBatch) => Effect.Effect<Sink.AppliedBatch, Sink.SinkError>

/** Writes of batches that are encoded before their turn comes. */
export class Prepared {
  private readonly composed = new WeakMap<Batch.Batch, Composed>()

  constructor(private readonly target: Target) {}

  /** Encodes the inserts of a batch that has nothing else to write. */
  readonly prepare = (batch: Batch.Batch, planned: Plan.PlannedBatch): void => {
    if (planned.updates.length > 0) return
    const layout = this.target.layout(batch.entity)
    try {
      const writes = { inserts: writtenBy(planned), changes: [] }
      if (writes.inserts.length > 0) this.composed.set(batch, compose(this.target.db, layout, batch, writes, "id", true))
    } catch {
      // what the driver refuses to encode is told when the batch is applied
    }
  }

  /** The write of a batch, for the first who asks. */
  take(batch: Batch.Batch): Composed | undefined {
    const composed = this.composed.get(batch)
    this.composed.delete(batch)
    return composed
  }
}

/** The application of batches; with `atomic`, all of them in one transaction, which somebody else commits. */
export const applyInTransaction = (
  { attempted, context, indexes, target }: Committing,
  { abort, age, begin, commit, session }: Transactions,
  atomic: boolean,
  prepared: Prepared,
): Apply => {
  const written = Effect.fnUntraced(function* (
    layout: Layout,
    batch: Batch.Batch,
    decision: Pick<Decision, "changes" | "inserts">,
    composed?: Composed,
  ) {
    const unique = indexes.get(layout)!
    const milliseconds = yield* age
    return yield* write(target.db, layout, batch, decision, "id", session, composed).pipe(
      Effect.catch((error) =>
        Effect.fail(
          duplicates(error, unique.key) === undefined
            ? classifyError(error, writing(layout, batch, decision, unique, milliseconds))
            : raced(layout, batch, error),
        ),
      ),
      Effect.filterOrFail(
        (result) => (result?.matchedCount ?? 0) === decision.changes.length,
        () => raced(layout, batch, undefined),
      ),
    )
  })

  // looks first, then writes what can be written
  const carefully: Apply = Effect.fnUntraced(function* (batch, planned) {
    const layout = target.layout(batch.entity)
    const records = batch.records()
    const found = yield* lookUp(
      target.db,
      layout,
      writtenBy(planned).map((index) => records[index]!),
      layout.owned,
      session,
    )
    const decision = decide(layout, batch, planned, found)
    if (decision.conflicts.length > 0 && context.onConflict === "abort") return abandoned(decision)
    // what was encoded before is all of the batch, as long as none of it is there
    yield* written(layout, batch, decision, found.documents.size === 0 ? prepared.take(batch) : undefined)
    const { conflicts, outcomes } = decision
    return { conflicts, outcomes }
  })

  // creates only: the unique index tells if one of them is there
  const boldly: Apply = Effect.fnUntraced(function* (batch, planned) {
    const layout = target.layout(batch.entity)
    yield* written(layout, batch, { inserts: writtenBy(planned), changes: [] }, prepared.take(batch))
    return { outcomes: plannedOutcomes(planned), conflicts: [] }
  })

  const recorded = (batch: Batch.Batch, done: Sink.AppliedBatch) =>
    Effect.as(writeBatch(target, context, { entity: batch.entity.name, part: batch.part }, done, session), done)

  const isAbandoned = (done: Sink.AppliedBatch) => done.conflicts.length > 0 && context.onConflict === "abort"

  if (atomic)
    return (batch, planned) =>
      Effect.gen(function* () {
        if (!session.inTransaction()) yield* begin
        const done = yield* carefully(batch, planned)
        return isAbandoned(done) ? done : yield* recorded(batch, done)
      }).pipe(Effect.onError(() => abort))

  const inOne = (apply: Apply): Apply =>
    Effect.fnUntraced(
      function* (batch, planned) {
        yield* begin
        const done = yield* apply(batch, planned)
        if (isAbandoned(done)) {
          yield* abort
          return done
        }
        yield* recorded(batch, done)
        yield* holdToken(target, context, { session })
        yield* commit
        return done
      },
      (effect) => Effect.onError(effect, () => abort),
    )

  const first = inOne(boldly)
  const again = inOne(carefully)
  return Effect.fnUntraced(function* (batch, planned) {
    const name = nameOf(batch.entity.name, batch.part)
    const repeated = attempted.has(name)
    attempted.add(name)
    if (repeated) {
      const done = yield* readBatch(target, context, name)
      if (done !== undefined) return done
    }
    if (repeated || planned.updates.length > 0) return yield* again(batch, planned)
    return yield* Effect.catchIf(
      first(batch, planned),
      (error) => error.reason === "Contention",
      () => again(batch, planned),
    )
  })
}
