/**
 * The session that takes a commit back: in transactions, one for each batch or one for all, or on a standalone server by guarded writes.
 */
import { type Batch, type Plan, Sink } from "@waybill/core"
import { Effect } from "effect"
import {
  checkKnown,
  endFormerSession,
  holdToken,
  nameOf,
  readUndone,
  readUndoneBatch,
  releaseSession,
  writeUndone,
} from "./bookkeeping.ts"
import { guardOf } from "./guard.ts"
import { ensureOwn } from "./indexes.ts"
import { noteBack } from "./lastWritten.ts"
import { revertWithin, subjectOf, type Undoing } from "./revert.ts"
import { revertAlone } from "./revertAlone.ts"
import { hasTransactions, ownOf, type Target } from "./server.ts"
import { openTransactions, type Transactions } from "./transaction.ts"

type Revert = Sink.UndoSession["revert"]

/** Opens an undo session. */
export const openUndo = Effect.fnUntraced(function* (target: Target, context: Sink.UndoContext) {
  const { preview } = context
  const atomic = context.transaction === "atomic"
  const transactional = yield* hasTransactions(target)
  if (atomic && !transactional)
    return yield* new Sink.SinkError({
      reason: "SchemaMismatch",
      isRetryable: false,
      message: "an undo in one transaction is wanted, and a standalone MongoDB has none",
    })
  const transactions = transactional
    ? yield* openTransactions(target.db, preview ? Effect.void : releaseSession(target, context))
    : undefined
  const hasBatches = yield* checkKnown(target, context)
  if (!preview) {
    if (transactional) yield* endFormerSession(target, context)
    yield* ensureOwn(target.db, ownOf(target, context.entities))
    yield* holdToken(target, context, { claims: transactions?.session })
  }
  const checkpoint = yield* readUndone(target, context)
  const undoing: Undoing = { target, context, hasBatches }
  const inOne = atomic || preview
  const guarded = guardOf(target, context, inOne && transactional)
  const revert =
    transactions === undefined
      ? revertAlone(undoing)
      : inOne
        ? revertInOne(undoing, transactions)
        : revertEach(undoing, transactions)
  const session: Sink.UndoSession = {
    checkpoint,
    revert: (batch, planned) => guarded(revert(batch, planned)),
    complete:
      atomic && !preview && transactions !== undefined
        ? guarded(
            Effect.suspend(() =>
              transactions.session.inTransaction()
                ? Effect.andThen(holdToken(target, context, { session: transactions.session }), transactions.commit)
                : Effect.void,
            ),
          )
        : Effect.void,
  }
  return session
})

const idOf = (batch: Batch.Batch) => ({ entity: batch.entity.name, part: batch.part })

// the records that the server refused to have back, by batch
class Refusals {
  private readonly all = new Map<string, Map<number, Sink.Left>>()

  of(batch: Batch.Batch): ReadonlyMap<number, Sink.Left> {
    return this.all.get(nameOf(batch.entity.name, batch.part)) ?? new Map()
  }

  add(batch: Batch.Batch, left: Sink.Left): void {
    this.all.set(nameOf(batch.entity.name, batch.part), new Map(this.of(batch)).set(left.index, left))
  }
}

/** A transaction for each batch. */
const revertEach = (undoing: Undoing, { abort, begin, commit, session }: Transactions): Revert => {
  const { context, target } = undoing
  const refusals = new Refusals()
  const attempted = new Set<string>()
  const once = Effect.fnUntraced(
    function* (batch: Batch.Batch, planned: Plan.PlannedBatch) {
      const subject = yield* subjectOf(undoing, batch, planned)
      yield* begin
      const done = yield* revertWithin(undoing, subject, refusals.of(batch), session)
      yield* noteBack(target, subject, done, session)
      yield* writeUndone(target, context, idOf(batch), done, session)
      yield* holdToken(target, context, { session })
      yield* commit
      return done
    },
    (effect) => Effect.onError(effect, () => abort),
  )
  const revert: Revert = (batch, planned) =>
    Effect.catchTag(once(batch, planned), "RefusedBack", ({ left }) => {
      refusals.add(batch, left)
      return revert(batch, planned)
    })
  return Effect.fnUntraced(function* (batch, planned) {
    const name = nameOf(batch.entity.name, batch.part)
    // of one that was tried before it is not known whether it was committed
    const known = attempted.has(name) ? yield* readUndoneBatch(target, context, name) : undefined
    attempted.add(name)
    return known ?? (yield* revert(batch, planned))
  })
}

const isSame = (a: Sink.UndoneBatch, b: Sink.UndoneBatch): boolean => Buffer.from(a.outcomes).equals(b.outcomes)

/**
 * One transaction for all batches, which somebody else commits or nobody does. A refusal ends a transaction of MongoDB's: what it held is
 * then done again without the refused record, and must come to the same.
 */
const revertInOne = (undoing: Undoing, { abort, begin, session }: Transactions): Revert => {
  const { context, target } = undoing
  const refusals = new Refusals()
  const past: Array<{ readonly batch: Batch.Batch; readonly planned: Plan.PlannedBatch; readonly done: Sink.UndoneBatch }> = []
  const moved = new Sink.SinkError({
    reason: "Contention",
    isRetryable: true,
    message: `the target changed while job ${context.of.job} was taken back; nothing is written`,
  })
  const one = Effect.fnUntraced(function* (batch: Batch.Batch, planned: Plan.PlannedBatch) {
    const subject = yield* subjectOf(undoing, batch, planned)
    const done = yield* revertWithin(undoing, subject, refusals.of(batch), session)
    if (context.preview) return done
    yield* noteBack(target, subject, done, session)
    yield* writeUndone(target, context, idOf(batch), done, session)
    return done
  })
  const opened = Effect.gen(function* () {
    if (session.inTransaction()) return
    yield* begin
    for (const { batch, done, planned } of past) {
      const again = yield* Effect.catchTag(one(batch, planned), "RefusedBack", () => Effect.fail(moved))
      if (!isSame(again, done)) return yield* moved
    }
  })
  const revert: Revert = (batch, planned) =>
    Effect.andThen(opened, one(batch, planned)).pipe(
      Effect.onError(() => abort),
      Effect.catchTag("RefusedBack", ({ left }) => {
        refusals.add(batch, left)
        return revert(batch, planned)
      }),
    )
  return (batch, planned) =>
    Effect.tap(revert(batch, planned), (done) =>
      Effect.sync(() => {
        past.push({ batch, planned, done })
      }),
    )
}
