/**
 * What a verification asks of deletions: which of the keys that were deleted are there.
 *
 * @module
 */
import { type Batch, Entity, Plan, Sink } from "@waybill/core"
import { Effect, Stream } from "effect"
import type { Connection } from "./Connection.ts"
import { existing } from "./existing.ts"
import type { Layout } from "./Layout.ts"

/** The records of an entity that were deleted and are there; `outcomesOf` tells what became of a batch. Needs an open transaction. */
export const stillThere = <E>(
  connection: Connection,
  layout: Layout,
  records: Stream.Stream<Sink.PlannedRecords, E>,
  outcomesOf: (batch: Batch.Batch) => Uint8Array | undefined,
): Stream.Stream<Sink.Mismatch, Sink.SinkError | E> =>
  records.pipe(
    Stream.filter(({ planned }) => Plan.isDeletion(planned)),
    Stream.mapEffect(({ batch }) => {
      const outcomes = outcomesOf(batch)
      const keys = batch
        .records()
        .filter((_, index) => outcomes?.[index] === Sink.outcome.deleted)
        .map((values) => Entity.keyOf(values, layout.entity.keyPositions))
      return Effect.map(existing(connection, layout, keys), (there) =>
        keys.flatMap((key, at): ReadonlyArray<Sink.Mismatch> => {
          const positions = key.map((_, nth) => nth)
          return there[at] === true ? [{ key: Entity.keyText(key, positions), kind: "present", fields: [] }] : []
        }),
      )
    }),
    Stream.flattenIterable,
  )
