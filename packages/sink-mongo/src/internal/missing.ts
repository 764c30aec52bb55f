/**
 * What a collection has and a snapshot has not: all documents of a scope, one batch of the cursor in memory at a time.
 */
import { Entity, type Mirror, type Sink } from "@waybill/core"
import { Effect, Stream } from "effect"
import type { Document } from "mongodb"
import { classifyError } from "../classifyError.ts"
import { encode } from "./codec.ts"
import { wholeFingerprint } from "./fingerprint.ts"
import { Held } from "./held.ts"
import { type Layout, valueAt } from "./layout.ts"
import { ask, collectionOf, type Target } from "./server.ts"

const atOnce = 1_000

/** The records in scope that `has` does not know, as the documents hold them, and how many are in scope. */
export const missing = (
  { db }: Target,
  layout: Layout,
  scope: ReadonlyArray<Mirror.Condition>,
  has: (key: string) => boolean,
  to: Mirror.Mirror["missing"],
): Effect.Effect<{ readonly inScope: number; readonly records: Stream.Stream<Sink.Missing, Sink.SinkError> }, Sink.SinkError> => {
  const { columns, entity, owned } = layout
  const filter: Document = Object.fromEntries(
    scope.map(({ position, value }) => {
      const { kind, path } = columns[position]!
      // null alone would also find documents without the field
      return [path, value === null || value === undefined ? { $type: "null" } : { $eq: encode(kind, value) }]
    }),
  )
  const what = `reading ${layout.collection}`
  const collection = collectionOf(db, layout.collection)
  const isDeleted = to === "delete"
  // all of a document goes with it
  const options = { raw: true, batchSize: atOnce, ...(isDeleted ? {} : { projection: owned }) }
  const read = (bytes: Uint8Array): Sink.Missing => {
    const held = new Held(bytes)
    return {
      values: columns.map((column) => valueAt(held.document, column)),
      fingerprint: isDeleted ? wholeFingerprint(layout, held.bytes) : "",
    }
  }
  return Effect.map(
    ask({ what }, () => collection.countDocuments(filter)),
    (inScope) => ({
      inScope,
      records: Stream.fromAsyncIterable(collection.find(filter, options), (error) => classifyError(error, { what })).pipe(
        Stream.map((bytes) => read(bytes as unknown as Uint8Array)),
        Stream.filter(({ values }) => !has(Entity.keyText(values, entity.keyPositions))),
      ),
    }),
  )
}
