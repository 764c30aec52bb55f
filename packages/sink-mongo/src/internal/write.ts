/**
 * Writes what was decided of a batch: one bulk write of inserts and updates.
 */
import { type Batch, Sink } from "@waybill/core"
import { Effect } from "effect"
import type { BulkWriteResult, ClientSession, Db, Document, OrderedBulkOperation, UnorderedBulkOperation } from "mongodb"
import type { Doing } from "../classifyError.ts"
import type { Change, Decision } from "./decide.ts"
import type { Indexes } from "./indexes.ts"
import { documentOf, type Layout } from "./layout.ts"
import { askRaw, collectionOf } from "./server.ts"

/** How an update finds its document: by its `_id` alone, or by what the plan saw of it too, where no transaction protects it. */
export type Guard = "id" | "values"

/** A document that still holds, byte for byte of its meaning, what was read: `$expr` tells null from absent and arrays from members. */
const filterOf = ({ held, id }: Change, guard: Guard): Document =>
  guard === "id"
    ? { _id: id }
    : {
        _id: id,
        $expr: {
          $and: [...held].map(([path, value]) =>
            value === undefined ? { $eq: [{ $type: `$${path}` }, "missing"] } : { $eq: [`$${path}`, { $literal: value }] },
          ),
        },
      }

/** A write that is encoded and can be sent, once. */
export type Composed = OrderedBulkOperation | UnorderedBulkOperation

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
  for (const index of inserts) bulk.raw({ insertOne: { document: documentOf(layout, records[index]!) } })
  for (const change of changes) bulk.raw({ updateOne: { filter: filterOf(change, guard), update: { $set: change.set } } })
  return bulk
}

/**
 * Writes; the failure is the driver's own. Operation `i` is insert `i`, or update `i` less the number of inserts. `composed` is the same
 * write where it is encoded already.
 */
export const write = (
  db: Db,
  layout: Layout,
  batch: Batch.Batch,
  writes: Writes,
  guard: Guard,
  session?: ClientSession,
  composed?: Composed,
): Effect.Effect<BulkWriteResult | undefined, unknown> =>
  Effect.suspend(() => {
    if (writes.inserts.length + writes.changes.length === 0) return Effect.succeed(undefined)
    return askRaw(async () => {
      const bulk = composed ?? compose(db, layout, batch, writes, guard, session !== undefined)
      return bulk.execute(session === undefined ? {} : { session })
    })
  })

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
