/**
 * One transaction at a time on one server session, and its end in every way a commit session can end.
 */
import type { Sink } from "@waybill/core"
import { Clock, Effect, type Scope } from "effect"
import type { ClientSession, Db } from "mongodb"
import { classifyError, isUnknownCommit } from "../classifyError.ts"
import { askRaw } from "./server.ts"

/** See the file's first sentence. */
export interface Transactions {
  readonly session: ClientSession
  readonly begin: Effect.Effect<void>
  readonly commit: Effect.Effect<void, Sink.SinkError>
  readonly abort: Effect.Effect<void>
  /** For how long the transaction has been open, in milliseconds. */
  readonly age: Effect.Effect<number>
}

// an answer to "did it commit?" that does not come in so many tries is left to the next session's checkpoint
const commitTries = 4
// how long a goodbye may take to a server that does not answer
const patience = "5 seconds"

/** Opens a session on the server; the scope's end aborts what is open and gives it back, after `beforeEnd`. */
export const openTransactions = (db: Db, beforeEnd: Effect.Effect<void>): Effect.Effect<Transactions, never, Scope.Scope> =>
  Effect.gen(function* () {
    let since = 0
    const session = yield* Effect.acquireRelease(
      Effect.sync(() => db.client.startSession({ causalConsistency: false })),
      (open) =>
        Effect.andThen(abort(open), Effect.andThen(beforeEnd, Effect.ignore(askRaw(() => open.endSession())))).pipe(
          Effect.timeoutOption(patience),
        ),
    )
    const commit = (tries: number): Effect.Effect<void, Sink.SinkError> =>
      askRaw(() => session.commitTransaction()).pipe(
        Effect.catch((error) =>
          tries > 1 && isUnknownCommit(error)
            ? commit(tries - 1)
            : Effect.flatMap(Clock.currentTimeMillis, (now) =>
                Effect.fail(classifyError(error, { what: "committing the transaction", transactionAge: now - since })),
              ),
        ),
      )
    return {
      session,
      begin: Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.sync(() => {
          since = now
          session.startTransaction({
            readConcern: { level: "snapshot" },
            writeConcern: { w: "majority" },
            readPreference: "primary",
          })
        }),
      ),
      commit: commit(commitTries),
      abort: Effect.asVoid(Effect.timeoutOption(abort(session), patience)),
      age: Effect.map(Clock.currentTimeMillis, (now) => now - since),
    }
  })

const abort = (session: ClientSession): Effect.Effect<void> =>
  Effect.suspend(() => (session.inTransaction() ? Effect.ignore(askRaw(() => session.abortTransaction())) : Effect.void))
