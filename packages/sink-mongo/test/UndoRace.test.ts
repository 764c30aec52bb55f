import type { Sink } from "@waybill/core"
import { Effect, Exit } from "effect"
import { type Db, type Document, MongoClient } from "mongodb"
import { describe, expect, it } from "vitest"
import * as MongoSink from "../src/MongoSink.ts"
import { type ServerProxy, startProxy, throughProxy } from "./proxy.ts"
import {
  batchOf,
  bytesOf,
  commitWith,
  failure,
  openUndo,
  run,
  type Scene,
  Station,
  standalone,
  stations,
  undoneCounts,
  undoWith,
  useScenes,
} from "./support.ts"

const { database, last, scene } = useScenes()

const batches = [
  batchOf(Station, 0, [...stations(0, 3, { power: 50 }), ...stations(100, 2)]),
  batchOf(Station, 1, [...stations(200, 2), ...stations(3, 1)]),
  batchOf(Station, 2, stations(4, 2, { power: null })),
]
const expected = { untouched: 1, reversed: 9, kept: 0, errored: 0 }

const ways: ReadonlyArray<readonly [string, Sink.Transaction, boolean]> = [
  ["atomic", "atomic", false],
  ["batched", "batched", false],
  ["batched without transactions", "batched", true],
]
const cuts: ReadonlyArray<readonly [string, (proxy: ServerProxy) => void, boolean]> = [
  ["before a command goes out", (proxy) => proxy.cut(), true],
  ["before its answer comes in", (proxy) => proxy.cutAnswers(), false],
]

const sinkOn = (s: Scene, db: Db) =>
  MongoSink.make({
    db,
    collections: { station: s.name("station") },
    bookkeeping: { jobs: s.name("jobs"), batches: s.name("batches"), images: s.name("images") },
  })

/** Runs something with a sink behind a proxy that cuts it off at its `at`th command; tells how many commands were sent. */
const cutOff = async <A, E>(
  s: Scene,
  alone: boolean,
  at: number,
  cut: (proxy: ServerProxy) => void,
  action: (sink: Sink.Sink) => Effect.Effect<A, E>,
): Promise<{ readonly exit: Exit.Exit<A, E>; readonly sent: number }> => {
  const server = new URL(database.serverUrl)
  const proxy = await startProxy(server.hostname, Number(server.port))
  const client = new MongoClient(throughProxy(database.url, proxy.port), { monitorCommands: true, serverSelectionTimeoutMS: 100 })
  let sent = 0
  client.on("commandStarted", () => {
    sent++
    if (sent === at) cut(proxy)
  })
  const db = client.db(s.db.databaseName)
  const exit = await Effect.runPromise(Effect.exit(action(sinkOn(s, alone ? standalone(db) : db))))
  await client.close()
  await proxy.close()
  return { exit, sent }
}

for (const [way, transaction, alone] of ways)
  describe(`an undo that is cut off, ${way}`, () => {
    const prepared = async () => {
      const s = scene()
      await s.insert(stations(0, 6))
      const before = await bytesOf(s.db, s.name("station"))
      const planned = await s.plan(batches)
      const sink = alone ? sinkOn(s, standalone(s.db)) : s.sink
      await run(commitWith(sink, batches, planned, { transaction }))
      return { s, sink, planned, before, after: await bytesOf(s.db, s.name("station")) }
    }
    for (const [when, cut] of cuts)
      it(`${when}, whichever it is: a new session goes on, and everything is as before`, async () => {
        const whole = await prepared()
        const { exit: undisturbed, sent } = await cutOff(whole.s, alone, -1, cut, (sink) =>
          undoWith(sink, batches, whole.planned, { transaction }),
        )
        expect(Exit.isSuccess(undisturbed)).toBe(true)
        let failed = 0
        const oneCase = async (at: number) => {
          const { after, before, planned, s, sink } = await prepared()
          const { exit } = await cutOff(s, alone, at, cut, (it) => undoWith(it, batches, planned, { transaction }))
          const between = await bytesOf(s.db, s.name("station"))
          if (Exit.isFailure(exit)) failed++
          else expect(between).toEqual(before)
          if (transaction === "atomic") expect([before, after]).toContainEqual(between)
          const undone = await run(undoWith(sink, batches, planned, { transaction, token: 2 }))
          expect(undoneCounts(undone), `cut at command ${at}`).toEqual(expected)
          expect(await bytesOf(s.db, s.name("station"))).toEqual(before)
        }
        const cases = Array.from({ length: sent }, (_, at) => at + 1)
        await Promise.all(
          [0, 1, 2, 3].map(async (lane) => {
            for (const at of cases.filter((it) => it % 4 === lane)) await oneCase(at)
          }),
        )
        // the last commands only say goodbye
        expect(failed).toBeGreaterThan(sent - 5)
      })
  })

describe("a commit without transactions that is cut off", () => {
  for (const [when, cut, isEven] of cuts)
    it(`${when}, whichever it is: it is taken back, finished or not`, async () => {
      const commit = (s: Scene, at: number, planned: Parameters<typeof commitWith>[2]) =>
        cutOff(s, true, at, cut, (sink) => commitWith(sink, batches, planned))
      const prepared = async () => {
        const s = scene()
        await s.insert(stations(0, 6))
        return { s, before: await bytesOf(s.db, s.name("station")), planned: await s.plan(batches) }
      }
      const whole = await prepared()
      const { sent } = await commit(whole.s, -1, whole.planned)
      const oneCase = async (at: number) => {
        const { before, planned, s } = await prepared()
        await commit(s, at, planned)
        const sink = sinkOn(s, standalone(s.db))
        // a worker that died before it had the job, or a batch, has written nothing
        const isBegun = (await s.db.collection(s.name("batches")).countDocuments()) > 0
        // finished by another worker for every other command, and each command once by one of the two cuts
        if (!isBegun || (at % 2 === 0) === isEven) await run(commitWith(sink, batches, planned, { token: 2 }))
        const undone = await run(undoWith(sink, batches, planned))
        expect(undoneCounts(undone), `cut at command ${at}`).toMatchObject({ kept: 0, errored: 0 })
        expect(await bytesOf(s.db, s.name("station")), `cut at command ${at}`).toEqual(before)
      }
      const cases = Array.from({ length: sent }, (_, at) => at + 1)
      await Promise.all(
        [0, 1, 2, 3].map(async (lane) => {
          for (const at of cases.filter((it) => it % 4 === lane)) await oneCase(at)
        }),
      )
    })
})

describe("a worker that lost the undo", () => {
  for (const [way, transaction, alone] of ways)
    it(`cannot take back another batch, ${way}`, async () => {
      const s = scene()
      await s.insert(stations(0, 6))
      const before = await bytesOf(s.db, s.name("station"))
      const planned = await s.plan(batches)
      const sink = alone ? sinkOn(s, standalone(s.db)) : s.sink
      await run(commitWith(sink, batches, planned, { transaction }))
      await run(
        Effect.scoped(
          Effect.gen(function* () {
            const old = yield* openUndo(sink, batches, { transaction })
            yield* old.revert(batches[2]!, planned[2]!)
            const next = yield* openUndo(sink, batches, { transaction, token: 2 })
            expect([...next.checkpoint.keys()]).toEqual(transaction === "atomic" ? [] : ["station/2"])
            const late = Effect.andThen(old.revert(batches[1]!, planned[1]!), old.complete)
            expect((yield* Effect.flip(late)).reason).toBe("Fenced")
            if (transaction === "atomic") yield* next.revert(batches[2]!, planned[2]!)
            yield* next.revert(batches[1]!, planned[1]!)
            yield* next.revert(batches[0]!, planned[0]!)
            yield* next.complete
          }),
        ),
      )
      expect(await bytesOf(s.db, s.name("station"))).toEqual(before)
      expect((await failure(Effect.scoped(openUndo(sink, batches)))).reason).toBe("Fenced")
    })
})

/** The same collections, by way of a database that does something just before the first bulk write or delete of records. */
const withBefore = (s: Scene, before: () => Promise<unknown>, alone: boolean): Scene => {
  const db = alone ? standalone(s.db) : s.db
  let done = false
  const first = async () => {
    if (done) return
    done = true
    await before()
  }
  const watched = Object.assign(Object.create(db) as Db, {
    collection: (...args: Parameters<Db["collection"]>) => {
      const collection = db.collection(...args)
      if (args[0] !== s.name("station")) return collection
      return Object.assign(Object.create(collection) as typeof collection, {
        bulkWrite: async (...all: Parameters<typeof collection.bulkWrite>) => {
          await first()
          return collection.bulkWrite(...all)
        },
        deleteMany: async (...all: Parameters<typeof collection.deleteMany>) => {
          await first()
          return collection.deleteMany(...all)
        },
      })
    },
  })
  return scene({ db: watched, at: last() })
}

describe("somebody who writes between the look and the write of an undo", () => {
  const edit = (s: Scene) => async () => {
    const collection = s.db.collection<Document>(s.name("station"))
    await collection.updateOne({ code: "S0" }, { $set: { power: 11 } })
    await collection.updateOne({ code: "S100" }, { $set: { note: "mine" } })
    await collection.deleteOne({ code: "S101" })
  }
  const one = [batches[0]!]

  it("loses nothing where there are no transactions", async () => {
    const plain = scene()
    await plain.insert(stations(0, 3))
    const s = withBefore(plain, edit(plain), true)
    const planned = await s.plan(one)
    await run(commitWith(plain.sink, one, planned))
    const [undone] = await run(undoWith(s.sink, one, planned))
    expect([...undone!.outcomes]).toEqual([2, 1, 1, 2, 1])
    expect(undone!.left.map(({ fields, index, kind }) => [index, kind, fields])).toEqual([
      [0, "changed", [{ field: "power", now: 11, written: 50 }]],
      [3, "changed", [{ field: "note", now: "mine", written: undefined }]],
    ])
    expect((await plain.documents()).map(({ code, power }) => [code, power])).toEqual([
      ["S0", 11],
      ["S1", 22],
      ["S100", 22],
      ["S2", 22],
    ])
  })

  for (const transaction of ["atomic", "batched"] as const)
    it(`makes the transaction contend, and the undo find it when it is tried again, ${transaction}`, async () => {
      const plain = scene()
      await plain.insert(stations(0, 3))
      const s = withBefore(plain, edit(plain), false)
      const planned = await s.plan(one)
      await run(commitWith(plain.sink, one, planned))
      expect(await failure(undoWith(s.sink, one, planned, { transaction }))).toMatchObject({
        reason: "Contention",
        isRetryable: true,
      })
      const [undone] = await run(undoWith(s.sink, one, planned, { transaction }))
      expect([...undone!.outcomes]).toEqual([2, 1, 1, 2, 1])
    })
})
