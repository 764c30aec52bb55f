import { Batch, Entity, Field } from "@waybill/core"
import { Effect, Stream } from "effect"
import { Decimal128, Double, Long, ObjectId } from "mongodb"
import { describe, expect, it } from "vitest"
import { batchOf, failure, planWith, run, Station, standalone, stations, useScenes, valuesOf } from "./support.ts"

const { scene, sentDuring } = useScenes()
const actions = (planned: { readonly actions: Uint8Array }) => [...planned.actions]

describe("a plan", () => {
  it("tells creates, updates with their changes, and unchanged records, in order over many batches", async () => {
    const s = scene()
    await s.insert(stations(0, 300))
    const batches = Array.from({ length: 10 }, (_, part) =>
      batchOf(Station, part, [
        ...stations(part * 10, 10),
        ...stations(part * 10 + 100, 5, { power: 50 }),
        ...stations(part * 10 + 1000, 5),
      ]),
    )
    const planned = await s.plan(batches)
    expect(planned.map(({ part }) => part)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    for (const it of planned) {
      expect(actions(it)).toEqual([...Array(10).fill(0), ...Array(5).fill(2), ...Array(5).fill(1)])
      expect(it.updates.map(({ index }) => index)).toEqual([10, 11, 12, 13, 14])
      for (const update of it.updates) expect(update.changes).toEqual([{ field: "power", before: 22, after: 50 }])
    }
  })

  it("shows what a document lacks as undefined, and null as null; fields the record has not are left alone", async () => {
    const s = scene()
    await s.insert([
      { code: "A", name: "a" },
      { code: "B", name: "b", power: null, points: 3 },
      { code: "C", name: "c", power: 1, points: 3, location: { a: 1 } },
    ])
    const [planned] = await s.plan([
      batchOf(Station, 0, [
        { code: "A", name: "a", power: null },
        { code: "B", name: "b", power: null },
        { code: "C", name: "c", power: null, location: null },
      ]),
    ])
    expect(actions(planned!)).toEqual([2, 0, 2])
    expect(planned!.updates.map(({ changes }) => changes)).toEqual([
      [{ field: "power", before: undefined, after: null }],
      [
        { field: "power", before: 1, after: null },
        { field: "location", before: { a: 1 }, after: null },
      ],
    ])
  })

  it("does not count volatile fields", async () => {
    const s = scene()
    await s.insert([{ code: "A", name: "a", power: 1, checked: new Date("2020-01-01T00:00:00Z") }])
    const [planned] = await s.plan([batchOf(Station, 0, [{ code: "A", name: "a", power: 1, checked: "2026-01-01T00:00:00Z" }])])
    expect(actions(planned!)).toEqual([0])
  })

  it("compares numbers by value and documents by members, as MongoDB and JSON do, and nothing else by looks", async () => {
    const s = scene()
    await s.insert([
      {
        code: "A",
        name: "a",
        power: new Double(5),
        points: Long.fromNumber(7),
        location: { b: [1, { y: 1, x: 2 }], a: new Double(1) },
      },
      { code: "B", name: 5, power: Decimal128.fromString("5"), points: "7", location: { a: new ObjectId("0".repeat(24)) } },
      { code: "C", name: new Date(0), power: Number.NaN, points: 7.5, location: new Date(0) },
    ])
    const record = (code: string) => ({ code, name: "a", power: 5, points: 7, location: { a: 1, b: [1, { x: 2, y: 1 }] } })
    const [planned] = await s.plan([batchOf(Station, 0, ["A", "B", "C"].map(record))])
    expect(actions(planned!)).toEqual([0, 2, 2])
    expect(planned!.updates.map(({ changes }) => changes.map(({ before }) => before))).toEqual([
      [5, { $numberDecimal: "5" }, { $string: "7" }, { a: { $oid: "0".repeat(24) } }],
      [{ $date: "1970-01-01T00:00:00.000Z" }, { $numberDouble: "NaN" }, 7.5, { $date: "1970-01-01T00:00:00.000Z" }],
    ])
  })

  it("takes what people added to documents for nothing", async () => {
    const s = scene()
    await s.insert(stations(0, 3).map((it) => ({ note: "mine", ...it, tags: ["x"], nested: { power: 1 } })))
    const [planned] = await s.plan([batchOf(Station, 0, stations(0, 3))])
    expect(actions(planned!)).toEqual([0, 0, 0])
  })

  it("cannot hold some values, and the sink says which", () => {
    const { sink } = scene()
    const found = [
      { code: "A", name: "a", power: 1, location: { $where: 1 } },
      { code: "B", name: "b", power: 1, location: { ok: [{ "a.b": 1 }] } },
      { code: "C", name: "c", power: 1, location: JSON.parse('{"__proto__":{"x":1}}') },
      { code: "D", name: "d", power: 1, location: { _bsontype: "ObjectId" } },
      { code: "E", name: "e", power: 1, location: { "a\0b": 1 } },
      { code: "F", name: "f", power: 1, checked: "2026-01-01T00:00:00.123456Z" },
      { code: "G", name: "g", power: 1, location: Array.from({ length: 120 }).reduce((inner) => [inner], 1) },
      { code: "H", name: "h", power: 1, location: { "": 1, constructor: 2, toString: "x", a$: 1 } },
    ].flatMap((record, index) =>
      sink.unholdable!(Station, valuesOf(Station, record)).map(({ code, column }) => [index, code, column]),
    )
    expect(found).toEqual([
      [0, "mongo.field-name", "location"],
      [1, "mongo.field-name", "location"],
      [2, "mongo.field-name", "location"],
      [3, "mongo.field-name", "location"],
      [4, "mongo.field-name", "location"],
      [5, "mongo.timestamp", "checked"],
      [6, "mongo.depth", "location"],
    ])
  })

  it("is made of what was staged, and says the same of values whatever the order of their keys", async () => {
    const s = scene()
    await s.insert([
      { code: "A", name: "a", power: 1, location: { coordinates: [1, 2], type: "Point" } },
      { code: "B", name: "b", power: 1, location: { a: { b: 1, c: [{ d: 1, e: 2 }] } } },
      { code: "C", name: "c", power: 1, location: { a: 1 } },
    ])
    const given = [
      { code: "A", name: "a", power: 1, location: { type: "Point", coordinates: [1, 2] } },
      { code: "B", name: "b", power: 1, location: { a: { c: [{ e: 2, d: 1 }], b: 1, z: undefined } } },
      { code: "C", name: "c", power: 1, location: { b: 1, a: 1 } },
      { code: "D", name: "d", power: 1 },
    ].map((record) => valuesOf(Station, record))
    const lines = Buffer.from(given.map((values) => `${Batch.writeLine(Station, values)}\n`).join(""))
    const staged = Batch.make({ entity: Station, part: 0, first: 0, count: 4, bytes: lines, records: given })
    const planned = await run(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* s.sink.plan({ job: "job", entities: [Station], preferred: null })
          expect(session.face).toBe("records")
          yield* session.stage(staged)
          return yield* Stream.runCollect(session.plan(Station, Stream.die("what was staged is not read again")))
        }),
      ),
    )
    expect(planned.map(({ actions }) => [...actions])).toEqual([[0, 0, 2, 1]])
    expect(planned[0]!.updates[0]!.changes).toEqual([{ field: "location", before: { a: 1 }, after: { a: 1, b: 1 } }])
    expect(planned).toEqual(await s.plan([Batch.make({ entity: Station, part: 0, first: 0, count: 4, bytes: lines })]))
  })

  it("refuses a document of more than 16 MiB and goes on with the others", async () => {
    const s = scene()
    const large = { code: "L", name: "x".repeat(16 * 1024 * 1024), power: 1 }
    const [planned] = await s.plan([batchOf(Station, 0, [...stations(0, 2), large, ...stations(2, 2)])])
    expect(actions(planned!)).toEqual([1, 1, 3, 1, 1])
    expect(planned!.refusals[0]!.issues[0]!.code).toBe("mongo.size")
    const done = await run(s.commit([batchOf(Station, 0, [...stations(0, 2), large, ...stations(2, 2)])], [planned!]))
    expect([...done.applied[0]!.outcomes]).toEqual([1, 1, 4, 1, 1])
  })

  it("finds the array whose elements are few bytes of JSON and many of BSON too large", async () => {
    const s = scene()
    const [planned] = await s.plan([
      batchOf(Station, 0, [{ code: "L", name: "l", power: 1, location: Array.from({ length: 1_500_000 }, () => 1) }]),
    ])
    expect(planned!.refusals[0]!.issues[0]!.code).toBe("mongo.size")
  })

  it("refuses a record whose key several documents have", async () => {
    const s = scene()
    await s.insert([...stations(0, 2), ...stations(1, 1)])
    const [planned] = await s.plan([batchOf(Station, 0, stations(0, 3))])
    expect(actions(planned!)).toEqual([0, 3, 1])
    expect(planned!.refusals[0]!.issues[0]!.code).toBe("mongo.key-twice")
    const error = await failure(s.commit([batchOf(Station, 0, stations(0, 3))], [planned!]))
    expect(error).toMatchObject({ reason: "SchemaMismatch", code: "11000" })
  })

  it("refuses the second of two keys that MongoDB takes for one", async () => {
    const Tariff = Entity.make("tariff", { key: "price", schema: { price: Field.decimal(), name: Field.text() } })
    const s = scene()
    const [planned] = await s.plan([
      batchOf(Tariff, 0, [
        { price: "1.0", name: "a" },
        { price: "1.00", name: "b" },
        { price: "10", name: "c" },
      ]),
    ])
    expect(actions(planned!)).toEqual([1, 3, 1])
    expect(planned!.refusals[0]!.issues[0]!.code).toBe("mongo.key")
  })

  it("tells which keys exist", async () => {
    const s = scene()
    await s.insert(stations(0, 2))
    const found = await run(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* s.sink.plan({ job: "job", entities: [Station], preferred: null })
          return yield* session.existing(Station, [
            ["S1"],
            ["S7"],
            ["S0"],
            ...Array.from({ length: 9_997 }, (_, at) => [`T${at}`]),
          ])
        }),
      ),
    )
    expect(found).toEqual([true, false, true, ...Array(9_997).fill(false)])
  })

  it("tells values that can never be held without a server", () => {
    const { sink } = scene()
    const problems = (record: object) =>
      sink.unholdable!(Station, valuesOf(Station, record)).map(({ code, column }) => [code, column])
    expect(problems({ code: "A", name: "half \ud800", power: 1 })).toEqual([["mongo.text", "name"]])
    expect(problems({ code: "A", name: "\0 is text \u{1f600}", power: 1, location: { a: "\udfff" } })).toEqual([
      ["mongo.text", "location"],
    ])
    const Tariff = Entity.make("tariff", { key: "name", schema: { name: Field.text(), price: Field.decimal() } })
    const decimals = (price: string) => sink.unholdable!(Tariff, ["x", price]).map(({ code }) => code)
    expect(decimals(`-0.${"0".repeat(60)}${"7".repeat(34)}`)).toEqual([])
    expect(decimals("7".repeat(35))).toEqual(["mongo.decimal"])
    expect(decimals(`${"7".repeat(20)}.${"7".repeat(15)}`)).toEqual(["mongo.decimal"])
  })
})

describe("a plan is pure", () => {
  it("sends nothing but reads, and leaves no collection and no index", async () => {
    const s = scene({ collections: { station: { indexes: [{ key: { location: "2dsphere" } }] } } })
    const before = await s.db.listCollections().toArray()
    const sent = await sentDuring(() => s.plan([batchOf(Station, 0, stations(0, 10))]))
    await s.insert(stations(0, 5), "operator")
    const Operator = Entity.make("operator", { schema: Station.schemas, key: "code" })
    const more = await sentDuring(() => s.plan([batchOf(Operator, 0, stations(0, 10, { power: 3 }))]))
    const reads = ["hello", "listCollections", "listIndexes", "find", "getMore", "endSessions"]
    expect(new Set([...sent, ...more].map(({ commandName }) => commandName).filter((name) => !reads.includes(name)))).toEqual(
      new Set(),
    )
    expect((await s.db.listCollections().toArray()).length).toBe(before.length + 1)
    expect((await s.db.collection(s.name("operator")).indexes()).length).toBe(1)
  })
})

describe("what a plan asks of the target", () => {
  const planning = (s: ReturnType<typeof scene>, preferred: "atomic" | "batched" | null = null) =>
    Effect.scoped(Effect.map(s.sink.plan({ job: "job", entities: [Station], preferred }), ({ transaction }) => transaction))

  it("is atomic where the server has transactions, and batched where it is asked to be or the server has none", async () => {
    const s = scene()
    expect(await run(planning(s))).toBe("atomic")
    expect(await run(planning(s, "batched"))).toBe("batched")
    const alone = scene({ db: standalone(s.db) })
    expect(await run(planning(alone))).toBe("batched")
    expect(await failure(planning(alone, "atomic"))).toMatchObject({ reason: "SchemaMismatch", isRetryable: false })
  })

  it("is an index on the key that is unique, if there is one", async () => {
    const s = scene()
    await s.db.collection(s.name("station")).createIndex({ code: 1 })
    const error = await failure(planWith(s.sink, [batchOf(Station, 0, stations(0, 1))]))
    expect(error.reason).toBe("SchemaMismatch")
    expect(error.message).toContain("not unique")
    const partial = scene()
    await partial.db
      .collection(partial.name("station"))
      .createIndex({ code: 1 }, { unique: true, partialFilterExpression: { name: "x" } })
    expect((await failure(planning(partial))).message).toContain("partial")
  })

  it("is a collection and not a view", async () => {
    const s = scene()
    await s.db.createCollection(s.name("station"), { viewOn: s.name("operator"), pipeline: [] })
    expect(await failure(planning(s))).toMatchObject({ reason: "SchemaMismatch" })
  })
})
