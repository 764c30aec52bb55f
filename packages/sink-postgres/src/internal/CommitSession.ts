/**
 * A session of committing: batches are applied in one transaction, or in one each, with the job's token checked in each and what
 * became of a batch noted in the same transaction.
 *
 * @module
 */
import { type Batch, Entity, type Plan, Sink } from "@waybill/core"
import { Effect, type Scope, Stream } from "effect"
import { applyBatch, located } from "./applyBatch.ts"
import * as applyQuery from "./applyQuery.ts"
import * as cursor from "./cursor.ts"
import type { PoolLike, ServerError } from "./Driver.ts"
import * as Joins from "./Joins.ts"
import { Ledger } from "./Ledger.ts"
import type { TableMapping } from "./Mapping.ts"
import { canonical } from "./Rendering.ts"
import { lineOf } from "./refusal.ts"
import * as Session from "./Session.ts"
import { sendAll } from "./send.ts"
import * as verifyQuery from "./verifyQuery.ts"

const writing = "ISOLATION LEVEL READ COMMITTED READ WRITE"
const reading = "ISOLATION LEVEL REPEATABLE READ READ ONLY"

const mismatchesAtOnce = 1_000

interface Desk extends Session.Seat {
  readonly statements: applyQuery.ApplyStatements
  /** Behind which the stage has no rows yet. */
  last: string
}

class CommitSession implements Sink.CommitSession {
  private readonly desks = new Map<Entity.Any, Desk>()
  private readonly here = new Map<string, Sink.AppliedBatch>()
  private failure: Sink.SinkError | null = null
  private isDoomed = false

  constructor(
    private readonly session: Session.Session,
    private readonly ledger: Ledger,
    private readonly context: Sink.CommitContext,
    readonly checkpoint: ReadonlyMap<string, Sink.AppliedBatch>,
  ) {
    for (const [entity, seat] of session.seats)
      this.desks.set(entity, { ...seat, statements: applyQuery.make(seat.layout), last: applyQuery.start })
  }

  private get isAtomic(): boolean {
    return this.context.transaction === "atomic"
  }

  readonly apply = (batch: Batch.Batch, planned: Plan.PlannedBatch): Effect.Effect<Sink.AppliedBatch, Sink.SinkError> =>
    Effect.gen({ self: this }, function* () {
      if (this.failure !== null) return yield* Effect.fail(this.failure)
      const { connection } = this.session
      const { ledger } = this
      const desk = this.desks.get(batch.entity)!
      if (!connection.inTransaction) {
        const [fenced] = yield* connection.begin(writing, this.isAtomic ? [] : [ledger.fence()])
        if (!this.isAtomic) yield* ledger.checked(fenced)
      }
      const { isAborted, last, ...applied } = yield* applyBatch(
        connection,
        desk,
        desk.statements,
        { batch, planned },
        desk.last,
        this.context,
      )
      if (isAborted) {
        this.isDoomed = this.isAtomic
        if (!this.isAtomic) yield* connection.rollback()
        else desk.last = last
        return applied
      }
      const note = ledger.note(batch.entity.name, batch.part, applied)
      if (this.isAtomic) yield* connection.query(note)
      else yield* connection.commit([note])
      desk.last = last
      this.here.set(`${batch.entity.name}/${batch.part}`, applied)
      return applied
    }).pipe(
      Effect.mapError((error) => {
        const { layout } = this.session.seats.get(batch.entity)!
        return located(layout, batch, error, this.indexOf(batch, planned, error))
      }),
      Effect.tapError((error) => this.undo(error)),
    )

  readonly complete: Effect.Effect<void, Sink.SinkError> = Effect.gen({ self: this }, function* () {
    if (this.failure !== null) return yield* Effect.fail(this.failure)
    if (this.isDoomed) return yield* Effect.fail(aborted)
    const { connection } = this.session
    if (!connection.inTransaction) return
    for (const [entity, desk] of this.desks) yield* this.link(entity, desk)
    // the token is looked at last, so that it is held for a moment only, and nobody has taken the job over when it ends
    yield* this.ledger.checked(yield* connection.query(this.ledger.fence()))
    yield* connection.commit()
  }).pipe(Effect.tapError((error) => this.undo(error)))

  readonly verify = <E>(
    entity: Entity.Any,
    records: Stream.Stream<Sink.PlannedRecords, E>,
  ): Stream.Stream<Sink.Mismatch, Sink.SinkError | E> =>
    Stream.unwrap(
      Effect.gen({ self: this }, function* () {
        const { connection } = this.session
        const { layout } = this.desks.get(entity)!
        const isEarlier = (key: string) => key.startsWith(`${entity.name}/`) && !this.here.has(key)
        if ([...this.checkpoint.keys()].some(isEarlier)) yield* Stream.runForEach(records, (it) => this.restage(it))
        yield* connection.query(
          `ANALYZE ${layout.stage} (${layout.entity.keyPositions.map((it) => layout.staged[it]!.name).join(", ")})`,
        )
        yield* connection.begin(reading, ["SET LOCAL cursor_tuple_fraction = 1"])
        return cursor.rows<verifyQuery.MismatchRow>(connection, verifyQuery.statement(layout), mismatchesAtOnce).pipe(
          Stream.map((row) => this.mismatch(entity, row)),
          Stream.ensuring(connection.rollback()),
        )
      }),
    )

  // what an earlier session has applied
  private restage({ batch, planned }: Sink.PlannedRecords): Effect.Effect<void, Sink.SinkError> {
    const key = `${batch.entity.name}/${batch.part}`
    const applied = this.here.has(key) ? undefined : this.checkpoint.get(key)
    if (applied === undefined) return Effect.void
    const { created, updated } = Sink.outcome
    const { target, text } = this.desks.get(batch.entity)!
    const takes = (index: number) => applied.outcomes[index] === created || applied.outcomes[index] === updated
    void planned
    return sendAll(this.session.connection, target, text.encode(batch, { takes, fingerprint: () => null }))
  }

  private mismatch(entity: Entity.Any, { fields, key, missing }: verifyQuery.MismatchRow): Sink.Mismatch {
    const values = entity.keyPositions.map((position, at) => canonical(entity.fields[position]!.kind, key[at]!))
    const positions = missing ? [] : fields.flatMap((it) => it ?? [])
    return {
      key: Entity.keyText(
        values,
        values.map((_, at) => at),
      ),
      kind: missing ? "missing" : "different",
      fields: positions.map((position) => entity.fields[position]!.name),
    }
  }

  // references to the own entity that waited for a later batch
  private link(entity: Entity.Any, { layout, statements }: Desk): Effect.Effect<void, Sink.SinkError> {
    return Effect.gen({ self: this }, function* () {
      if (statements.link === null) return
      const { connection } = this.session
      yield* connection.query(statements.link("true"))
      const joins = Joins.make(layout)
      const open = Joins.any(layout.stored.filter((it) => it.isSelf).map((it) => joins.unresolved(it)!))
      const left = yield* connection.query(`SELECT s."waybill:n" FROM ${layout.stage} s ${joins.resolve} WHERE ${open} LIMIT 1`)
      if (left.rows.length > 0)
        return yield* Effect.fail(
          new Sink.SinkError({
            reason: "DataRefused",
            message: `a ${entity.name} refers to one that is not there any more; validate again`,
            isRetryable: false,
            refused: { entity: entity.name, index: null, part: null, constraint: null },
          }),
        )
    })
  }

  // a failed statement has ended the transaction; what an atomic session had applied is gone with it
  private undo(error: Sink.SinkError): Effect.Effect<void> {
    if (this.isAtomic) this.failure ??= error
    return this.session.connection.rollback()
  }

  private indexOf(batch: Batch.Batch, planned: Plan.PlannedBatch, error: Sink.SinkError): number | null {
    if (error.reason !== "DataRefused") return null
    const { layout } = this.session.seats.get(batch.entity)!
    const line = lineOf(layout, error)
    if (line !== null) {
      let lines = 0
      for (const [index, action] of planned.actions.entries())
        if ((action === 1 || action === 2) && ++lines === line) return index
    }
    // Key (ean)=(4006381333931) already exists.
    const { detail } = (error.cause ?? {}) as Partial<ServerError>
    const key = /\(([^()]+)\)=\((.*)\)/.exec(detail ?? "")
    if (key === null) return null
    const stored = layout.stored.find((it) => it.lookup === null && it.column.name === key[1]!.replaceAll('"', ""))
    if (stored === undefined) return null
    const index = batch
      .records()
      .findIndex(
        (values, at) =>
          (planned.actions[at] === 1 || planned.actions[at] === 2) && String(values[stored.positions[0]!]) === key[2],
      )
    return index < 0 ? null : index
  }
}

const aborted = new Sink.SinkError({
  reason: "Contention",
  message: "there were conflicts, so nothing of this commit is written",
  isRetryable: false,
})

/** Opens a session of committing. */
export const open = (
  pool: PoolLike,
  mappings: ReadonlyMap<string, TableMapping>,
  schema: string,
  context: Sink.CommitContext,
): Effect.Effect<Sink.CommitSession, Sink.SinkError, Scope.Scope> =>
  Effect.gen(function* () {
    const session = yield* Session.open(pool, mappings, context.entities, true)
    const ledger = new Ledger(session.connection, schema, context.job, context.token)
    yield* ledger.create()
    yield* ledger.enter()
    return new CommitSession(session, ledger, context, yield* ledger.checkpoint())
  })
