/**
 * The limit for MongoDB: the documents of the file by bare `insertMany`, 1,000 at a time. Nothing is looked up or validated.
 *
 * @module
 */
import { MongoClient } from "mongodb"
import type { Contender } from "../contender.ts"
import { readGroups } from "../ndjson.ts"
import { stationCollection, stationDocument } from "../stationDocument.ts"
import type { StationRow } from "../stationRows.ts"

/** Inserts the stations of the file. */
export const mongoInsert: Contender = async ({ file, url }) => {
  const client = await MongoClient.connect(url)
  try {
    const collection = client.db().collection(stationCollection)
    let rows = 0
    for await (const group of readGroups<StationRow>(file, 1_000)) {
      await collection.insertMany(group.map(stationDocument))
      rows += group.length
    }
    return { rows, rejected: 0 }
  } finally {
    await client.close()
  }
}
