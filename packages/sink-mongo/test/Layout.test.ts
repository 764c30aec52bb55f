import { Entity, Field } from "@waybill/core"
import { describe, expect, it } from "vitest"
import * as MongoSink from "../src/MongoSink.ts"
import { batchOf, counts, run, useScenes } from "./support.ts"

const { scene } = useScenes()

const Price = Entity.make("price", {
  key: ["country", "sku", "from"],
  schema: { from: Field.date(), sku: Field.integer(), amount: Field.decimal(), country: Field.text() },
})
const prices = (count: number, amount = "1.50") =>
  Array.from({ length: count }, (_, at) => ({
    from: `2026-01-${String((at % 28) + 1).padStart(2, "0")}`,
    sku: Math.floor(at / 7),
    country: ["DE", "FR"][at % 2]!,
    amount,
  }))

describe("a key of several fields", () => {
  for (const transaction of ["atomic", "batched"] as const)
    it(`is one unique index and finds just its records, ${transaction}`, async () => {
      const s = scene({ collections: { price: {} } })
      const all = prices(400)
      const unique = [...new Map(all.map((it) => [`${it.country} ${it.sku} ${it.from}`, it])).values()]
      await s.insert(
        unique.slice(0, 100).map(({ amount, from, ...rest }) => ({ ...rest, from: new Date(from), amount: 7 })),
        "price",
      )
      const batches = [batchOf(Price, 0, unique.slice(50, 200)), batchOf(Price, 1, unique.slice(200))]
      const planned = await s.plan(batches)
      const done = await run(s.commit(batches, planned, { transaction }))
      expect(counts(done)).toMatchObject({ created: unique.length - 100, updated: 50 })
      expect(done.mismatches).toEqual([])
      expect((await s.plan(batches)).every(({ actions }) => actions.every((action) => action === 0))).toBe(true)
      const indexes = await s.db.collection(s.name("price")).indexes()
      expect(indexes.map(({ key, unique }) => [Object.keys(key), unique ?? false])).toContainEqual([
        ["country", "sku", "from"],
        true,
      ])
    })
})

describe("a key that is the _id", () => {
  it("needs no other index, and conflicts as any other", async () => {
    const Unit = Entity.make("unit", { key: "code", schema: { code: Field.text(), name: Field.text() } })
    const s = scene({ collections: { unit: { fields: { code: "_id" } } } })
    const batches = [
      batchOf(Unit, 0, [
        { code: "m", name: "metre" },
        { code: "s", name: "second" },
      ]),
    ]
    const planned = await s.plan(batches)
    await s.insert([{ _id: "s", name: "siemens" }], "unit")
    const done = await run(s.commit(batches, planned, { onConflict: "skip" }))
    expect(counts(done)).toMatchObject({ created: 1, conflict: 1 })
    const next = [batchOf(Unit, 0, [{ code: "m", name: "meter" }])]
    expect(counts(await run(s.commit(next, await s.plan(next), { job: "next" })))).toMatchObject({ updated: 1 })
    expect(await s.documents("unit")).toEqual(
      expect.arrayContaining([
        { _id: "m", name: "meter" },
        { _id: "s", name: "siemens" },
      ]),
    )
    expect(await s.db.collection(s.name("unit")).indexes()).toHaveLength(1)
  })
})

describe("fields that lie elsewhere", () => {
  it("are written, compared and indexed where they lie, beside what else lies there", async () => {
    const Place = Entity.make("place", {
      key: "code",
      schema: {
        code: Field.text(),
        latitude: Field.nullable(Field.number()),
        longitude: Field.number(),
        "a.b": Field.optional(Field.text()),
      },
    })
    const s = scene({
      collections: {
        place: { fields: { code: "ids.code", latitude: "position.lat", longitude: "position.lng", "a.b": "ab" } },
      },
    })
    await s.insert(
      [
        { ids: { code: "A", other: 1 }, position: { lat: 1, lng: 2, height: 3 } },
        { ids: { code: "B" }, position: { lng: 2 } },
      ],
      "place",
    )
    const batches = [
      batchOf(Place, 0, [
        { code: "A", latitude: 5, longitude: 2, "a.b": "x" },
        { code: "B", latitude: null, longitude: 2 },
        { code: "C", latitude: 1, longitude: 2 },
      ]),
    ]
    const planned = await s.plan(batches)
    expect(planned[0]!.updates.map(({ changes }) => changes)).toEqual([
      [
        { field: "latitude", before: 1, after: 5 },
        { field: "a.b", before: undefined, after: "x" },
      ],
      [{ field: "latitude", before: undefined, after: null }],
    ])
    const done = await run(s.commit(batches, planned))
    expect(done.mismatches).toEqual([])
    const documents = (await s.documents("place")).map(({ _id, ...rest }) => rest)
    expect(documents).toEqual(
      expect.arrayContaining([
        { ids: { code: "A", other: 1 }, position: { lat: 5, lng: 2, height: 3 }, ab: "x" },
        { ids: { code: "B" }, position: { lng: 2, lat: null } },
        { ids: { code: "C" }, position: { lat: 1, lng: 2 } },
      ]),
    )
  })

  it("are refused where a document has something else in place of what they lie in", async () => {
    const Place = Entity.make("place", { key: "code", schema: { code: Field.text(), latitude: Field.number() } })
    const s = scene({ collections: { place: { fields: { latitude: "position.at.lat" } } } })
    await s.insert(
      [{ code: "A", position: null }, { code: "B", position: { at: [1] } }, { code: "C", position: {} }, { code: "D" }],
      "place",
    )
    const batches = [
      batchOf(
        Place,
        0,
        ["A", "B", "C", "D"].map((code) => ({ code, latitude: 1 })),
      ),
    ]
    const planned = await s.plan(batches)
    expect([...planned[0]!.actions]).toEqual([3, 3, 2, 2])
    expect(planned[0]!.refusals.map(({ issues }) => issues[0]!.code)).toEqual(["mongo.parent", "mongo.parent"])
    expect(counts(await run(s.commit(batches, planned)))).toMatchObject({ updated: 2, failed: 2 })
  })

  it("cannot lie in each other, nor where MongoDB or the driver means something else", () => {
    const { db } = scene()
    const Thing = Entity.make("thing", { key: "code", schema: { code: Field.text(), a: Field.text(), b: Field.text() } })
    const use = (fields: Record<string, string>, entity: Entity.Any = Thing) =>
      MongoSink.make({ db, collections: { [entity.name]: { fields } } }).unholdable!(entity, ["x", "y", "z"])
    expect(use({ a: "x.y", b: "x.z" })).toEqual([])
    for (const fields of [
      { a: "b" },
      { a: "b.c" },
      { a: "" },
      { a: "x..y" },
      { a: "$x" },
      { a: "x.$y" },
      { a: "__proto__" },
      { a: "_id" },
      { code: "_id.x" },
      { c: "x" },
    ])
      expect(() => use(fields as Record<string, string>), JSON.stringify(fields)).toThrow(TypeError)
    const Dotted = Entity.make("dotted", { key: "code", schema: { code: Field.text(), "a.b": Field.text() } })
    expect(() => use({}, Dotted)).toThrow("has a dot")
  })

  it("are told apart from what objects inherit", async () => {
    const Odd = Entity.make("odd", {
      key: "code",
      schema: { code: Field.text(), constructor: Field.optional(Field.text()), toString: Field.nullable(Field.text()) },
    })
    const s = scene({ collections: { odd: {} } })
    await s.insert([{ code: "A" }], "odd")
    const [planned] = await s.plan([batchOf(Odd, 0, [{ code: "A", constructor: "x", toString: null }])])
    expect(planned!.updates[0]!.changes.map(({ before }) => before)).toEqual([undefined, undefined])
  })
})
