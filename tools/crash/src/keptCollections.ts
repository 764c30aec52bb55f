/**
 * What the collections of a database hold, put back with the same ids: a plan knows its records by them.
 *
 * @module
 */
import type { Db } from "mongodb"

const namesOf = async (db: Db): Promise<ReadonlyArray<string>> =>
  (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)

/** Empties all collections; they stay, with their indexes. */
export const emptyCollections = async (db: Db): Promise<void> => {
  for (const name of await namesOf(db)) await db.collection(name).deleteMany({})
}

/** Keeps all that a database holds, and gives what puts it back. */
export const keepCollections = async (db: Db): Promise<() => Promise<void>> => {
  const kept = await Promise.all(
    (await namesOf(db)).map(async (name) => [name, await db.collection(name).find().toArray()] as const),
  )
  return async () => {
    await emptyCollections(db)
    for (const [name, documents] of kept) if (documents.length > 0) await db.collection(name).insertMany([...documents])
  }
}
