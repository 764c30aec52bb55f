/**
 * A session of undoing: batches are taken back in one transaction, or in one each, with the undo's token checked in each and what became of
 * a batch noted in the same transaction. A preview does the same in one transaction that is never committed.
 *
 * @module
 */
import { type Batch, type Entity, Plan, type Sink } from "@waybill/core"
import { Effect, type Scope } from "effect"
import type { PoolLike } from "./Driver.ts"
import * as LastWritten from "./LastWritten.ts"
import { Ledger } from "./Ledger.ts"
import type { TableMapping } from "./Mapping.ts"
import * as Referrer from "./Referrer.ts"
import { revertBatch, type UndoDesk } from "./revertBatch.ts"
import { revertDeletions } from "./revertDeletions.ts"
import * as Session from "./Session.ts"
import * as undoQuery from "./undoQuery.ts"

const writing = "ISOLATION LEVEL READ COMMITTED READ WRITE"

// what a preview must not wait for longer: it is for a person who is looking at it, and whoever holds the lock may be too
const patience = "SET LOCAL lock_timeout = '5s'"

// foreign keys that are looked at when a transaction ends would refuse all of it, and not the record they are about
const atOnce = "SET CONSTRAINTS ALL IMMEDIATE"

class UndoSession implements Sink.UndoSession {
  private failure: Sink.SinkError | null = null

  constructor(
    private readonly session: Session.Session,
    private readonly desks: ReadonlyMap<Entity.Any, UndoDesk>,
    private readonly ledger: Ledger,
    private readonly context: Sink.UndoContext,
    readonly checkpoint: ReadonlyMap<string, Sink.UndoneBatch>,
  ) {}

  private get isAtomic(): boolean {
    return this.context.preview || this.context.transaction === "atomic"
  }

  readonly revert = (batch: Batch.Batch, planned: Plan.PlannedBatch): Effect.Effect<Sink.UndoneBatch, Sink.SinkError> =>
    Effect.gen({ self: this }, function* () {
      if (this.failure !== null) return yield* Effect.fail(this.failure)
      const { connection } = this.session
      const desk = this.desks.get(batch.entity)!
      yield* this.begin()
      const undone = yield* Plan.isDeletion(planned)
        ? revertDeletions(connection, desk.layout, batch, this.ledger, this.context.of.job)
        : revertBatch(connection, desk, batch, this.ledger, this.context.of.job)
      const note = this.ledger.noteUndone(batch, undone)
      if (!this.isAtomic) yield* connection.commit([note])
      else if (!this.context.preview) yield* connection.query(note)
      return undone
    }).pipe(Effect.tapError((error) => this.giveUp(error)))

  readonly complete: Effect.Effect<void, Sink.SinkError> = Effect.gen({ self: this }, function* () {
    if (this.failure !== null) return yield* Effect.fail(this.failure)
    const { connection } = this.session
    if (!connection.inTransaction || this.context.preview) return
    yield* this.ledger.checked(yield* connection.query(this.ledger.fence()))
    yield* connection.commit()
  }).pipe(Effect.tapError((error) => this.giveUp(error)))

  private begin(): Effect.Effect<void, Sink.SinkError> {
    const { connection } = this.session
    if (connection.inTransaction) return Effect.void
    return this.isAtomic
      ? Effect.asVoid(connection.begin(writing, this.context.preview ? [atOnce, patience] : [atOnce]))
      : Effect.flatMap(connection.begin(writing, [this.ledger.fence(), atOnce]), ([fenced]) => this.ledger.checked(fenced))
  }

  // a failed statement has ended the transaction, and what was taken back in it is there again
  private giveUp(error: Sink.SinkError): Effect.Effect<void> {
    if (this.isAtomic) this.failure ??= error
    return this.session.connection.rollback()
  }
}

/** Opens a session of undoing. */
export const open = (
  pool: PoolLike,
  mappings: ReadonlyMap<string, TableMapping>,
  schema: string,
  context: Sink.UndoContext,
): Effect.Effect<Sink.UndoSession, Sink.SinkError, Scope.Scope> =>
  Effect.gen(function* () {
    const session = yield* Session.open(pool, mappings, context.entities, "undo")
    const { connection } = session
    const layouts = [...session.seats.values()].map(({ layout }) => layout)
    const desks = new Map<Entity.Any, UndoDesk>()
    for (const [entity, seat] of session.seats) {
      const statements = undoQuery.make(seat.layout)
      const referrers = yield* Referrer.read(connection, seat.layout, layouts)
      yield* connection.queries(statements.create)
      desks.set(entity, {
        ...seat,
        statements,
        referrers,
        lastWritten: LastWritten.make(seat.layout, schema),
        referred: Referrer.statementOf(seat.layout, statements.table, referrers),
      })
    }
    const ledger = new Ledger(connection, schema, context.job, context.token)
    yield* ledger.create()
    yield* LastWritten.create(connection, schema, layouts)
    if (!context.preview) {
      yield* connection.query(ledger.overtake(context.of.job))
      yield* ledger.enter()
    }
    return new UndoSession(session, desks, ledger, context, yield* ledger.undone())
  })
