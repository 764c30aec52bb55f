/** Undos that are cut off at a command, lose their job to another worker, or meet somebody who writes at the same time. */
import type { Sink } from "@waybill/core"
import { Effect, Exit } from "effect"
import type { Db, Document } from "mongodb"
import { describe, expect, it } from "vitest"
import * as MongoSink from "../src/MongoSink.ts"
import { atSomeCommands, type Cut, cutOff } from "./cutOff.ts"
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
const sinkOn = (s: Scene, db: Db) =>
  MongoSink.make({
    db,
    collections: { station: s.name("station") },
    bookkeeping: { jobs: s.name("jobs"), batches: s.name("batches"), images: s.name("images") },
  })

// a commit or an undo that is cut off; with null it is not
const cutAt = <A>(s: Scene, alone: boolean, cut: Cut | null, action: (sink: Sink.Sink) => Effect.Effect<A, Sink.SinkError>) =>
  cutOff({ database, alone, isLast: cut && ((_, number) => number === cut.at), before: cut?.before ?? "it goes out" }, (db) =>
    action(sinkOn(s, db)),
  )

describe.each(ways)("an undo that is cut off, %s", (_, transaction, alone) => {
  const prepared = async () => {
    const s = scene()
    await s.insert(stations(0, 6))
    const before = await bytesOf(s.db, s.name("station"))
    const planned = await s.plan(batches)
    const sink = alone ? sinkOn(s, standalone(s.db)) : s.sink
    await run(commitWith(sink, batches, planned, { transaction }))
    return { s, sink, planned, before, after: await bytesOf(s.db, s.name("station")) }
  }

  it("before a command goes out or its answer comes in, whichever it is: a new session goes on, and everything is as before", async () => {
    const whole = await prepared()
    const undisturbed = await cutAt(whole.s, alone, null, (it) => undoWith(it, batches, whole.planned, { transaction }))
    expect(Exit.isSuccess(undisturbed.exit)).toBe(true)
    await atSomeCommands(undisturbed.sent, async (cut) => {
      const { after, before, planned, s, sink } = await prepared()
      const { exit } = await cutAt(s, alone, cut, (it) => undoWith(it, batches, planned, { transaction }))
      const between = await bytesOf(s.db, s.name("station"))
      // the last commands only say goodbye
      if (cut.at <= undisturbed.sent - 4) expect(Exit.isFailure(exit), JSON.stringify(cut)).toBe(true)
      if (Exit.isSuccess(exit)) expect(between).toEqual(before)
      if (transaction === "atomic") expect([before, after]).toContainEqual(between)
      const undone = await run(undoWith(sink, batches, planned, { transaction, token: 2 }))
      expect(undoneCounts(undone), JSON.stringify(cut)).toEqual(expected)
      expect(await bytesOf(s.db, s.name("station"))).toEqual(before)
    })
  })
})

describe("a commit without transactions that is cut off", () => {
  const prepared = async () => {
    const s = scene()
    await s.insert(stations(0, 6))
    return { s, before: await bytesOf(s.db, s.name("station")), planned: await s.plan(batches) }
  }

  it("before a command goes out or its answer comes in, whichever it is: it is taken back, finished or not", async () => {
    const whole = await prepared()
    const undisturbed = await cutAt(whole.s, true, null, (it) => commitWith(it, batches, whole.planned))
    expect(Exit.isSuccess(undisturbed.exit)).toBe(true)
    await atSomeCommands(undisturbed.sent, async (cut) => {
      const { before, planned, s } = await prepared()
      await cutAt(s, true, cut, (it) => commitWith(it, batches, planned))
      const sink = sinkOn(s, standalone(s.db))
      // a worker that died before it had the job, or a batch, has written nothing
      const isBegun = (await s.db.collection(s.name("batches")).countDocuments()) > 0
      // finished by another worker for every other command, and each command once by one of the two cuts
      if (!isBegun || (cut.at % 2 === 0) === (cut.before === "it goes out"))
        await run(commitWith(sink, batches, planned, { token: 2 }))
      const undone = await run(undoWith(sink, batches, planned))
      expect(undoneCounts(undone), JSON.stringify(cut)).toMatchObject({ kept: 0, errored: 0 })
      expect(await bytesOf(s.db, s.name("station")), JSON.stringify(cut)).toEqual(before)
    })
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
