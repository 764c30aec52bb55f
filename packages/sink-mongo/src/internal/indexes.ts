/**
 * The collections and indexes that entities need: looked at by a plan, made before the first write of a commit.
 */
import { Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Collection, Db, Document, IndexDescription, IndexDescriptionInfo } from "mongodb"
import { classifyError, isThere } from "../classifyError.ts"
import type { Layout } from "./layout.ts"
import { ask, askRaw, collectionOf } from "./server.ts"

/** What a commit needs to know of the indexes of a collection. */
export interface Indexes {
  /** The name of the unique index on the key. */
  readonly key: string
  /** The names of those that refuse what is no place on earth. */
  readonly geo: ReadonlyArray<string>
}

const keysOf = (key: unknown): string =>
  JSON.stringify(
    key instanceof Map ? [...key] : Array.isArray(key) || typeof key === "string" ? key : Object.entries(key as Document),
  )

const mismatch = (message: string) => new Sink.SinkError({ reason: "SchemaMismatch", isRetryable: false, message })

const indexesOf = (
  db: Db,
  names: ReadonlySet<string>,
  name: string,
): Effect.Effect<ReadonlyArray<IndexDescriptionInfo>, Sink.SinkError> =>
  names.has(name)
    ? ask({ what: `reading the indexes of ${name}`, schema: true }, () => collectionOf(db, name).listIndexes().toArray())
    : Effect.succeed([])

/** The names of the collections; one that is not a plain collection and is needed is an error. */
const collectionsOf = (db: Db, layouts: ReadonlyArray<Layout>): Effect.Effect<ReadonlySet<string>, Sink.SinkError> =>
  Effect.flatMap(
    ask({ what: `listing the collections of ${db.databaseName}` }, () =>
      db.listCollections({}, { nameOnly: true, authorizedCollections: true }).toArray(),
    ),
    (found) => {
      const odd = found.find(({ name, type }) => type !== "collection" && layouts.some(({ collection }) => collection === name))
      return odd === undefined
        ? Effect.succeed(new Set(found.map(({ name }) => name)))
        : Effect.fail(mismatch(`${odd.name} is a ${odd.type}; records can go to a collection only`))
    },
  )

/** The index on the key that is there; one on the same fields that does not keep all keys apart is an error. */
const keyIndexAmong = ({ collection, keyIndex }: Layout, indexes: ReadonlyArray<IndexDescriptionInfo>) => {
  if (keyIndex === null) return Effect.succeed("_id_")
  const wanted = keysOf(keyIndex)
  const found = indexes.filter(({ key }) => keysOf(key) === wanted)
  const whole = found.find(
    ({ collation, partialFilterExpression, unique }) =>
      unique === true && partialFilterExpression === undefined && collation === undefined,
  )
  if (whole !== undefined) return Effect.succeed(whole.name)
  // an index of another collation is another index to the server, and stands beside the one that is needed
  const inTheWay = found.find(({ collation }) => collation === undefined)
  return inTheWay === undefined
    ? Effect.succeed(undefined)
    : Effect.fail(
        mismatch(
          `${collection} has the index ${inTheWay.name} on its key ${JSON.stringify(keyIndex)}, which is ${
            inTheWay.unique === true ? "partial" : "not unique"
          }: drop it, and the commit makes a unique one`,
        ),
      )
}

/** Looks whether the indexes on the keys can be had. Makes none. */
export const lookAtIndexes = Effect.fnUntraced(function* (db: Db, layouts: ReadonlyArray<Layout>) {
  const names = yield* collectionsOf(db, layouts)
  for (const layout of layouts) yield* keyIndexAmong(layout, yield* indexesOf(db, names, layout.collection))
})

/** The name of the unique index on the key, where there is one. */
export const keyIndexOf = Effect.fnUntraced(function* (db: Db, layout: Layout) {
  const names = yield* collectionsOf(db, [layout])
  return yield* keyIndexAmong(layout, yield* indexesOf(db, names, layout.collection))
})

const ensureCollection = (db: Db, name: string): Effect.Effect<void, Sink.SinkError> =>
  askRaw(() => db.createCollection(name)).pipe(
    Effect.asVoid,
    Effect.catch((error) =>
      isThere(error) ? Effect.void : Effect.fail(classifyError(error, { what: `making the collection ${name}`, schema: true })),
    ),
  )

const create = (collection: Collection<Document>, index: IndexDescription): Effect.Effect<void, Sink.SinkError> =>
  Effect.asVoid(
    ask({ what: `making the index ${keysOf(index.key)} of ${collection.collectionName}`, schema: true }, () =>
      collection.createIndexes([index]),
    ),
  )

/** Makes the sink's own collections where they are not there yet. */
export const ensureOwn = Effect.fnUntraced(function* (db: Db, own: ReadonlyArray<string>) {
  const names = yield* collectionsOf(db, [])
  for (const name of own) if (!names.has(name)) yield* ensureCollection(db, name)
})

/** Makes the collections and indexes of entities that are not there yet; outside of any transaction. */
export const ensureIndexes = Effect.fnUntraced(function* (db: Db, layouts: ReadonlyArray<Layout>) {
  const names = yield* collectionsOf(db, layouts)
  const all = new Map<Layout, Indexes>()
  for (const layout of layouts) {
    const collection = collectionOf(db, layout.collection)
    if (!names.has(layout.collection)) yield* ensureCollection(db, layout.collection)
    const there = yield* indexesOf(db, names, layout.collection)
    if ((yield* keyIndexAmong(layout, there)) === undefined) yield* create(collection, { key: layout.keyIndex!, unique: true })
    for (const index of layout.indexes)
      if (!there.some(({ key }) => keysOf(key) === keysOf(index.key))) yield* create(collection, index)
    const made = yield* indexesOf(db, new Set([layout.collection]), layout.collection)
    all.set(layout, {
      key: (yield* keyIndexAmong(layout, made)) ?? "",
      geo: made
        .filter(({ key }) => Object.values(key).some((type) => type === "2dsphere" || type === "2d"))
        .map(({ name }) => String(name)),
    })
  }
  return all as ReadonlyMap<Layout, Indexes>
})
