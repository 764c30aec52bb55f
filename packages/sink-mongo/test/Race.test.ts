import { Effect } from "effect"
import {
  type Db,
  type Document,
  MongoClient,
  MongoError,
  MongoNetworkError,
  type OrderedBulkOperation,
  type UnorderedBulkOperation,
} from "mongodb"
import { afterAll, describe, expect, it } from "vitest"
import { batchOf, counts, openCommit, run, type Scene, Station, standalone, stations, useScenes } from "./support.ts"

const { database, last, scene } = useScenes()

const batches = [
  batchOf(Station, 0, [...stations(0, 3, { power: 50 }), ...stations(100, 3)]),
  batchOf(Station, 1, stations(200, 3)),
]

/** The same collections, by way of a database that does something just before each bulk write of records. */
const withBefore = (s: Scene, before: () => Promise<unknown>, alone = false): Scene => {
  const db = alone ? standalone(s.db) : s.db
  let done = false
  const watched = Object.assign(Object.create(db) as Db, {
    collection: (...args: Parameters<Db["collection"]>) => {
      const collection = db.collection(...args)
      const watch = <Bulk extends OrderedBulkOperation | UnorderedBulkOperation>(bulk: Bulk): Bulk => {
        const execute = bulk.execute.bind(bulk)
        bulk.execute = async (options) => {
          if (!done) {
            done = true
            await before()
          }
          return execute(options)
        }
        return bulk
      }
      return Object.assign(Object.create(collection) as typeof collection, {
        initializeOrderedBulkOp: () => watch(collection.initializeOrderedBulkOp()),
        initializeUnorderedBulkOp: () => watch(collection.initializeUnorderedBulkOp()),
      })
    },
  })
  return scene({ db: watched, at: last() })
}

const clients: Array<MongoClient> = []
afterAll(() => Promise.all(clients.map((client) => client.close())))

/** The same collections, by way of a client whose sessions commit in another way the first time. */
const withCommit = (commit: (really: () => Promise<void>) => Promise<void>): Scene => {
  let done = false
  const client = new MongoClient(database.url)
  clients.push(client)
  const startSession = client.startSession.bind(client)
  client.startSession = (options) => {
    const session = startSession(options)
    const really = session.commitTransaction.bind(session)
    session.commitTransaction = () => {
      if (done) return really()
      done = true
      return commit(really)
    }
    return session
  }
  return scene({ db: client.db(database.name), at: last() })
}

const edit = (s: Scene) => async () => {
  const collection = s.db.collection(s.name("station"))
  await collection.updateOne({ code: "S0" }, { $set: { power: 11 } })
  await collection.insertOne({ code: "S100", name: "mine" })
}

const byCode = async (s: Scene) => new Map((await s.documents()).map((it) => [it["code"], it as Document]))

describe("somebody who writes between the look and the write", () => {
  it("loses nothing where there are no transactions", async () => {
    const plain = scene()
    await plain.insert(stations(0, 3))
    const s = withBefore(plain, edit(plain), true)
    const done = await run(s.commit(batches, await s.plan(batches), { onConflict: "skip" }))
    expect([...done.applied[0]!.outcomes]).toEqual([3, 2, 2, 3, 1, 1])
    expect(done.applied[0]!.conflicts.map(({ index }) => index)).toEqual([0, 3])
    const now = await byCode(plain)
    expect(now.get("S0")).toMatchObject({ power: 11 })
    expect(now.get("S100")).toMatchObject({ name: "mine" })
    expect(now.get("S1")).toMatchObject({ power: 50 })
    expect(done.mismatches).toEqual([])
  })

  it("is told apart from null, from arrays and from looks where there are no transactions", async () => {
    const plain = scene()
    await plain.insert([
      { code: "S0", name: "Station 0", power: 1, location: [1, 2] },
      { code: "S1", name: "Station 1", power: null, location: { a: 1 } },
      { code: "S2", name: "Station 2", location: 7 },
    ])
    const wanted = [batchOf(Station, 0, stations(0, 3, { power: 50, location: { new: true } }))]
    const s = withBefore(
      plain,
      async () => {
        const collection = plain.db.collection(plain.name("station"))
        await collection.updateOne({ code: "S0" }, { $set: { location: [[1, 2]] } })
        await collection.updateOne({ code: "S1" }, { $unset: { power: 1 } })
        await collection.updateOne({ code: "S2" }, { $set: { power: null } })
      },
      true,
    )
    const done = await run(s.commit(wanted, await s.plan(wanted), { onConflict: "skip" }))
    expect(counts(done)).toMatchObject({ conflict: 3, updated: 0 })
  })

  it("makes a transaction contend, and the same batch find the conflict when it is tried again", async () => {
    const plain = scene()
    await plain.insert(stations(0, 3))
    const s = withBefore(plain, edit(plain))
    const planned = await s.plan(batches)
    await run(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* openCommit(s.sink, batches, { onConflict: "skip" })
          const error = yield* Effect.flip(session.apply(batches[0]!, planned[0]!))
          expect(error).toMatchObject({ reason: "Contention", isRetryable: true })
          const again = yield* session.apply(batches[0]!, planned[0]!)
          expect([...again.outcomes]).toEqual([3, 2, 2, 3, 1, 1])
        }),
      ),
    )
  })

  it("makes a batch of creates look after all, without an error", async () => {
    const plain = scene()
    const creates = [batchOf(Station, 0, stations(100, 3))]
    const s = withBefore(plain, edit(plain))
    const done = await run(s.commit(creates, await s.plan(creates), { onConflict: "skip" }))
    expect([...done.applied[0]!.outcomes]).toEqual([3, 1, 1])
    expect((await byCode(plain)).get("S100")).toMatchObject({ name: "mine" })
  })

  it("breaks an atomic commit off with nothing written", async () => {
    const plain = scene()
    await plain.insert(stations(0, 3))
    const s = withBefore(plain, edit(plain))
    const planned = await s.plan(batches)
    const error = await run(Effect.flip(s.commit(batches, planned, { transaction: "atomic" })))
    expect(error).toMatchObject({ reason: "Contention", isRetryable: true })
    expect((await byCode(plain)).size).toBe(4)
  })
})

describe("a transaction whose commit is not heard of", () => {
  it("is committed again", async () => {
    for (const transaction of ["atomic", "batched"] as const) {
      scene()
      const s = withCommit(async (really) => {
        await really()
        const error = new MongoError("lost")
        error.addErrorLabel("UnknownTransactionCommitResult")
        throw error
      })
      const creates = [batchOf(Station, 0, stations(0, 3))]
      const done = await run(s.commit(creates, await s.plan(creates), { transaction }))
      expect(counts(done)).toMatchObject({ created: 3 })
    }
  })

  it("is found in the checkpoint when its batch is tried again, whatever became of its records since", async () => {
    const plain = scene()
    const s = withCommit(async (really) => {
      await really()
      throw new MongoNetworkError("lost")
    })
    const creates = [batchOf(Station, 0, stations(0, 3))]
    const planned = await s.plan(creates)
    await run(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* openCommit(s.sink, creates)
          expect(yield* Effect.flip(session.apply(creates[0]!, planned[0]!))).toMatchObject({
            reason: "Unreachable",
            isRetryable: true,
          })
          yield* Effect.promise(() =>
            plain.db.collection(plain.name("station")).updateOne({ code: "S1" }, { $set: { power: 1 } }),
          )
          expect([...(yield* session.apply(creates[0]!, planned[0]!)).outcomes]).toEqual([1, 1, 1])
        }),
      ),
    )
  })
})

describe("a session that is interrupted", () => {
  it("leaves nothing of an atomic commit, and its job to the next", async () => {
    const plain = scene()
    const s = withBefore(plain, () => new Promise(() => {}))
    const planned = await s.plan(batches)
    const interrupted = await Effect.runPromise(
      Effect.timeoutOption(s.commit(batches, planned, { transaction: "atomic" }), "300 millis"),
    )
    expect(interrupted._tag).toBe("None")
    expect(await plain.documents()).toEqual([])
    expect(counts(await run(plain.commit(batches, planned, { transaction: "atomic", token: 2 })))).toMatchObject({ created: 9 })
  })
})
