/**
 * What people write for MongoDB: unordered bulk writes of upserts by the key, 1,000 at a time.
 *
 * @module
 */
import { MongoClient } from "mongodb"
import type { Contender } from "../contender.ts"
import { readGroups } from "../ndjson.ts"
import { stationCollection, stationDocument } from "../stationDocument.ts"
import type { StationRow } from "../stationRows.ts"

/** Upserts the stations of the file. */
export const mongoUpsert: Contender = async ({ file, url }) => {
  const client = await MongoClient.connect(url)
  try {
    const collection = client.db().collection(stationCollection)
    let rows = 0
    for await (const group of readGroups<StationRow>(file, 1_000)) {
      await collection.bulkWrite(
        group.map((row) => {
          const { externalId, ...fields } = stationDocument(row)
          return { updateOne: { filter: { externalId }, update: { $set: fields }, upsert: true } }
        }),
        { ordered: false },
      )
      rows += group.length
    }
    return { rows, rejected: 0 }
  } finally {
    await client.close()
  }
}
