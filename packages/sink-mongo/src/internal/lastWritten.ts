/**
 * What commits wrote last of fields that are owned `keepEdits`, in a collection of the sink's own.
 *
 * A document for each record that has such fields: `{ _id, collection, fields: { path: fingerprint } }`. `_id` is the hash of the collection and the
 * record's key, since a key may be longer than an index takes; in a path what has a meaning in an update is escaped. It is written in the
 * transaction that writes the record; on a standalone server between the write of a batch and its outcome, so that a batch that broke off
 * there, and is applied again, notes it then. Until then what the batch wrote looks like an edit, and is kept.
 */
import { hash } from "node:crypto"
import { type Batch, Canonical, Entity, type Field, Ownership, Plan, Sink } from "@waybill/core"
import { Effect } from "effect"
import type { AnyBulkWriteOperation, ClientSession, Document } from "mongodb"
import { documentBytes, type Raw } from "./bson.ts"
import { decode } from "./codec.ts"
import { Held } from "./held.ts"
import { type Column, type Layout, valueAt } from "./layout.ts"
import type { Subject } from "./revert.ts"
import { ask, collectionOf, type Target } from "./server.ts"
import type { Wrote } from "./wrote.ts"

/** By the record's position in its batch, escaped path → fingerprint. */
export type LastWritten = ReadonlyMap<number, Readonly<Record<string, string>>>

const nothing: LastWritten = new Map()

const watchedOf = ({ columns, entity }: Layout): ReadonlyArray<Column> => Ownership.watched(entity).map((at) => columns[at]!)

const escaped = ({ path }: Column): string => path.replace(/[%.$]/g, (it) => `%${it.charCodeAt(0).toString(16)}`)

const idOf = ({ collection, entity }: Layout, values: Entity.Values): string =>
  hash("sha256", `${collection}\0${Entity.keyText(values, entity.keyPositions)}`, "base64url")

const canonicalOf = ({ kind }: Column, raw: Raw): Field.Value =>
  decode(kind, new Held(documentBytes([["value", raw]])).document["value"])

const fingerprint = (value: Field.Value): string => hash("sha256", Canonical.stringify(value ?? null), "base64url").slice(0, 16)

/** Reads what is noted of some records of a batch; an entity without such fields costs nothing. */
export const readLastWritten = (
  { db, written }: Target,
  layout: Layout,
  records: ReadonlyArray<Entity.Values>,
  indexes: ReadonlyArray<number>,
): Effect.Effect<LastWritten, Sink.SinkError> => {
  if (indexes.length === 0 || !Ownership.needsLastWritten(layout.entity)) return Effect.succeed(nothing)
  const ids = new Map(indexes.map((index) => [idOf(layout, records[index]!), index]))
  return Effect.map(
    ask({ what: `reading ${written}` }, () =>
      collectionOf(db, written)
        .find({ _id: { $in: [...ids.keys()] } } as Document, { batchSize: ids.size + 1 })
        .toArray(),
    ),
    (found) => new Map(found.map((it) => [ids.get(String(it._id))!, it["fields"] as Readonly<Record<string, string>>])),
  )
}

/** What a plan tells of a changed field. */
export const toldOf = (
  { entity }: Layout,
  last: Readonly<Record<string, string>> | undefined,
  column: Column,
  document: Document,
): Pick<Plan.Change, "lastWritten"> => {
  if (entity.ownership?.get(column.at) !== "keepEdits") return {}
  const noted = last === undefined || !Object.hasOwn(last, escaped(column)) ? undefined : last[escaped(column)]
  return { lastWritten: noted === undefined ? "never" : noted === fingerprint(valueAt(document, column)) ? "same" : "other" }
}

const send = (
  { db, written }: Target,
  operations: ReadonlyArray<AnyBulkWriteOperation<Document>>,
  session: ClientSession | undefined,
): Effect.Effect<void, Sink.SinkError> =>
  operations.length === 0
    ? Effect.void
    : Effect.asVoid(
        ask({ what: `writing ${written}` }, () =>
          collectionOf(db, written).bulkWrite(operations, { ordered: false, ...(session === undefined ? {} : { session }) }),
        ),
      )

const noting = (
  layout: Layout,
  values: Entity.Values,
  fields: ReadonlyArray<readonly [Column, Field.Value]>,
): ReadonlyArray<AnyBulkWriteOperation<Document>> =>
  fields.length === 0
    ? []
    : [
        {
          updateOne: {
            filter: { _id: idOf(layout, values) } as Document,
            update: {
              $set: {
                collection: layout.collection,
                ...Object.fromEntries(fields.map(([column, value]) => [`fields.${escaped(column)}`, fingerprint(value)])),
              },
            },
            upsert: true,
          },
        },
      ]

/** Notes what a batch wrote, of the records whose outcome says so; what somebody else had written alike is not among it. */
export const noteWritten = (
  target: Target,
  layout: Layout,
  batch: Batch.Batch,
  { outcomes }: Pick<Sink.AppliedBatch, "outcomes">,
  { images, made }: Wrote,
  session?: ClientSession,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.suspend(() => {
    const watched = watchedOf(layout)
    if (watched.length === 0) return Effect.void
    const records = batch.records()
    const { created, updated } = Sink.outcome
    const wrote = [...made.keys(), ...images.keys()].filter((at) => outcomes[at] === created || outcomes[at] === updated)
    return send(
      target,
      wrote.flatMap((index) => {
        const values = records[index]!
        const fields = watched.filter(({ at }) => values[at] !== undefined)
        return noting(
          layout,
          values,
          fields.map((column) => [column, values[column.at]]),
        )
      }),
      session,
    )
  })

/** Notes what is there again, and takes away what is noted of records that are gone. */
export const noteBack = (
  target: Target,
  { batch, layout, mine, planned }: Subject,
  { outcomes }: Pick<Sink.UndoneBatch, "outcomes">,
  session?: ClientSession,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.suspend(() => {
    const watched = watchedOf(layout)
    // what was written of a record that is deleted stays known: the undo puts it back with that
    if (watched.length === 0 || Plan.isDeletion(planned)) return Effect.void
    const records = batch.records()
    return send(
      target,
      mine.flatMap(({ image, index }) => {
        if (outcomes[index] !== Sink.undone.reversed) return []
        const values = records[index]!
        if (image === undefined) return [{ deleteOne: { filter: { _id: idOf(layout, values) } as Document } }]
        const fields = watched.flatMap((column): ReadonlyArray<readonly [Column, Field.Value]> => {
          const before = image.before.get(column.path)
          if (before === undefined) return []
          return [[column, typeof before === "number" ? null : canonicalOf(column, before)]]
        })
        return noting(layout, values, fields)
      }),
      session,
    )
  })
