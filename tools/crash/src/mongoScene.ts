/**
 * The scene on MongoDB: target and stores are collections of one database.
 *
 * @module
 */
import { MongoJobStore, MongoSink, MongoSnapshotStore } from "@waybill/sink-mongo"
import { type Db, Decimal128, MongoClient } from "mongodb"
import { startProxy } from "./proxy.ts"
import type { Equipment, Scene } from "./Scene.ts"
import { before, type Product } from "./smallImport.ts"

const worker = async (url: string, database: string): Promise<Equipment> => {
  const proxy = await startProxy(url)
  const client = new MongoClient(proxy.url)
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

const empty = async (db: Db): Promise<void> => {
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) await db.collection(name).deleteMany({})
}

/** Makes the scene in a database of its own, which is empty. */
export const mongoScene = async (url: string, database: string): Promise<Scene> => {
  const client = new MongoClient(url)
  const db = client.db(database)
  const documentOf = ({ price, ...product }: Product) => ({ ...product, price: Decimal128.fromString(price) })
  const write = async (products: ReadonlyArray<Product>): Promise<void> => {
    await db
      .collection("product")
      .bulkWrite(products.map((it) => ({ replaceOne: { filter: { sku: it.sku }, replacement: documentOf(it), upsert: true } })))
  }
  return {
    name: "mongo",
    isHeldUpByOpenTransactions: false,
    reset: async () => {
      await empty(db)
      await db.collection("brand").insertMany(before.brands.map(([code, title]) => ({ code, title })))
      await db.collection("category").insertMany(before.categories.map(([slug, title]) => ({ slug, title })))
      await write(before.products)
    },
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
