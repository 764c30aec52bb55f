import { Effect, Stream } from "effect"
import type { Db, Document } from "mongodb"
import { describe, expect, it } from "vitest"
import { batchOf, openCommit, run, Station, stations, useScenes } from "./support.ts"

const { last, scene } = useScenes()

describe("verifying", () => {
  it("finds documents that were tampered with or deleted, over many batches and in their order", async () => {
    const s = scene()
    await s.insert(stations(0, 5))
    const batches = [
      batchOf(Station, 0, stations(0, 5, { power: 50, location: { a: [1, { b: 2 }] } })),
      ...Array.from({ length: 8 }, (_, at) => batchOf(Station, at + 1, stations(100 + at * 10, 10))),
    ]
    const planned = await s.plan(batches)
    const collection = s.db.collection(s.name("station"))
    const mismatches = await run(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* openCommit(s.sink, batches, { transaction: "atomic" })
          for (const [at, batch] of batches.entries()) yield* session.apply(batch, planned[at]!)
          yield* session.complete
          yield* Effect.promise(() =>
            collection.updateOne({ code: "S1" }, { $set: { "location.a.1.b": 3 }, $unset: { power: 1 } }),
          )
          yield* Effect.promise(() => collection.updateOne({ code: "S2" }, { $set: { note: "harmless", checked: new Date(0) } }))
          yield* Effect.promise(() => collection.deleteOne({ code: "S155" }))
          const pairs = batches.map((batch, at) => ({ batch, planned: planned[at]! }))
          return yield* Stream.runCollect(session.verify(Station, Stream.fromIterable(pairs)))
        }),
      ),
    )
    expect(mismatches).toEqual([
      { key: "S1", kind: "different", fields: ["power", "location"] },
      { key: "S155", kind: "missing", fields: [] },
    ])
  })

  it("finds what a batch became on its way, where each is read back as soon as it is durable", async () => {
    const s = scene()
    const batches = [batchOf(Station, 0, stations(0, 5)), batchOf(Station, 1, stations(5, 5))]
    const planned = await s.plan(batches)
    // a driver that writes something else than it was given
    const db = Object.assign(Object.create(s.db) as Db, {
      collection: (...args: Parameters<Db["collection"]>) => {
        const collection = s.db.collection(...args)
        return Object.assign(Object.create(collection) as typeof collection, {
          initializeOrderedBulkOp: () => {
            const bulk = collection.initializeOrderedBulkOp()
            const raw = bulk.raw.bind(bulk)
            bulk.raw = (operation) => {
              const { document } = (operation as { insertOne: { document: Document } }).insertOne
              return raw({ insertOne: { document: document["code"] === "S7" ? { ...document, power: -1 } : document } })
            }
            return bulk
          },
        })
      },
    })
    const broken = scene({ db, at: last() })
    const done = await run(broken.commit(batches, planned))
    expect(done.mismatches).toEqual([{ key: "S7", kind: "different", fields: ["power"] }])
  })

  it("knows what an earlier session applied, and asks nothing of what was not", async () => {
    const s = scene()
    const batches = [batchOf(Station, 0, stations(0, 5)), batchOf(Station, 1, stations(5, 5))]
    const planned = await s.plan(batches)
    const pairs = batches.map((batch, at) => ({ batch, planned: planned[at]! }))
    await run(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* openCommit(s.sink, batches)
          yield* session.apply(batches[0]!, planned[0]!)
        }),
      ),
    )
    await s.db.collection(s.name("station")).deleteOne({ code: "S3" })
    const mismatches = await run(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* openCommit(s.sink, batches, { token: 2 })
          return yield* Stream.runCollect(session.verify(Station, Stream.fromIterable(pairs)))
        }),
      ),
    )
    expect(mismatches).toEqual([{ key: "S3", kind: "missing", fields: [] }])
  })
})
