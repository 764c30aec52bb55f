import { Entity, Field, type Sink } from "@waybill/core"
import type { Document } from "mongodb"
import { describe, expect, it } from "vitest"
import {
  batchOf,
  bytesOf,
  failure,
  run,
  type Scene,
  Station,
  standalone,
  stations,
  undoneCounts,
  undoWith,
  useScenes,
} from "./support.ts"

const { last, scene, sentDuring } = useScenes()

const Operator = Entity.make("operator", {
  key: "code",
  schema: { code: Field.text(), parent: Field.optional(Field.nullable(Field.text())) },
})
const Tariff = Entity.make("tariff", {
  key: "code",
  schema: { code: Field.text(), operator: Field.nullable(Field.text()), price: Field.optional(Field.number()) },
  references: { operator: Operator },
})
const ways: ReadonlyArray<readonly [string, Sink.Transaction, boolean]> = [
  ["atomic", "atomic", false],
  ["batched", "batched", false],
  ["batched without transactions", "batched", true],
]

for (const [way, transaction, alone] of ways)
  describe(`an undo, ${way}`, () => {
    const make = (options: Parameters<typeof scene>[0] = {}): Scene => {
      const plain = scene(options)
      return alone ? scene({ ...options, db: standalone(plain.db), at: last() }) : plain
    }
    const context = { transaction }

    it("keeps what somebody changed, and says which fields; what it does not own stays as it is", async () => {
      const s = make()
      await s.insert(stations(0, 4, { checked: "no date" }))
      const batches = [
        batchOf(Station, 0, [
          ...stations(0, 4, { power: 50, checked: "2026-01-02T00:00:00Z" }),
          ...stations(10, 3, { power: 1 }),
        ]),
      ]
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, context))
      const raw = s.db.collection(s.name("station"))
      await raw.updateOne({ code: "S0" }, { $set: { power: 51 } })
      await raw.updateOne({ code: "S1" }, { $set: { note: "mine", points: 3 } })
      await raw.updateOne({ code: "S2" }, { $set: { checked: new Date("2026-02-02") } })
      await raw.updateOne({ code: "S3" }, { $set: { power: 22, checked: "no date" } })
      await raw.updateOne({ code: "S10" }, { $unset: { name: 1 } })
      await raw.updateOne({ code: "S11" }, { $set: { note: "mine" } })
      const [undone] = await run(undoWith(s.sink, batches, planned, context))
      expect([...undone!.outcomes]).toEqual([2, 1, 2, 1, 2, 2, 1])
      expect(undone!.left.map(({ fields, index, kind }) => ({ index, kind, fields }))).toEqual([
        { index: 0, kind: "changed", fields: [{ field: "power", now: 51, written: 50 }] },
        {
          index: 2,
          kind: "changed",
          fields: [{ field: "checked", now: "2026-02-02T00:00:00Z", written: "2026-01-02T00:00:00Z" }],
        },
        { index: 4, kind: "changed", fields: [{ field: "name", now: undefined, written: "Station 10" }] },
        { index: 5, kind: "changed", fields: [{ field: "note", now: "mine", written: undefined }] },
      ])
      const now = new Map((await s.documents()).map(({ _id, ...it }) => [it["code"], it]))
      expect(now.get("S0")).toMatchObject({ power: 51 })
      expect(now.get("S1")).toEqual({ code: "S1", name: "Station 1", power: 22, checked: "no date", note: "mine", points: 3 })
      expect(now.get("S11")).toMatchObject({ note: "mine", power: 1 })
      expect([...now.keys()]).toEqual(["S0", "S1", "S10", "S11", "S2", "S3"])
    })

    it("keeps a document that was deleted and made again, and has nothing to do where one is gone", async () => {
      const s = make()
      await s.insert(stations(0, 3))
      const batches = [batchOf(Station, 0, [...stations(0, 2, { power: 50 }), ...stations(10, 3)])]
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, context))
      const raw = s.db.collection(s.name("station"))
      await raw.deleteMany({ code: { $in: ["S0", "S1", "S10", "S11"] } })
      await raw.insertMany([...stations(0, 1, { power: 50 }), ...stations(10, 1)] as Document[])
      const [undone] = await run(undoWith(s.sink, batches, planned, context))
      expect([...undone!.outcomes]).toEqual([2, 1, 2, 1, 1])
      expect(undone!.left).toMatchObject([
        { index: 0, kind: "changed", fields: [] },
        { index: 2, kind: "changed", fields: [] },
      ])
      expect((await s.documents()).map((it) => it["code"])).toEqual(["S0", "S10", "S2"])
    })

    it("keeps what something else refers to, and only that", async () => {
      const s = make()
      const batches = [
        batchOf(Operator, 0, [{ code: "o1" }, { code: "o2" }, { code: "o3" }, { code: "o4" }]),
        batchOf(Tariff, 0, [
          { code: "t1", operator: "o1" },
          { code: "t2", operator: "o2" },
          { code: "t9", operator: "o4" },
        ]),
      ]
      await s.insert([{ code: "t9", operator: null }], "tariff")
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, context))
      await s.insert([{ code: "theirs", operator: "o3" }], "tariff")
      await s.db.collection(s.name("tariff")).updateOne({ code: "t1" }, { $set: { price: 5 } })
      const undone = await run(undoWith(s.sink, batches, planned, context))
      expect(undone.map(({ outcomes }) => [...outcomes])).toEqual([
        [2, 1, 2, 1],
        [2, 1, 1],
      ])
      expect(undone[0]!.left).toEqual([
        { index: 0, kind: "referenced", message: "1 of tariff refers to it now", fields: [] },
        { index: 2, kind: "referenced", message: "1 of tariff refers to it now", fields: [] },
      ])
      expect((await s.documents("operator")).map((it) => it["code"])).toEqual(["o1", "o3"])
      expect((await s.documents("tariff")).map((it) => [it["code"], it["operator"]])).toEqual([
        ["t1", "o1"],
        ["t9", null],
        ["theirs", "o3"],
      ])
    })

    it("keeps what a kept record of the same entity refers to, along the whole chain", async () => {
      const Tree: Entity.Any = Entity.make("operator", {
        key: "code",
        schema: { code: Field.text(), parent: Field.nullable(Field.text()) },
        references: { parent: Operator },
      })
      const s = make()
      const batches = [
        batchOf(Tree, 0, [
          { code: "a", parent: null },
          { code: "b", parent: "a" },
          { code: "c", parent: "b" },
          { code: "x", parent: null },
          { code: "y", parent: "x" },
        ]),
      ]
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, context))
      await s.insert([{ code: "d", parent: "c" }], "operator")
      const [undone] = await run(undoWith(s.sink, batches, planned, context))
      expect([...undone!.outcomes]).toEqual([2, 2, 2, 1, 1])
      expect((await s.documents("operator")).map((it) => it["code"])).toEqual(["a", "b", "c", "d"])
    })

    it("goes on with the others where the server refuses to have a record back", async () => {
      const s = make({ collections: { station: { indexes: [{ key: { name: 1 }, unique: true, name: "names" }] } } })
      await s.insert(stations(0, 5))
      const batches = [
        batchOf(
          Station,
          0,
          stations(0, 2, { name: "x" }).map((it) => ({ ...it, name: `x${it.code}` })),
        ),
        batchOf(Station, 1, [...stations(2, 3).map((it) => ({ ...it, name: `x${it.code}` })), ...stations(10, 1)]),
        batchOf(Station, 2, stations(20, 2)),
      ]
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, context))
      await s.insert([
        { code: "T1", name: "Station 1" },
        { code: "T2", name: "Station 2" },
        { code: "T4", name: "Station 4" },
      ])
      const undone = await run(undoWith(s.sink, batches, planned, context))
      expect(undone.map(({ outcomes }) => [...outcomes])).toEqual([
        [1, 3],
        [3, 1, 3, 1],
        [1, 1],
      ])
      expect(undone.flatMap(({ left }) => left.map(({ index, kind }) => [index, kind]))).toEqual([
        [1, "refused"],
        [0, "refused"],
        [2, "refused"],
      ])
      for (const { message } of undone.flatMap(({ left }) => left)) expect(message).toContain("11000")
      expect((await s.documents()).map((it) => it["name"])).toEqual([
        "Station 0",
        "xS1",
        "xS2",
        "Station 3",
        "xS4",
        "Station 1",
        "Station 2",
        "Station 4",
      ])
    })

    it("puts values back the other way round than they were written, so that a unique index allows it", async () => {
      const s = make({ collections: { station: { indexes: [{ key: { name: 1 }, unique: true, name: "names" }] } } })
      await s.insert(stations(0, 2))
      const batches = [
        batchOf(Station, 0, [
          { code: "S0", name: "free", power: 22 },
          { code: "S1", name: "Station 0", power: 22 },
        ]),
      ]
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, context))
      expect(undoneCounts(await run(undoWith(s.sink, batches, planned, context)))).toMatchObject({ reversed: 2, errored: 0 })
      expect((await s.documents()).map((it) => it["name"])).toEqual(["Station 0", "Station 1"])
    })

    it("never sends anything about what the job found unchanged, or did not write", async () => {
      const s = make()
      await s.insert(stations(0, 3))
      const batches = [batchOf(Station, 0, [...stations(0, 2), ...stations(2, 1, { power: 50 }), ...stations(10, 2)])]
      const planned = await s.plan(batches)
      // somebody else makes the same record before the commit: it counts as applied, but is not the job's
      await s.insert(stations(10, 1))
      await run(s.commit(batches, planned, context))
      let undone: ReadonlyArray<Sink.UndoneBatch> = []
      const sent = await sentDuring(async () => {
        undone = await run(undoWith(s.sink, batches, planned, context))
      })
      expect([...undone[0]!.outcomes]).toEqual([0, 0, 1, 1, 1])
      const ids = (await s.documents()).filter(({ code }) => code !== "S2").map(({ _id }) => String(_id))
      const writes = sent.filter(
        ({ command }) => command["update"] === s.name("station") || command["delete"] === s.name("station"),
      )
      expect(writes.length).toBeGreaterThan(0)
      for (const id of ids) expect(JSON.stringify(writes.map(({ command }) => command))).not.toContain(id)
      expect((await s.documents()).map(({ code }) => code)).toEqual(["S0", "S1", "S10", "S2"])
    })

    it("tells in a preview what it would do, and writes nothing", async () => {
      const s = make()
      await s.insert(stations(0, 3))
      const batches = [
        batchOf(Operator, 0, [{ code: "o1" }, { code: "o2" }]),
        batchOf(Tariff, 0, [{ code: "t1", operator: "o1" }]),
        batchOf(Station, 0, [...stations(0, 2, { power: 50 }), ...stations(10, 2)]),
      ]
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, context))
      await s.insert([{ code: "theirs", operator: "o2" }], "tariff")
      await s.db.collection(s.name("station")).updateOne({ code: "S0" }, { $set: { power: 51 } })
      const names = ["operator", "tariff", "station", "jobs", "batches", "images"]
      const all = () => Promise.all(names.map((name) => bytesOf(s.db, s.name(name))))
      const before = await all()
      let preview: ReadonlyArray<Sink.UndoneBatch> = []
      const sent = await sentDuring(async () => {
        preview = await run(undoWith(s.sink, batches, planned, { ...context, preview: true }))
      })
      expect(sent.map(({ commandName }) => commandName)).not.toContain("commitTransaction")
      expect(await all()).toEqual(before)
      expect(undoneCounts(preview)).toEqual({ untouched: 0, reversed: 5, kept: 2, errored: 0 })
      expect(await run(undoWith(s.sink, batches, planned, context))).toEqual(preview)
    })
  })

describe("what cannot be taken back", () => {
  it("is said of a job of which nothing is known", async () => {
    const s = scene()
    const batches = [batchOf(Station, 0, stations(0, 1))]
    const planned = await s.plan(batches)
    expect((await failure(undoWith(s.sink, batches, planned))).message).toContain("knows nothing of job job")
  })

  it("is said of a job of whose batches nothing is kept", async () => {
    const s = scene()
    const batches = [batchOf(Station, 0, stations(0, 1))]
    const planned = await s.plan(batches)
    await run(s.commit(batches, planned))
    await s.db.collection(s.name("batches")).deleteMany({})
    expect((await failure(undoWith(s.sink, batches, planned))).message).toContain("has nothing of job job")
  })

  it("is said of a job whose images are gone", async () => {
    const s = scene()
    await s.insert(stations(0, 2))
    const batches = [batchOf(Station, 0, stations(0, 2, { power: 50 }))]
    const planned = await s.plan(batches)
    await run(s.commit(batches, planned))
    await s.db.collection(s.name("images")).deleteMany({})
    expect((await failure(undoWith(s.sink, batches, planned))).message).toContain("no longer has all that was kept")
    expect((await s.documents()).map(({ power }) => power)).toEqual([50, 50])
  })
})
