/**
 * Applies batches in transactions: one for each batch, or one for all.
 */
import { type Batch, Plan, type Sink } from "@waybill/core"
import { Effect } from "effect"
import { classifyError, duplicates } from "../classifyError.ts"
import { holdToken, nameOf, readBatch, writeBatch } from "./bookkeeping.ts"
import { abandoned, type Decision, decide, plannedOutcomes, writtenBy } from "./decide.ts"
import * as deletions from "./deletions.ts"
import type { Indexes } from "./indexes.ts"
import { noteWritten } from "./lastWritten.ts"
import type { Layout } from "./layout.ts"
import { lookUp } from "./lookup.ts"
import type { Target } from "./server.ts"
import type { Transactions } from "./transaction.ts"
import { type Composed, compose, raced, write, writing } from "./write.ts"
import { nothing, type Wrote } from "./wrote.ts"

/** What all batches of a commit session share. */
export interface Committing {
  readonly target: Target
  readonly context: Sink.CommitContext
  readonly indexes: ReadonlyMap<Layout, Indexes>
  /** The batches that the session has tried before: of these it is not known what is written. */
  readonly attempted: Set<string>
}

type Apply<A = Sink.AppliedBatch> = (batch: Batch.Batch, planned: Plan.PlannedBatch) => Effect.Effect<A, Sink.SinkError>

// what became of a batch, and what it wrote
interface Done {
  readonly done: Sink.AppliedBatch
  readonly wrote: Wrote
}

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

/** The application of batches, and the same without effect. */
export interface Applying {
  readonly apply: Apply
  readonly probe: Apply<void>
}

/** The application of batches; with `atomic`, all of them in one transaction, which somebody else commits. */
export const applyInTransaction = (
  { attempted, context, indexes, target }: Committing,
  { abort, age, begin, commit, session }: Transactions,
  atomic: boolean,
  prepared: Prepared,
): Applying => {
  const written = Effect.fnUntraced(function* (
    layout: Layout,
    batch: Batch.Batch,
    decision: Pick<Decision, "changes" | "inserts">,
    ready?: Composed,
  ) {
    const unique = indexes.get(layout)!
    const milliseconds = yield* age
    return yield* Effect.flatMap(
      Effect.try({ try: () => ready ?? compose(target.db, layout, batch, decision, "id", true), catch: (error) => error }),
      (composed) => Effect.map(write(composed, session), (result) => ({ result, wrote: composed.wrote })),
    ).pipe(
      Effect.catch((error) =>
        Effect.fail(
          duplicates(error, unique.key) === undefined
            ? classifyError(error, writing(layout, batch, decision, unique, milliseconds))
            : raced(layout, batch, error),
        ),
      ),
      Effect.filterOrFail(
        ({ result }) => (result?.matchedCount ?? 0) === decision.changes.length,
        () => raced(layout, batch, undefined),
      ),
      Effect.map(({ wrote }) => wrote),
    )
  })

  const deleted: Apply<Done> = Effect.fnUntraced(function* (batch, planned) {
    const deleting = { context, target }
    const deletion = yield* deletions.lookAtDeletions(deleting, batch, planned, session)
    if (deletions.isAbandoned(deleting, deletion)) return { done: deletions.abandonedDeletion(deletion), wrote: nothing }
    yield* deletions.refuseReferred(deleting, batch, deletion, session)
    if (!(yield* deletions.removeAll(deleting, batch, deletion, session)))
      return yield* raced(target.layout(batch.entity), batch, undefined)
    return { done: deletions.doneOf(deletion), wrote: deletion.wrote }
  })

  // looks first, then writes what can be written
  const carefully: Apply<Done> = Effect.fnUntraced(function* (batch, planned) {
    if (Plan.isDeletion(planned)) return yield* deleted(batch, planned)
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
    if (decision.conflicts.length > 0 && context.onConflict === "abort") return { done: abandoned(decision), wrote: nothing }
    // what was encoded before is all of the batch, as long as none of it is there
    const wrote = yield* written(layout, batch, decision, found.documents.size === 0 ? prepared.take(batch) : undefined)
    const { conflicts, outcomes } = decision
    return { done: { conflicts, outcomes }, wrote }
  })

  // creates only: the unique index tells if one of them is there
  const boldly: Apply<Done> = Effect.fnUntraced(function* (batch, planned) {
    const layout = target.layout(batch.entity)
    const wrote = yield* written(layout, batch, { inserts: writtenBy(planned), changes: [] }, prepared.take(batch))
    return { done: { outcomes: plannedOutcomes(planned), conflicts: [] }, wrote }
  })

  const recorded = (batch: Batch.Batch, { done, wrote }: Done) =>
    noteWritten(target, target.layout(batch.entity), batch, done, wrote, session).pipe(
      Effect.andThen(writeBatch(target, context, { entity: batch.entity.name, part: batch.part }, done, wrote, session)),
      Effect.as(done),
    )

  const isAbandoned = ({ done }: Done) => done.conflicts.length > 0 && context.onConflict === "abort"

  // only for sessions whose transactions are one for each batch: this one must not be open already
  const probe: Apply<void> = (batch, planned) =>
    Effect.andThen(begin, carefully(batch, planned)).pipe(
      Effect.asVoid,
      Effect.onExit(() => abort),
    )

  if (atomic)
    return {
      probe,
      apply: (batch, planned) =>
        Effect.gen(function* () {
          if (!session.inTransaction()) yield* begin
          const all = yield* carefully(batch, planned)
          return isAbandoned(all) ? all.done : yield* recorded(batch, all)
        }).pipe(Effect.onError(() => abort)),
    }

  const inOne = (apply: Apply<Done>): Apply =>
    Effect.fnUntraced(
      function* (batch, planned) {
        yield* begin
        const all = yield* apply(batch, planned)
        if (isAbandoned(all)) {
          yield* abort
          return all.done
        }
        yield* recorded(batch, all)
        yield* holdToken(target, context, { session })
        yield* commit
        return all.done
      },
      (effect) => Effect.onError(effect, () => abort),
    )

  const first = inOne(boldly)
  const again = inOne(carefully)
  const apply: Apply = Effect.fnUntraced(function* (batch, planned) {
    const name = nameOf(batch.entity.name, batch.part)
    const repeated = attempted.has(name)
    attempted.add(name)
    if (repeated) {
      const done = yield* readBatch(target, context, name)
      if (done !== undefined) return done
    }
    if (repeated || planned.updates.length > 0 || Plan.isDeletion(planned)) return yield* again(batch, planned)
    return yield* Effect.catchIf(
      first(batch, planned),
      (error) => error.reason === "Contention",
      () => again(batch, planned),
    )
  })
  return { apply, probe }
}
