import { Entity, Field, type Sink } from "@waybill/core"
import type { Document } from "mongodb"
import { describe, expect, it } from "vitest"
import { batchOf, counts, failure, run, type Scene, Station, standalone, stations, useScenes } from "./support.ts"

const { client, last, scene } = useScenes()

const withoutId = (documents: ReadonlyArray<Document>) => documents.map(({ _id, ...rest }) => rest)

/** Each way to commit: a scene whose sink does it so. */
const ways: ReadonlyArray<
  readonly [name: string, transaction: Sink.Transaction, make: (options?: Parameters<typeof scene>[0]) => Scene]
> = [
  ["atomic", "atomic", scene],
  ["batched", "batched", scene],
  [
    "batched without transactions",
    "batched",
    (options = {}) => {
      const { db } = scene(options)
      return scene({ ...options, db: standalone(db), at: last() })
    },
  ],
]

for (const [way, transaction, make] of ways)
  describe(`a commit, ${way}`, () => {
    it("does what the plan says, and the next plan finds nothing to do", async () => {
      const s = make()
      await s.insert(stations(0, 30).map((it) => ({ ...it, note: "mine" })))
      const batches = [
        batchOf(Station, 0, [...stations(0, 10), ...stations(10, 10, { power: 50, checked: "2026-01-02T03:04:05Z" })]),
        batchOf(Station, 1, [
          ...stations(100, 10, { location: { type: "Point", coordinates: [1, 2] } }),
          ...stations(20, 10, { power: null }),
        ]),
        batchOf(Station, 2, stations(200, 5)),
      ]
      const planned = await s.plan(batches)
      const done = await run(s.commit(batches, planned, { transaction }))
      expect(counts(done)).toEqual({ created: 15, updated: 20, unchanged: 10, deleted: 0, conflict: 0, failed: 0 })
      expect(done.mismatches).toEqual([])
      expect(done.applied.map(({ outcomes }) => [...outcomes])).toEqual([
        [...Array(10).fill(0), ...Array(10).fill(2)],
        [...Array(10).fill(1), ...Array(10).fill(2)],
        Array(5).fill(1),
      ])
      const documents = await s.documents()
      expect(documents.length).toBe(45)
      const at = (code: string) => withoutId(documents.filter((it) => it["code"] === code))[0]
      expect(at("S10")).toEqual({
        code: "S10",
        name: "Station 10",
        power: 50,
        note: "mine",
        checked: new Date("2026-01-02T03:04:05Z"),
      })
      expect(at("S20")).toEqual({ code: "S20", name: "Station 20", power: null, note: "mine" })
      expect(at("S100")).toEqual({
        code: "S100",
        name: "Station 100",
        power: 22,
        location: { type: "Point", coordinates: [1, 2] },
      })
      const again = await s.plan(batches)
      expect(again.flatMap(({ actions }) => [...actions]).every((action) => action === 0)).toBe(true)
    })

    it("counts what is as planned already as applied", async () => {
      const s = make()
      await s.insert(stations(0, 10))
      const batches = [
        batchOf(Station, 0, [...stations(0, 10, { power: 50 }), ...stations(100, 5)]),
        batchOf(Station, 1, stations(200, 5)),
      ]
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, { transaction }))
      const done = await run(s.commit(batches, planned, { transaction, job: "other" }))
      expect(counts(done)).toMatchObject({ created: 10, updated: 10, conflict: 0 })
      expect((await s.documents()).length).toBe(20)
    })

    // one record of each sort of conflict, and one that has none
    const conflicting = async (s: Scene) => {
      await s.insert(stations(0, 4).map((it) => ({ ...it, location: { town: "Ulm" } })))
      const batches = [
        batchOf(Station, 0, stations(500, 3)),
        batchOf(Station, 1, [...stations(0, 4, { power: 50 }), ...stations(100, 2)]),
      ]
      const planned = await s.plan(batches)
      const collection = s.db.collection(s.name("station"))
      await collection.updateOne({ code: "S0" }, { $set: { power: 11 } })
      await collection.updateOne({ code: "S1" }, { $set: { name: "edited", "location.town": "Bonn" } })
      await collection.deleteOne({ code: "S2" })
      await collection.insertOne({ code: "S100", name: "mine", power: 22 })
      return { batches, planned, before: withoutId(await s.documents()) }
    }

    it("writes nothing of a batch with conflicts under the policy abort", async () => {
      const s = make()
      const { batches, before, planned } = await conflicting(s)
      const done = await run(s.commit(batches, planned, { transaction, onConflict: "abort" }))
      expect([...done.applied[1]!.outcomes]).toEqual([3, 3, 3, 4, 3, 4])
      expect(done.applied[1]!.conflicts.map(({ index }) => index)).toEqual([0, 1, 2, 4])
      const messages = done.applied[1]!.conflicts.map(({ message }) => message)
      expect(messages[0]).toContain("power is 11 instead of 22")
      expect(messages[1]).toContain("name is edited instead of Station 1")
      expect(messages[1]).not.toContain("location")
      expect(messages[2]).toContain("deleted")
      expect(messages[3]).toContain("appeared")
      expect(messages[3]).toContain("name is mine instead of Station 100")
      const now = withoutId(await s.documents())
      const first = now.filter((it) => /^S50/.test(it["code"]))
      expect(now.filter((it) => !first.includes(it))).toEqual(before)
      expect(first.length).toBe(transaction === "atomic" ? 0 : 3)
    })

    it("leaves conflicts out under the policy skip, and verifies the rest", async () => {
      const s = make()
      const { batches, planned } = await conflicting(s)
      const done = await run(s.commit(batches, planned, { transaction, onConflict: "skip" }))
      expect([...done.applied[1]!.outcomes]).toEqual([3, 3, 3, 2, 3, 1])
      expect(done.mismatches).toEqual([])
      const now = new Map((await s.documents()).map((it) => [it["code"], it]))
      expect(now.get("S0")).toMatchObject({ power: 11 })
      expect(now.get("S1")).toMatchObject({ power: 22, name: "edited" })
      expect(now.has("S2")).toBe(false)
      expect(now.get("S3")).toMatchObject({ power: 50 })
      expect(now.get("S100")).toMatchObject({ name: "mine" })
      expect(now.has("S101")).toBe(true)
    })

    it("takes a change of a field that the record leaves alone, or of a volatile one, for none of its business", async () => {
      const s = make()
      await s.insert(stations(0, 2).map((it) => ({ ...it, points: 1, checked: new Date(0), note: "a" })))
      const batches = [batchOf(Station, 0, stations(0, 2, { power: 50 }))]
      const planned = await s.plan(batches)
      await s.db.collection(s.name("station")).updateMany({}, { $set: { points: 9, checked: new Date(1), note: "b" } })
      const done = await run(s.commit(batches, planned, { transaction }))
      expect(counts(done)).toMatchObject({ updated: 2, conflict: 0 })
      expect(withoutId(await s.documents())[0]).toEqual({
        ...stations(0, 1)[0],
        power: 50,
        points: 9,
        checked: new Date(1),
        note: "b",
      })
    })

    it("sees that a record was deleted and made again", async () => {
      const s = make()
      await s.insert(stations(0, 1))
      const batches = [batchOf(Station, 0, stations(0, 1, { power: 50 }))]
      const planned = await s.plan(batches)
      await s.db.collection(s.name("station")).deleteMany({})
      await s.insert(stations(0, 1))
      const done = await run(s.commit(batches, planned, { transaction }))
      expect(done.applied[0]!.conflicts[0]!.message).toContain("deleted and made again")
    })

    it("stops at a place that is no place on earth, says which record and index, and goes on once it is mended", async () => {
      const s = make({ collections: { station: { indexes: [{ key: { location: "2dsphere" } }] } } })
      const point = (longitude: number) => ({ location: { type: "Point", coordinates: [longitude, 50] } })
      const bad = [
        batchOf(Station, 0, stations(0, 5, point(8))),
        batchOf(Station, 1, [...stations(5, 4, point(8)), ...stations(9, 1, point(999))]),
      ]
      const planned = await s.plan(bad)
      const error = await failure(s.commit(bad, planned, { transaction }))
      expect(error).toMatchObject({
        reason: "DataRefused",
        isRetryable: false,
        code: "16755",
        refused: { entity: "station", part: 1, index: 4, constraint: "location_2dsphere" },
      })
      const kept = (await s.documents()).length
      if (transaction === "atomic") expect(kept).toBe(0)
      else if (way === "batched") expect(kept).toBe(5)
      const good = [bad[0]!, batchOf(Station, 1, stations(5, 5, point(8)))]
      const again = await s.plan(good)
      const done = await run(s.commit(good, again, { transaction, job: "mended" }))
      expect(done.mismatches).toEqual([])
      expect((await s.documents()).length).toBe(10)
    })

    it("names the unique index or the validator that refuses a record", async () => {
      const s = make({ collections: { station: { indexes: [{ key: { name: 1 }, unique: true, name: "names" }] } } })
      const batches = [batchOf(Station, 0, [...stations(0, 3), { code: "X", name: "Station 1", power: 1 }])]
      expect(await failure(s.commit(batches, await s.plan(batches), { transaction }))).toMatchObject({
        reason: "DataRefused",
        code: "11000",
        refused: { entity: "station", part: 0, index: 3, constraint: "names" },
      })
      const valid = make()
      await client()
        .db(valid.db.databaseName)
        .createCollection(valid.name("station"), { validator: { power: { $gt: 0 } } })
      await valid.insert(stations(0, 1))
      const changes = [batchOf(Station, 0, [...stations(10, 1), ...stations(0, 1, { power: -1 })])]
      const error = await failure(valid.commit(changes, await valid.plan(changes), { transaction }))
      expect(error).toMatchObject({ reason: "DataRefused", code: "121", refused: { index: 1, constraint: "validator" } })
    })

    it("tells of a refused create in a batch that has updates too", async () => {
      const s = make()
      await client()
        .db(s.db.databaseName)
        .createCollection(s.name("station"), { validator: { power: { $gt: 0 } } })
      await s.insert(stations(0, 2))
      const batches = [batchOf(Station, 0, [...stations(0, 2, { power: 50 }), ...stations(10, 2, { power: -1 })])]
      const error = await failure(s.commit(batches, await s.plan(batches), { transaction }))
      expect(error).toMatchObject({ reason: "DataRefused", code: "121", refused: { index: 2, constraint: "validator" } })
      if (way !== "batched without transactions") expect(withoutId(await s.documents())).toEqual(stations(0, 2))
    })

    it("makes the unique index and the others before the first write, and only where they are missing", async () => {
      const s = make({ collections: { station: { indexes: [{ key: { location: "2dsphere" }, name: "where" }] } } })
      const batches = [batchOf(Station, 0, stations(0, 2))]
      await run(s.commit(batches, await s.plan(batches), { transaction }))
      await run(s.commit(batches, await s.plan(batches), { transaction, job: "second" }))
      const indexes = await client().db(s.db.databaseName).collection(s.name("station")).indexes()
      expect(indexes.map(({ name, unique }) => [name, unique ?? false]).sort()).toEqual([
        ["_id_", false],
        ["code_1", true],
        ["where", false],
      ])
    })

    it("applies several entities in one go", async () => {
      const Operator = Entity.make("operator", {
        key: "name",
        schema: { name: Field.text(), country: Field.nullable(Field.text()) },
      })
      const s = make()
      const batches = [batchOf(Operator, 0, [{ name: "A", country: null }]), batchOf(Station, 0, stations(0, 2))]
      const done = await run(s.commit(batches, await s.plan(batches), { transaction }))
      expect(counts(done)).toMatchObject({ created: 3 })
      expect(done.mismatches).toEqual([])
    })
  })

describe("an atomic commit", () => {
  it("is nothing until it is complete, and nothing for ever once a batch failed", async () => {
    const s = scene()
    const { Effect } = await import("effect")
    const { openCommit } = await import("./support.ts")
    await s.db.createCollection(s.name("station"), { validator: { power: { $gt: 0 } } })
    const batches = [
      batchOf(Station, 0, stations(0, 5)),
      batchOf(Station, 1, stations(5, 5, { power: -1 })),
      batchOf(Station, 2, stations(10, 5)),
    ]
    const planned = await s.plan(batches)
    await run(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* openCommit(s.sink, batches, { transaction: "atomic" })
          yield* session.apply(batches[0]!, planned[0]!)
          expect(yield* Effect.promise(() => s.documents())).toEqual([])
          expect((yield* Effect.flip(session.apply(batches[1]!, planned[1]!))).reason).toBe("DataRefused")
          expect((yield* Effect.flip(session.apply(batches[2]!, planned[2]!))).reason).toBe("Contention")
          expect((yield* Effect.flip(session.complete)).reason).toBe("Contention")
        }),
      ),
    )
    expect(await s.documents()).toEqual([])
    expect(await s.db.collection(s.name("batches")).countDocuments()).toBe(0)
  })

  it("cannot be had of a server without transactions", async () => {
    const { db } = scene()
    const s = scene({ db: standalone(db), at: last() })
    const batches = [batchOf(Station, 0, stations(0, 1))]
    const planned = await s.plan(batches)
    expect(await failure(s.commit(batches, planned, { transaction: "atomic" }))).toMatchObject({ reason: "SchemaMismatch" })
  })
})
