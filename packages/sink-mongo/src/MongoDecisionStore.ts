/**
 * A store of decisions about candidates in a collection of MongoDB. A save is one step without a transaction: the first about a key inserts its
 * document, every further one is an update that compares the version.
 *
 * A decision: `{ _id, version, import, entity, key, verdict, by, at, body }`. The `_id` is a hash of import, entity and key; the body is JSON text,
 * as that of jobs is.
 *
 * @module
 */
import { DecisionStore } from "@waybill/core"
import { Effect, Layer } from "effect"
import type { Db, Document } from "mongodb"
import { classifyError, isDuplicate } from "./classifyError.ts"
import { ask, askRaw, collectionOf } from "./internal/server.ts"
import { ensure, jobStoreError, stored } from "./internal/storeCollections.ts"

/** What {@link layer} takes. */
export interface Options {
  /** The database, from the application's own client. The client's settings hold, and it stays the application's to close. */
  readonly db: Db
  /** The name of the store's collection, made on first use. `waybill_store_decisions` by default. */
  readonly collection?: string
}

// what is looked for by hand, and the decision itself
const fieldsOf = (decision: DecisionStore.Decision): Document => ({
  version: decision.version,
  import: stored(decision.import),
  entity: stored(decision.entity),
  key: stored(decision.key),
  verdict: decision.verdict,
  by: stored(decision.by),
  at: stored(decision.at),
  body: JSON.stringify(decision),
})

/** A store in a database. Nothing is sent to the server before it is used. */
export const make = ({ collection = "waybill_store_decisions", db }: Options): DecisionStore.Service => {
  const decisions = collectionOf(db, collection)
  const ready = Effect.mapError(ensure(db, new Map([[collection, [{ name: "import", key: { import: 1 } }]]])), jobStoreError)

  // whether there was none before
  const insert = (what: string, document: Document) =>
    askRaw(() => decisions.insertOne(document)).pipe(
      Effect.as(true),
      Effect.catch((error) =>
        isDuplicate(error) ? Effect.succeed(false) : Effect.fail(jobStoreError(classifyError(error, { what }))),
      ),
    )

  // whether the one that was there had this version
  const update = (what: string, id: string, version: number, fields: Document) =>
    Effect.mapBoth(
      ask({ what }, () => decisions.updateOne({ _id: id as never, version }, { $set: fields })),
      { onFailure: jobStoreError, onSuccess: ({ matchedCount }) => matchedCount === 1 },
    )

  return {
    list: (imported) =>
      Effect.andThen(
        ready,
        Effect.mapBoth(
          ask({ what: `listing the decisions of ${imported}` }, () =>
            decisions.find({ import: { $eq: stored(imported) } }, { projection: { _id: 0, body: 1 } }).toArray(),
          ),
          { onFailure: jobStoreError, onSuccess: (found) => found.map(({ body }) => JSON.parse(body) as DecisionStore.Decision) },
        ),
      ),
    save: (decision) =>
      Effect.gen(function* () {
        yield* ready
        const { entity, key, version } = decision
        const what = `saving the decision about ${entity} ${JSON.stringify(key)}`
        const id = DecisionStore.idOf(decision)
        const next: DecisionStore.Decision = { ...decision, version: version + 1 }
        const fields = fieldsOf(next)
        const isSaved = yield* version === 0 ? insert(what, { _id: id as never, ...fields }) : update(what, id, version, fields)
        return isSaved ? next : yield* Effect.fail(DecisionStore.stale(decision))
      }),
  }
}

/**
 * The store as a layer, beside those of jobs and snapshots.
 *
 * ```ts
 * const db = client.db("imports")
 * const stores = Layer.mergeAll(MongoJobStore.layer({ db }), MongoSnapshotStore.layer({ db }), MongoDecisionStore.layer({ db }))
 * ```
 */
export const layer = (options: Options): Layer.Layer<never> => Layer.sync(DecisionStore.DecisionStore, () => make(options))
