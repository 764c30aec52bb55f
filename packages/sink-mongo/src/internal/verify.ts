/**
 * Verifying: reading back by key what was applied, and comparing it with what was planned.
 */
import { Entity, Sink } from "@waybill/core"
import { Effect, Stream } from "effect"
import { keyOfValues, type Layout } from "./layout.ts"
import { lookUp } from "./lookup.ts"
import { findsAtOnce } from "./planSession.ts"
import type { Target } from "./server.ts"

/** The records of an entity that are not in the target as they were applied; `outcomes` tells what became of a batch. */
export const verify = <E>(
  { db }: Target,
  layout: Layout,
  records: Stream.Stream<Sink.PlannedRecords, E>,
  outcomes: (part: number) => Uint8Array | undefined,
): Stream.Stream<Sink.Mismatch, Sink.SinkError | E> =>
  records.pipe(
    Stream.mapEffect(
      ({ batch }) =>
        Effect.suspend(() => {
          const became = outcomes(batch.part)
          const written =
            became === undefined
              ? []
              : batch
                  .records()
                  .filter((_, index) => became[index] === Sink.outcome.created || became[index] === Sink.outcome.updated)
          return Effect.map(lookUp(db, layout, written, layout.owned), ({ documents }) => {
            const mismatches: Array<Sink.Mismatch> = []
            for (const values of written) {
              const held = documents.get(keyOfValues(layout, values))
              const fields = held === undefined ? [] : held.differing(layout, values).map(({ name }) => name)
              if (held !== undefined && fields.length === 0) continue
              const key = Entity.keyText(values, layout.entity.keyPositions)
              mismatches.push({ key, kind: held === undefined ? "missing" : "different", fields })
            }
            return mismatches
          })
        }),
      { concurrency: findsAtOnce },
    ),
    Stream.flattenIterable,
  )
