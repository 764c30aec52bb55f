/**
 * Looking records up: one find for a batch of keys, its documents by the key of the record they belong to.
 */
import type { Entity, Sink } from "@waybill/core"
import { Effect } from "effect"
import type { ClientSession, Db, Document } from "mongodb"
import { Held } from "./held.ts"
import { filterOf, type Layout } from "./layout.ts"
import { ask, collectionOf } from "./server.ts"

/** What was found. */
export interface Found {
  readonly documents: ReadonlyMap<string, Held>
  /** Keys that more than one document has; only where no unique index forbids it. */
  readonly twice: ReadonlySet<string>
}

const nothing: Found = { documents: new Map(), twice: new Set() }

/** Finds the documents of records; `projection` is the layout's `owned` or `keyOnly`. */
export const lookUp = (
  db: Db,
  layout: Layout,
  records: ReadonlyArray<Entity.Values>,
  projection: Document,
  session?: ClientSession,
): Effect.Effect<Found, Sink.SinkError> =>
  records.length === 0
    ? Effect.succeed(nothing)
    : Effect.map(
        ask({ what: `reading ${layout.collection}` }, () =>
          collectionOf(db, layout.collection)
            .find(filterOf(layout, records), {
              projection,
              raw: true,
              // one more than there can be, so that the first answer is the last
              batchSize: records.length + 1,
              ...(session === undefined ? {} : { session }),
            })
            .toArray(),
        ),
        (found) => {
          const documents = new Map<string, Held>()
          const twice = new Set<string>()
          for (const bytes of found) {
            const held = new Held(bytes as unknown as Uint8Array)
            const key = held.key(layout)
            if (documents.has(key)) twice.add(key)
            documents.set(key, held)
          }
          return { documents, twice }
        },
      )
