/**
 * The session that commits: opens by taking the job over, applies batches in transactions or, on a standalone server, one write each.
 */
import { Sink } from "@waybill/core"
import { Effect } from "effect"
import { applyAlone } from "./applyAlone.ts"
import { applyInTransaction, type Committing, Prepared } from "./applyInTransaction.ts"
import { endFormerSession, holdToken, nameOf, readCheckpoint, releaseSession } from "./bookkeeping.ts"
import { guardOf } from "./guard.ts"
import { ensureIndexes, ensureOwn } from "./indexes.ts"
import { hasTransactions, ownOf, type Target } from "./server.ts"
import { openTransactions } from "./transaction.ts"
import { Verification } from "./verify.ts"

/** Opens a commit session. */
export const openCommit = Effect.fnUntraced(function* (target: Target, context: Sink.CommitContext) {
  const transactional = yield* hasTransactions(target)
  const atomic = context.transaction === "atomic"
  if (atomic && !transactional)
    return yield* new Sink.SinkError({
      reason: "SchemaMismatch",
      isRetryable: false,
      message: "the plan wants an atomic commit, which needs transactions, and a standalone MongoDB has none",
    })
  const transactions = transactional ? yield* openTransactions(target.db, releaseSession(target, context)) : undefined
  if (transactional) yield* endFormerSession(target, context)
  yield* ensureOwn(target.db, ownOf(target, context.entities))
  yield* holdToken(target, context, { claims: transactions?.session })
  const indexes = yield* ensureIndexes(target.db, context.entities.map(target.layout))
  const checkpoint = yield* readCheckpoint(target, context)
  const applied = new Map(checkpoint)
  const committing: Committing = { target, context, indexes, attempted: new Set() }
  const prepared = new Prepared(target)
  const applying = transactions === undefined ? undefined : applyInTransaction(committing, transactions, atomic, prepared)
  const apply = applying?.apply ?? applyAlone(committing)
  const verification = new Verification(target, yield* Effect.scope, applied)
  const guarded = guardOf(target, context, atomic)
  const session: Sink.CommitSession = {
    checkpoint,
    ...(transactions === undefined ? {} : { prepare: prepared.prepare }),
    apply: (batch, planned) =>
      Effect.tap(guarded(apply(batch, planned)), (done) => {
        applied.set(nameOf(batch.entity.name, batch.part), done)
        return atomic || (done.conflicts.length > 0 && context.onConflict === "abort")
          ? Effect.void
          : verification.begin(batch, done)
      }),
    ...(applying === undefined || atomic ? {} : { probe: (batch, planned) => guarded(applying.probe(batch, planned)) }),
    complete:
      atomic && transactions !== undefined
        ? guarded(
            Effect.suspend(() =>
              transactions.session.inTransaction()
                ? Effect.andThen(holdToken(target, context, { session: transactions.session }), transactions.commit)
                : Effect.void,
            ),
          )
        : Effect.void,
    verify: (entity, records) => verification.mismatches(entity, records),
  }
  return session
})
