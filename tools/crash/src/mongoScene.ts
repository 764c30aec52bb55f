/**
 * The scene on MongoDB: target and stores are collections of one database.
 *
 * @module
 */
import { MongoJobStore, MongoSink, MongoSnapshotStore } from "@waybill/sink-mongo"
import { Decimal128, type Document, MongoClient } from "mongodb"
import { emptyCollections, keepCollections } from "./keptCollections.ts"
import { startProxy } from "./proxy.ts"
import type { ProductRecord } from "./Scenario.ts"
import type { Equipment, Scene } from "./Scene.ts"

const worker = async (url: string, database: string): Promise<Equipment> => {
  const proxy = await startProxy(url)
  // a worker that is cut off looks for a server no longer than it takes to be sure that there is none
  const client = new MongoClient(proxy.url, { serverSelectionTimeoutMS: 3_000 })
  const db = client.db(database)
  return {
    // a plan is for one target, and every worker has a proxy of its own
    sink: { ...MongoSink.make({ db }), target: database },
    jobs: MongoJobStore.make({ db }),
    parts: MongoSnapshotStore.make({ db }),
    sever: () => {
      proxy.sever()
      // it reaches nobody any more; whatever is under way ends at once instead of looking for a server
      client.close().catch(() => {})
    },
    close: async () => {
      await client.close()
      await proxy.close()
    },
  }
}

/** Makes the scene in a database of its own, which is empty. */
export const mongoScene = async (url: string, database: string): Promise<Scene> => {
  const client = new MongoClient(url)
  const db = client.db(database)
  const documentOf = ({ price, ...product }: ProductRecord) => ({
    ...product,
    price: Decimal128.fromString(price),
    note: "by hand",
  })
  const write = async (products: ReadonlyArray<ProductRecord>): Promise<void> => {
    if (products.length === 0) return
    await db
      .collection("product")
      .bulkWrite(products.map((it) => ({ replaceOne: { filter: { sku: it.sku }, replacement: documentOf(it), upsert: true } })))
  }
  return {
    name: "mongo",
    isHeldUpByOpenTransactions: false,
    reset: async (before) => {
      await emptyCollections(db)
      const insert = async (name: string, documents: ReadonlyArray<Document>) =>
        documents.length > 0 && db.collection(name).insertMany([...documents])
      await insert(
        "brand",
        before.brands.map(([code, title]) => ({ code, title })),
      )
      await insert(
        "category",
        before.categories.map(([slug, title]) => ({ slug, title })),
      )
      await write(before.products)
    },
    keep: () => keepCollections(db),
    worker: () => worker(url, database),
    write,
    remove: async (sku) => void (await db.collection("product").deleteOne({ sku })),
    content: async () =>
      Promise.all(
        ["brand", "category", "product"].map(async (name) =>
          (
            await db
              .collection(name)
              .find({}, { projection: { _id: 0 } })
              .toArray()
          )
            .map((it) => JSON.stringify(Object.entries(it).sort(([a], [b]) => (a < b ? -1 : 1))))
            .sort(),
        ),
      ),
    close: () => client.close(),
  }
}
