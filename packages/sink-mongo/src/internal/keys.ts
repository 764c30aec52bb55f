/**
 * The keys of a collection's documents as text, of which the nearest to a candidate are found.
 *
 * Where there is an index on the key they are asked for in its order and read from it alone, so that a large collection is not read for them.
 */
import { Entity, type Field, type Sink } from "@waybill/core"
import { Effect } from "effect"
import { keyIndexOf } from "./indexes.ts"
import { type Layout, valueAt } from "./layout.ts"
import { ask, collectionOf, type Target } from "./server.ts"

/** The keys of at most so many documents; a document whose key is no value of the fields has no key that a record could have. */
export const keys = Effect.fnUntraced(function* (
  { db }: Target,
  layout: Layout,
  limit: number,
): Effect.fn.Return<ReadonlyArray<string>, Sink.SinkError> {
  const most = Math.max(0, Math.trunc(limit))
  // no limit is 0 to the server
  if (most === 0) return []
  const { collection, entity, key, keyIndex, keyOnly } = layout
  const hasIndex = (yield* keyIndexOf(db, layout)) !== undefined
  const found = yield* ask({ what: `reading the keys of ${collection}` }, () =>
    collectionOf(db, collection)
      .find(
        {},
        {
          // an index on the key does not hold the _id
          projection: keyIndex === null ? keyOnly : { ...keyOnly, _id: 0 },
          limit: most,
          ...(hasIndex ? { sort: keyIndex ?? { _id: 1 } } : {}),
        },
      )
      .toArray(),
  )
  const positions = key.map((_, at) => at)
  return found.flatMap((document) => {
    const values: ReadonlyArray<Field.Value> = key.map((column) => valueAt(document, column))
    return key.some(({ at }, index) => entity.fields[at]!.problem(values[index]) !== undefined)
      ? []
      : [Entity.keyText(values, positions)]
  })
})
