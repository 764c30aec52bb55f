/**
 * The deletions of a commit session: what it takes is made when the first batch of an entity comes.
 *
 * @module
 */
import { type Entity, Sink } from "@waybill/core"
import { Effect, Stream } from "effect"
import type { Applied, Manner } from "./applyBatch.ts"
import type { Connection } from "./Connection.ts"
import { type DeleteDesk, deleteBatch } from "./deleteBatch.ts"
import * as deleteQuery from "./deleteQuery.ts"
import type { Ledger } from "./Ledger.ts"
import * as Referrer from "./Referrer.ts"
import type { Seat } from "./Session.ts"
import { stillThere } from "./verifyDeleted.ts"

/** See the file's first sentence. */
export class Deletions {
  private readonly desks = new Map<Entity.Any, DeleteDesk>()

  constructor(
    private readonly connection: Connection,
    private readonly seats: ReadonlyMap<Entity.Any, Seat>,
    private readonly context: Pick<Sink.CommitContext, "onConflict" | "transaction">,
    private readonly ledger: Ledger,
  ) {}

  /** Applies a batch within the open transaction. */
  apply(records: Sink.PlannedRecords, manner: Manner): Effect.Effect<Applied, Sink.SinkError> {
    const { connection, context, ledger } = this
    return Effect.flatMap(this.desk(records.batch.entity), (desk) =>
      deleteBatch(connection, desk, records, context, manner, ledger),
    )
  }

  /** The records of an entity that were deleted and are there; `applied` is what became of the batches, by `entity/part`. */
  stillThere<E>(
    entity: Entity.Any,
    records: Stream.Stream<Sink.PlannedRecords, E>,
    applied: Iterable<readonly [string, Sink.AppliedBatch]>,
  ): Stream.Stream<Sink.Mismatch, Sink.SinkError | E> {
    const outcomes = new Map([...applied].map(([key, it]) => [key, it.outcomes]))
    const isOf = (key: string) => key.slice(0, key.lastIndexOf("/")) === entity.name
    // who deleted nothing need not read the batches again
    if (![...outcomes].some(([key, codes]) => isOf(key) && codes.includes(Sink.outcome.deleted))) return Stream.empty
    const { layout } = this.seats.get(entity)!
    return stillThere(this.connection, layout, records, ({ part }) => outcomes.get(`${entity.name}/${part}`))
  }

  private desk(entity: Entity.Any): Effect.Effect<DeleteDesk, Sink.SinkError> {
    const known = this.desks.get(entity)
    if (known !== undefined) return Effect.succeed(known)
    const { layout } = this.seats.get(entity)!
    const layouts = [...this.seats.values()].map((seat) => seat.layout)
    return Effect.map(Referrer.read(this.connection, layout, layouts), (referrers) => {
      const desk = { layout, referrers, statements: deleteQuery.make(layout) }
      this.desks.set(entity, desk)
      return desk
    })
  }
}
