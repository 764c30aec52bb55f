/**
 * Writes what was decided of a batch: one bulk write of inserts and updates.
 */
import { type Batch, Sink } from "@waybill/core"
import { Effect } from "effect"
import {
  type BulkWriteResult,
  type ClientSession,
  type Db,
  type Document,
  ObjectId,
  type OrderedBulkOperation,
  type UnorderedBulkOperation,
} from "mongodb"
import type { Doing } from "../classifyError.ts"
import type { Change, Decision } from "./decide.ts"
import type { Indexes } from "./indexes.ts"
import { documentOf, type Layout } from "./layout.ts"
import { askRaw, collectionOf } from "./server.ts"
import type { Wrote } from "./wrote.ts"

/** How an update finds its document: by its `_id` alone, or by what the plan saw of it too, where no transaction protects it. */
export type Guard = "id" | "values"

/** A document that still holds, byte for byte of its meaning, what was read: `$expr` tells null from absent and arrays from members. */
const filterOf = ({ held, id }: Change, guard: Guard): Document =>
  guard === "id"
    ? { _id: id }
    : {
        _id: id,
        $expr: {
          $and: [...held()].map(([path, value]) =>
            value === undefined ? { $eq: [{ $type: `$${path}` }, "missing"] } : { $eq: [`$${path}`, { $literal: value }] },
          ),
        },
      }

/** A write that is encoded and can be sent, once. */
export interface Composed {
  readonly bulk: OrderedBulkOperation | UnorderedBulkOperation
  /** What it writes, for who may want to take it back. */
  readonly wrote: Wrote
}

type Writes = Pick<Decision, "changes" | "inserts">

/** Encodes a write; `ordered` as in a transaction, where the first refusal ends all. Without one the others are to go on. */
export const compose = (
  db: Db,
  layout: Layout,
  batch: Batch.Batch,
  { changes, inserts }: Writes,
  guard: Guard,
  ordered: boolean,
): Composed => {
  const records = batch.records()
  const collection = collectionOf(db, layout.collection)
  const bulk = ordered ? collection.initializeOrderedBulkOp() : collection.initializeUnorderedBulkOp()
  const made = new Map<number, unknown>()
  for (const index of inserts) {
    const document = documentOf(layout, records[index]!)
    bulk.raw({ insertOne: { document } })
    // the driver has given it one, unless the application leaves that to the server, which would not tell
    document["_id"] ??= new ObjectId()
    made.set(index, layout.keyIndex === null ? undefined : document["_id"])
  }
  for (const change of changes) bulk.raw({ updateOne: { filter: filterOf(change, guard), update: { $set: change.set } } })
  return { bulk, wrote: { made, images: new Map(changes.map(({ image, index }) => [index, image])) } }
}

/** Writes; the failure is the driver's own. Operation `i` is insert `i`, or update `i` less the number of inserts. */
export const write = (
  { bulk, wrote: { images, made } }: Composed,
  session?: ClientSession,
): Effect.Effect<BulkWriteResult | undefined, unknown> =>
  images.size + made.size === 0 ? Effect.succeed(undefined) : askRaw(() => bulk.execute(session === undefined ? {} : { session }))

/** What an error of such a write is about. */
export const writing = (
  layout: Layout,
  batch: Batch.Batch,
  { changes, inserts }: Writes,
  indexes: Indexes,
  transactionAge?: number,
): Doing => ({
  what: `writing ${layout.collection}, part ${batch.part}`,
  geoIndexes: indexes.geo,
  keyIndex: indexes.key,
  batch: {
    entity: layout.entity.name,
    part: batch.part,
    recordOf: (operation) => inserts[operation] ?? changes[operation - inserts.length]?.index,
  },
  ...(transactionAge === undefined ? {} : { transactionAge }),
})

/** Another writer made a document of a key while a transaction was writing it; the same batch, tried again, sees it. */
export const raced = (layout: Layout, batch: Batch.Batch, cause: unknown): Sink.SinkError =>
  new Sink.SinkError({
    reason: "Contention",
    isRetryable: true,
    message: `writing ${layout.collection}, part ${batch.part}: another writer changed the same records meanwhile`,
    cause,
  })
