/**
 * What the stores share: collections with their indexes, made on first use, and errors as stores have them.
 *
 * @module
 */
import { JobStore, type Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Db, IndexDescription } from "mongodb"
import { ask, collectionOf } from "./server.ts"

/** The named indexes of a store, by collection. */
export type StoreIndexes = ReadonlyMap<string, ReadonlyArray<IndexDescription & { readonly name: string }>>

/** Makes sure, when it is run for the first time, that the collections have their indexes. A role that may not make any uses those that are there. */
export const ensure = (db: Db, indexes: StoreIndexes): Effect.Effect<void, Sink.SinkError> => {
  let ready = false
  const prepare = Effect.gen(function* () {
    const names = new Set(
      (yield* ask({ what: `listing the collections of ${db.databaseName}` }, () =>
        db.listCollections({}, { nameOnly: true, authorizedCollections: true }).toArray(),
      )).map(({ name }) => name),
    )
    for (const [name, wanted] of indexes) {
      const collection = collectionOf(db, name)
      const there = names.has(name)
        ? yield* ask({ what: `reading the indexes of ${name}`, schema: true }, () => collection.listIndexes().toArray())
        : []
      const missing = wanted.filter((index) => !there.some((it) => it.name === index.name))
      if (missing.length > 0)
        yield* ask({ what: `making the indexes of ${name}`, schema: true }, () => collection.createIndexes([...missing]))
    }
    ready = true
  })
  return Effect.suspend(() => (ready ? Effect.void : prepare))
}

/** A reason that both stores' errors have. */
export type StoreReason = "Unreachable" | "Capacity" | "Unknown"

/** What an error of the server is to a store. */
export const storeReason = ({ reason }: Sink.SinkError): StoreReason =>
  reason === "Unreachable" || reason === "Timeout" ? "Unreachable" : reason === "Capacity" ? "Capacity" : "Unknown"

/** What an error of the server is to the stores of jobs and of decisions. */
export const jobStoreError = (error: Sink.SinkError): JobStore.JobStoreError =>
  new JobStore.JobStoreError({
    reason: storeReason(error),
    message: error.message,
    isRetryable: error.isRetryable,
    cause: error.cause,
  })

/** A text as a field holds it: UTF-8 has no half surrogate pairs, so they are escaped as in JSON. */
export const stored = (text: string): string => JSON.stringify(text).slice(1, -1)

/** The text that {@link stored} was given. */
export const unstored = (text: string): string => JSON.parse(`"${text}"`) as string
