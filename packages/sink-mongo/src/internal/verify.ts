/**
 * Verifying: reading back by key what was applied, and comparing it with what was planned.
 *
 * A batch that is durable is read back at once, while the next one is applied and its records are still at hand; the others at the end.
 */
import { type Batch, Entity, Sink } from "@waybill/core"
import { Effect, Fiber, type Scope, Stream } from "effect"
import { nameOf } from "./bookkeeping.ts"
import { keyOfValues } from "./layout.ts"
import { lookUp } from "./lookup.ts"
import { findsAtOnce } from "./planSession.ts"
import type { Target } from "./server.ts"

type Mismatches = ReadonlyArray<Sink.Mismatch>

/** The verification of one session. */
export class Verification {
  private readonly checked = new Map<string, Mismatches>()
  private underWay: Fiber.Fiber<void> | undefined

  constructor(
    private readonly target: Target,
    private readonly scope: Scope.Scope,
    /** What became of the batches that are applied, now or by an earlier session. */
    private readonly applied: ReadonlyMap<string, Sink.AppliedBatch>,
  ) {}

  /** Begins to read back a batch that is durable; one at a time. */
  begin(batch: Batch.Batch, { outcomes }: Sink.AppliedBatch): Effect.Effect<void> {
    const check = Effect.map(this.check(batch, outcomes), (found) => {
      this.checked.set(nameOf(batch.entity.name, batch.part), found)
    })
    // what could not be read now is read at the end, and tells then why
    return Effect.andThen(
      this.settle,
      Effect.map(Effect.forkIn(Effect.ignore(check), this.scope), (fiber) => {
        this.underWay = fiber
      }),
    )
  }

  /** The records of an entity that are not in the target as they were applied. */
  mismatches<E>(
    entity: Entity.Any,
    records: Stream.Stream<Sink.PlannedRecords, E>,
  ): Stream.Stream<Sink.Mismatch, Sink.SinkError | E> {
    const known = (part: number) => this.checked.get(nameOf(entity.name, part))
    const found = Effect.map(this.settle, (): Stream.Stream<Mismatches, Sink.SinkError | E> => {
      const names = [...this.applied.keys()].filter((name) => name.slice(0, name.lastIndexOf("/")) === entity.name)
      if (names.length > 0 && names.every((name) => this.checked.has(name)))
        return Stream.fromIterable(names.map((name) => this.checked.get(name)!))
      return Stream.mapEffect(
        records,
        ({ batch }) => {
          const outcomes = this.applied.get(nameOf(entity.name, batch.part))?.outcomes
          const mismatches = outcomes === undefined ? [] : known(batch.part)
          return mismatches === undefined ? this.check(batch, outcomes!) : Effect.succeed(mismatches)
        },
        { concurrency: findsAtOnce },
      )
    })
    return Stream.unwrap(found).pipe(Stream.flattenIterable)
  }

  private readonly settle: Effect.Effect<void> = Effect.suspend(() =>
    this.underWay === undefined ? Effect.void : Effect.asVoid(Fiber.await(this.underWay)),
  )

  private check(batch: Batch.Batch, outcomes: Uint8Array): Effect.Effect<Mismatches, Sink.SinkError> {
    return Effect.suspend(() => {
      const layout = this.target.layout(batch.entity)
      const { created, updated } = Sink.outcome
      const written = batch.records().filter((_, index) => outcomes[index] === created || outcomes[index] === updated)
      const deleted = batch.records().filter((_, index) => outcomes[index] === Sink.outcome.deleted)
      return Effect.map(lookUp(this.target.db, layout, [...written, ...deleted], layout.owned), ({ documents }) => {
        const mismatches: Array<Sink.Mismatch> = deleted
          .filter((values) => documents.has(keyOfValues(layout, values)))
          .map((values) => ({ key: Entity.keyText(values, layout.entity.keyPositions), kind: "present", fields: [] }))
        for (const values of written) {
          const held = documents.get(keyOfValues(layout, values))
          const fields = held === undefined ? [] : held.differing(layout, values).map(({ name }) => name)
          if (held !== undefined && fields.length === 0) continue
          const key = Entity.keyText(values, layout.entity.keyPositions)
          mismatches.push({ key, kind: held === undefined ? "missing" : "different", fields })
        }
        return mismatches
      })
    })
  }
}
