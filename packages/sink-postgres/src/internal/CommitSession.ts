/**
 * A session of committing: batches are applied in one transaction, or in one each, with the job's token checked in each and what
 * became of a batch noted in the same transaction.
 *
 * @module
 */
import { type Batch, Entity, Plan, Sink } from "@waybill/core"
import { Effect, type Scope, Stream } from "effect"
import { type Applied, applyBatch, type Desk, type Manner, unwritten } from "./applyBatch.ts"
import * as applyQuery from "./applyQuery.ts"
import { takenIn } from "./classifyError.ts"
import * as cursor from "./cursor.ts"
import { Deletions } from "./Deletions.ts"
import type { PoolLike } from "./Driver.ts"
import { Encodings } from "./Encodings.ts"
import * as Joins from "./Joins.ts"
import * as LastWritten from "./LastWritten.ts"
import { isKeyIndex } from "./Layout.ts"
import { Ledger } from "./Ledger.ts"
import { located } from "./located.ts"
import type { TableMapping } from "./Mapping.ts"
import { canonical } from "./Rendering.ts"
import * as Session from "./Session.ts"
import { sendAll } from "./send.ts"
import * as verifyQuery from "./verifyQuery.ts"

const writing = "ISOLATION LEVEL READ COMMITTED READ WRITE"
const reading = "ISOLATION LEVEL REPEATABLE READ READ ONLY"

const mismatchesAtOnce = 1_000

/** Where a batch lies among the records of its entity. */
type Extent = Pick<Batch.Batch, "count" | "entity" | "first" | "part">

class CommitSession implements Sink.CommitSession {
  private readonly desks = new Map<Entity.Any, Desk>()
  private readonly deletions: Deletions
  private readonly here = new Map<string, Sink.AppliedBatch>()
  private failure: Sink.SinkError | null = null
  // what triggers made of an atomic commit's records is looked at when all of them have run
  private readonly applied: Array<Extent> = []
  // why an atomic commit must not be completed: conflicts, or a key that was taken, with which all that was written is gone
  private doom: "conflicts" | "keyTaken" | null = null

  constructor(
    private readonly session: Session.Session,
    private readonly ledger: Ledger,
    private readonly context: Sink.CommitContext,
    readonly checkpoint: ReadonlyMap<string, Sink.AppliedBatch>,
    // jobs whose creates have met a key in the target
    private readonly cautious: Set<string>,
    schema: string,
  ) {
    for (const [entity, seat] of session.seats)
      this.desks.set(entity, {
        ...seat,
        statements: applyQuery.make(seat.layout),
        encodings: new Encodings(() => Session.encoderOf(seat.layout)),
        lastWritten: LastWritten.make(seat.layout, schema),
      })
    this.deletions = new Deletions(session.connection, session.seats, context, ledger)
    if (!this.isAtomic) this.probe = this.tryOut
  }

  private get isAtomic(): boolean {
    return this.context.transaction === "atomic"
  }

  readonly probe?: NonNullable<Sink.CommitSession["probe"]>

  readonly prepare = (batch: Batch.Batch, planned: Plan.PlannedBatch): void => {
    if (!Plan.isDeletion(planned)) this.desks.get(batch.entity)!.encodings.prepare(batch, planned)
  }

  readonly apply = (batch: Batch.Batch, planned: Plan.PlannedBatch): Effect.Effect<Sink.AppliedBatch, Sink.SinkError> =>
    Effect.gen({ self: this }, function* () {
      if (this.failure !== null) return yield* Effect.fail(this.failure)
      const { connection } = this.session
      yield* this.begin()
      const { found, isWritten, ...applied } = yield* this.attempt({ batch, planned })
      if (!isWritten) {
        if (this.isAtomic) this.doom ??= "conflicts"
        else yield* connection.rollback()
        return applied
      }
      const { lastWritten } = this.desks.get(batch.entity)!
      const others = found.map((index) => batch.first + index)
      const notes = [
        this.ledger.note(batch, applied, found),
        // what was found as planned somebody else has written
        ...(lastWritten === null || Plan.isDeletion(planned) ? [] : [lastWritten.note(applyQuery.ofBatch(batch), others)]),
      ]
      if (this.isAtomic) {
        yield* connection.queries(notes)
        // not the batch itself: all records of the commit would stay in memory
        const { count, entity, first, part } = batch
        this.applied.push({ count, entity, first, part })
      } else yield* connection.commit([...notes, ...this.left(batch)])
      this.here.set(`${batch.entity.name}/${batch.part}`, applied)
      return applied
    }).pipe(
      Effect.mapError((error) => located(this.session.seats.get(batch.entity)!.layout, { batch, planned }, error)),
      Effect.tapError((error) => this.undo(error)),
    )

  readonly complete: Effect.Effect<void, Sink.SinkError> = Effect.gen({ self: this }, function* () {
    if (this.failure !== null) return yield* Effect.fail(this.failure)
    if (this.doom !== null) return yield* Effect.fail(this.doom === "conflicts" ? conflicting() : keyTaken())
    const { connection } = this.session
    if (!connection.inTransaction) return
    for (const [entity, desk] of this.desks) yield* this.link(entity, desk)
    for (const batch of this.applied) for (const statement of this.left(batch)) yield* connection.query(statement)
    // the token is looked at last, so that it is held for a moment only, and nobody has taken the job over when it ends
    yield* this.ledger.checked(yield* connection.query(this.ledger.fence()))
    yield* connection.commit()
  }).pipe(Effect.tapError((error) => this.undo(error)))

  // a batch is done as `apply` does it, up to what the server looks at only when a transaction ends
  private readonly tryOut = (batch: Batch.Batch, planned: Plan.PlannedBatch): Effect.Effect<void, Sink.SinkError> =>
    Effect.gen({ self: this }, function* () {
      yield* this.begin()
      yield* this.attempt({ batch, planned })
      yield* this.session.connection.query("SET CONSTRAINTS ALL IMMEDIATE")
    }).pipe(
      Effect.mapError((error) => located(this.session.seats.get(batch.entity)!.layout, { batch, planned }, error)),
      // the records are gone from the stage with it
      Effect.ensuring(this.session.connection.rollback()),
    )

  private attempt(records: Sink.PlannedRecords): Effect.Effect<Applied, Sink.SinkError> {
    return Effect.catchTag(this.write(records, this.manner), "SinkError", (error) =>
      this.isKeyTaken(records.batch.entity, error) ? this.again(records) : Effect.fail(error),
    )
  }

  // keeps what triggers made of the records of a batch, where there are any
  private left(batch: Extent): ReadonlyArray<string> {
    const { layout, statements } = this.desks.get(batch.entity)!
    const isTriggered = this.isAtomic
      ? [...this.desks.values()].some((it) => it.layout.table.isTriggered)
      : layout.table.isTriggered
    return isTriggered ? [this.ledger.leave(batch, layout, statements.altered(applyQuery.ofBatch(batch)))] : []
  }

  private begin(): Effect.Effect<void, Sink.SinkError> {
    const { connection } = this.session
    if (connection.inTransaction) return Effect.void
    return this.isAtomic
      ? Effect.asVoid(connection.begin(writing))
      : Effect.flatMap(connection.begin(writing, [this.ledger.fence()]), ([fenced]) => this.ledger.checked(fenced))
  }

  private get manner(): Manner {
    if (this.doom === "keyTaken") return "report"
    return this.context.onConflict === "skip" || this.cautious.has(this.context.job) ? "careful" : "optimistic"
  }

  private write(records: Sink.PlannedRecords, manner: Manner): Effect.Effect<Applied, Sink.SinkError> {
    const desk = this.desks.get(records.batch.entity)!
    const applied = Plan.isDeletion(records.planned)
      ? this.deletions.apply(records, manner)
      : applyBatch(this.session.connection, desk, records, this.context, manner, this.ledger)
    return Effect.map(applied, (it) => (this.doom === null ? it : unwritten(it)))
  }

  private isKeyTaken(entity: Entity.Any, error: Sink.SinkError): boolean {
    const index = takenIn(error)
    const { layout } = this.session.seats.get(entity)!
    return this.manner === "optimistic" && layout.table.uniques.some((it) => it.name === index && isKeyIndex(layout, it))
  }

  // a create met its key in the target, which ended the transaction: look closer, or, if all of the commit is lost with it, only report
  private again(records: Sink.PlannedRecords): Effect.Effect<Applied, Sink.SinkError> {
    return Effect.gen({ self: this }, function* () {
      yield* this.session.connection.rollback()
      if (this.isAtomic) {
        this.doom = "keyTaken"
        this.cautious.add(this.context.job)
      }
      yield* this.begin()
      return yield* this.write(records, this.isAtomic ? "report" : "careful")
    })
  }

  readonly verify = <E>(
    entity: Entity.Any,
    records: Stream.Stream<Sink.PlannedRecords, E>,
  ): Stream.Stream<Sink.Mismatch, Sink.SinkError | E> =>
    Stream.unwrap(
      Effect.gen({ self: this }, function* () {
        const { connection } = this.session
        const { layout } = this.desks.get(entity)!
        const isEarlier = (key: string) => key.slice(0, key.lastIndexOf("/")) === entity.name && !this.here.has(key)
        if ([...this.checkpoint.keys()].some(isEarlier)) yield* Stream.runForEach(records, (it) => this.restage(it))
        yield* connection.begin(reading, ["SET LOCAL cursor_tuple_fraction = 1"])
        return cursor.rows<verifyQuery.MismatchRow>(connection, verifyQuery.statement(layout), mismatchesAtOnce).pipe(
          Stream.map((row) => this.mismatch(entity, row)),
          Stream.concat(this.deletions.stillThere(entity, records, [...this.checkpoint, ...this.here])),
          Stream.ensuring(connection.rollback()),
        )
      }),
    )

  // what an earlier session has applied
  private restage({ batch }: Sink.PlannedRecords): Effect.Effect<void, Sink.SinkError> {
    const key = `${batch.entity.name}/${batch.part}`
    const applied = this.here.has(key) ? undefined : this.checkpoint.get(key)
    if (applied === undefined) return Effect.void
    const { created, updated } = Sink.outcome
    const { target, text } = this.desks.get(batch.entity)!
    const takes = (index: number) => applied.outcomes[index] === created || applied.outcomes[index] === updated
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
}

const conflicting = (): Sink.SinkError =>
  new Sink.SinkError({
    reason: "Contention",
    message: "there were conflicts, so nothing of this commit is written",
    isRetryable: false,
  })

const keyTaken = (): Sink.SinkError =>
  new Sink.SinkError({
    reason: "Contention",
    message:
      "a record that was to be created is in the target already; nothing is written, and the next attempt looks at each by itself",
    isRetryable: true,
  })

/** Opens a session of committing. */
export const open = (
  pool: PoolLike,
  mappings: ReadonlyMap<string, TableMapping>,
  schema: string,
  cautious: Set<string>,
  context: Sink.CommitContext,
): Effect.Effect<Sink.CommitSession, Sink.SinkError, Scope.Scope> =>
  Effect.gen(function* () {
    const session = yield* Session.open(pool, mappings, context.entities, "commit")
    const ledger = new Ledger(session.connection, schema, context.job, context.token)
    yield* ledger.create()
    const layouts = [...session.seats.values()].map(({ layout }) => layout)
    yield* LastWritten.create(session.connection, schema, layouts)
    yield* ledger.enter()
    return new CommitSession(session, ledger, context, yield* ledger.checkpoint(), cautious, schema)
  })
