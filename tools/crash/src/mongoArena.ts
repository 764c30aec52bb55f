/**
 * Where workers are killed on MongoDB: a database whose job and target are put back before every run.
 *
 * @module
 */
import { Decimal128, type Document, MongoClient, type Timestamp } from "mongodb"
import { keepCollections } from "./keptCollections.ts"
import type { Arena } from "./kills.ts"
import { formerItem, type ItemRecord, isWritten, item } from "./largeImport.ts"

const documentOf = ({ price, ...rest }: ItemRecord) => ({ ...rest, price: Decimal128.fromString(price) })

const isSame = (found: Document, expected: ItemRecord): boolean =>
  found["position"] === expected.position &&
  found["title"] === expected.title &&
  String(found["price"]) === expected.price &&
  (found["note"] ?? null) === expected.note

// the writes of an entry of the server's own log, one of a transaction or one alone
const writesOf = (entry: Document): ReadonlyArray<Document> =>
  entry["op"] === "c" ? ((entry["o"]["applyOps"] as ReadonlyArray<Document> | undefined) ?? []) : [entry]

/** Makes the arena on a server, which has to be of a replica set: its log tells every write that was kept. */
export const mongoArena = async (serverUrl: string, records: number, batch: number): Promise<Arena> => {
  const client = new MongoClient(serverUrl)
  const database = `waybill_crash_${process.pid}`
  const db = client.db(database)
  const log = client.db("local").collection("oplog.rs")
  const namespace = `${database}.item`
  let begun: Timestamp
  let putBack = async (): Promise<void> => {}
  const begin = async (): Promise<void> => {
    const [newest] = await log.find({}, { sort: { $natural: -1 }, limit: 1, projection: { ts: 1 } }).toArray()
    begun = newest!["ts"]
  }
  return {
    name: "mongo",
    task: { kind: "mongo", url: serverUrl, database, records, batch },
    clear: async () => {
      await db.dropDatabase()
      const former = Array.from({ length: records }, (_, n) => formerItem(n)).filter((it) => it !== null)
      await db.collection("item").insertMany(former.map(documentOf))
      await begin()
    },
    keep: async () => {
      putBack = await keepCollections(db)
    },
    restore: async () => {
      await putBack()
      await begin()
    },
    inspect: async () => {
      let missing = records
      let doubled = 0
      const keys = new Map<string, number>()
      for await (const found of db.collection("item").find()) {
        keys.set(String(found._id), found["position"])
        const expected = item(found["position"])
        if (found["sku"] === expected.sku && isSame(found, expected)) missing--
      }
      doubled += Math.max(0, keys.size - records)
      const writes = new Map<string, number>()
      // transactions are logged under another namespace than what they write
      for await (const entry of log.find({ ts: { $gt: begun }, ns: { $in: [namespace, "admin.$cmd"] }, op: { $ne: "n" } }))
        for (const write of writesOf(entry)) {
          if (write["ns"] !== namespace || (write["op"] !== "i" && write["op"] !== "u")) continue
          const key = String(write["op"] === "i" ? write["o"]._id : write["o2"]._id)
          writes.set(key, (writes.get(key) ?? 0) + 1)
        }
      for (const [key, position] of keys) if ((writes.get(key) ?? 0) !== (isWritten(position) ? 1 : 0)) doubled++
      return { lost: missing, doubled }
    },
    close: async () => {
      await db.dropDatabase()
      await client.close()
    },
  }
}
