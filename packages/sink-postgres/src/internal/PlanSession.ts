/**
 * A session of planning: records are staged while the source is read, then all entities are compared with the target in one
 * read-only transaction, so that they are seen at one moment.
 *
 * @module
 */
import { type Batch, type Entity, Issue, type Plan, type Sink } from "@waybill/core"
import { Effect, type Scope, Stream } from "effect"
import { mismatch } from "./Connection.ts"
import * as cursor from "./cursor.ts"
import type { PoolLike } from "./Driver.ts"
import { existing } from "./existing.ts"
import { keys } from "./keys.ts"
import * as LastWritten from "./LastWritten.ts"
import type { TableMapping } from "./Mapping.ts"
import { missing } from "./missing.ts"
import { type Extent, PlannedBatches } from "./PlannedBatches.ts"
import * as planQuery from "./planQuery.ts"
import { issueOf, nulIssue } from "./refusal.ts"
import * as Session from "./Session.ts"
import { send } from "./send.ts"
import * as uniqueness from "./uniqueness.ts"

// what is known of an entity's records
interface Staged {
  readonly extents: Array<Extent>
  readonly refused: Map<number, ReadonlyArray<Issue.Issue>>
}

const blocksAtOnce = 4

const snapshot = "ISOLATION LEVEL REPEATABLE READ READ ONLY"

class PlanSession implements Sink.PlanSession {
  private readonly staged = new Map<Entity.Any, Staged>()

  constructor(
    private readonly session: Session.Session,
    readonly transaction: Sink.Transaction,
    private readonly schema: string,
  ) {}

  readonly existing = (
    entity: Entity.Any,
    keys: ReadonlyArray<Entity.Values>,
  ): Effect.Effect<ReadonlyArray<boolean>, Sink.SinkError> =>
    existing(this.session.connection, this.session.seats.get(entity)!.layout, keys)

  readonly keys: NonNullable<Sink.PlanSession["keys"]> = (entity, limit) =>
    keys(this.session.connection, this.session.seats.get(entity)!.layout, limit)

  readonly missing: NonNullable<Sink.PlanSession["missing"]> = (entity, scope, has, to) =>
    Effect.gen({ self: this }, function* () {
      const { connection, seats } = this.session
      // what is missing and what is planned are seen at the same moment
      if (!connection.inTransaction) yield* this.look()
      return yield* missing(connection, seats.get(entity)!.layout, scope, has, to)
    })

  readonly stage = (batch: Batch.Batch): Effect.Effect<void, Sink.SinkError> =>
    Effect.suspend(() => {
      const { layout, target, text } = this.session.seats.get(batch.entity)!
      const { extents, refused } = this.stagedOf(batch.entity)
      const encoded = text.encode(batch)
      const issues = new Map<number, ReadonlyArray<Issue.Issue>>()
      const refuse = (index: number, issue: Issue.Issue) => issues.set(batch.first + index, [issue])
      for (const { index, position } of encoded.refused) refuse(index, nulIssue(layout, batch, index, position))
      return Effect.map(
        send(this.session.connection, layout, target, encoded, (line, error) => {
          const index = encoded.indexes[line]!
          refuse(index, issueOf(layout, batch, index, error))
        }),
        () => {
          extents.push({ part: batch.part, first: batch.first, count: batch.count })
          for (const [at, of] of issues) refused.set(at, of)
        },
      )
    })

  readonly plan = <E>(
    entity: Entity.Any,
    batches: Stream.Stream<Batch.Batch, E>,
  ): Stream.Stream<Plan.PlannedBatch, Sink.SinkError | E> =>
    Stream.unwrap(
      Effect.gen({ self: this }, function* () {
        const staged = this.stagedOf(entity)
        if (staged.extents.length === 0) yield* Stream.runForEach(batches, this.stage)
        if (!this.session.connection.inTransaction) yield* this.look()
        return yield* this.compare(entity, staged)
      }),
    )

  private stagedOf(entity: Entity.Any): Staged {
    let staged = this.staged.get(entity)
    if (staged === undefined) {
      staged = { extents: [], refused: new Map() }
      this.staged.set(entity, staged)
    }
    return staged
  }

  // the moment at which all entities are seen
  private look(): Effect.Effect<void, Sink.SinkError> {
    return Effect.asVoid(this.session.connection.begin(snapshot, ["SET LOCAL cursor_tuple_fraction = 1"]))
  }

  private compare(
    entity: Entity.Any,
    { extents, refused }: Staged,
  ): Effect.Effect<Stream.Stream<Plan.PlannedBatch, Sink.SinkError>, Sink.SinkError> {
    return Effect.gen({ self: this }, function* () {
      const { connection, seats } = this.session
      const { layout } = seats.get(entity)!
      if (extents.length === 0) return Stream.empty
      if (this.transaction === "batched") yield* this.refuseLaterParents(layout, extents, refused)
      const isEmpty = (yield* connection.query(`SELECT FROM ${layout.name} LIMIT 1`)).rows.length === 0
      yield* uniqueness.check(connection, layout, isEmpty, (at, issue) => {
        if (!refused.has(at)) refused.set(at, [issue])
      })
      const needed = planQuery.unfilled(layout)
      const batches = new PlannedBatches(layout, extents, refused)
      const watched = LastWritten.columns(layout)
      const last =
        watched.length === 0 ? null : LastWritten.told(layout, this.schema, yield* LastWritten.isThere(connection, this.schema))
      const planned =
        isEmpty && planQuery.demanding(layout).length === 0
          ? Stream.fromIterable(batches.creates())
          : cursor
              .rows<planQuery.BlockRow & { block: string }>(connection, planQuery.statement(layout, last, watched), blocksAtOnce)
              .pipe(
                Stream.map((row) => batches.take(row)),
                Stream.flattenIterable,
                Stream.concat(Stream.suspend(() => Stream.fromIterable(batches.rest()))),
              )
      return needed.length === 0
        ? planned
        : Stream.tap(planned, ({ actions, part }) =>
            actions.includes(1)
              ? Effect.fail(
                  mismatch(
                    `${entity.name} in ${layout.label}: records are to be created (part ${part}), but ${needed.join(", ")} takes no null, has no default and is filled by no field; give it a default or map a field to it`,
                  ),
                )
              : Effect.void,
          )
    })
  }

  // batch by batch, a record cannot wait for one of a later batch
  private refuseLaterParents(
    layout: Session.Seat["layout"],
    extents: ReadonlyArray<Extent>,
    refused: Map<number, ReadonlyArray<Issue.Issue>>,
  ): Effect.Effect<void, Sink.SinkError> {
    const statement = planQuery.laterParents(layout)
    if (statement === null) return Effect.void
    const partOf = (at: number) => extents.findIndex(({ count, first }) => at >= first && at < first + count)
    return cursor.rows<{ child: string; parent: string; position: number }>(this.session.connection, statement, 5_000).pipe(
      Stream.runForEach(({ child, parent, position }) =>
        Effect.sync(() => {
          if (partOf(Number(child)) === partOf(Number(parent))) return
          refused.set(Number(child), [
            Issue.make({
              code: "postgres.parent",
              entity: layout.entity.name,
              column: layout.entity.fields[position]!.name,
              message: `the ${layout.entity.name} it refers to comes in a later batch; put it first, or commit atomically`,
            }),
          ])
        }),
      ),
    )
  }
}

/** Opens a session of planning. */
export const open = (
  pool: PoolLike,
  mappings: ReadonlyMap<string, TableMapping>,
  schema: string,
  context: Sink.PlanContext,
): Effect.Effect<Sink.PlanSession, Sink.SinkError, Scope.Scope> =>
  Effect.map(
    Session.open(pool, mappings, context.entities, "plan"),
    (session) => new PlanSession(session, context.preferred ?? "atomic", schema),
  )
