import type { Sink } from "@waybill/core"
import fc from "fast-check"
import { BSONRegExp, Code, Decimal128, type Document, Double, Int32, Long, MaxKey, ObjectId, Timestamp } from "mongodb"
import { describe, expect, it } from "vitest"
import { batchOf, bytesOf, run, type Scene, Station, standalone, stations, undoneCounts, undoWith, useScenes } from "./support.ts"
import { kinds, Thing } from "./things.ts"

const { last, scene } = useScenes()

const written = {
  text: "new",
  integer: 7,
  bigint: "8",
  number: 9,
  decimal: "1.5",
  boolean: true,
  date: "2026-01-02",
  timestamp: "2026-01-02T03:04:05Z",
  json: { new: [1] },
}
const nested = { fields: { json: "deep.down.json", decimal: "deep.decimal", number: "far.number" } }

const ways: ReadonlyArray<readonly [string, Sink.Transaction, boolean]> = [
  ["atomic", "atomic", false],
  ["batched", "batched", false],
  ["batched without transactions", "batched", true],
]

for (const [way, transaction, alone] of ways)
  describe(`what an undo puts back, ${way}`, () => {
    const make = (options: Parameters<typeof scene>[0] = {}): Scene => {
      const plain = scene(options)
      return alone ? scene({ ...options, db: standalone(plain.db), at: last() }) : plain
    }
    const context = { transaction }

    it("puts every kind of value back bit for bit, also what no field of the kind could hold", async () => {
      const odd: ReadonlyArray<unknown> = [
        5,
        new Double(5),
        new Double(-0),
        new Long(5),
        Long.fromString("9007199254740993"),
        Decimal128.fromString("1.500"),
        Decimal128.fromString("15E-1"),
        "text",
        null,
        [1, new Double(2), [{ z: 1, a: 2 }]],
        new Map<string, unknown>([
          ["z", 1],
          ["2", new Int32(1)],
          ["1", new Map([["__proto__", 3]])],
          ["a", { $ref: "x", $id: 1, extra: true }],
        ]),
        new Date(-1),
        new ObjectId(),
        new BSONRegExp("a", "i"),
        new Code("x"),
        new MaxKey(),
        new Timestamp({ t: 1, i: 2 }),
        Buffer.from("bytes"),
      ]
      for (const options of [{}, { collections: { thing: nested } }]) {
        const s = make(options)
        const raw = s.db.collection(s.name("thing"))
        const at = (kind: string) => (options.collections === undefined ? kind : ((nested.fields as Document)[kind] ?? kind))
        for (const [index, value] of odd.entries()) {
          const document: Document = { mine: index, code: `K${index}`, other: { 2: 1, a: value } }
          for (const kind of Object.keys(kinds)) {
            const names = String(at(kind)).split(".")
            let parent = document
            for (const name of names.slice(0, -1)) parent = parent[name] ??= {}
            parent[names.at(-1)!] = value
          }
          await raw.insertOne(document, { ignoreUndefined: true })
        }
        // fields and the documents around them that are not there, and some of these that are
        await raw.insertMany([
          { code: "none" },
          { code: "some", deep: { note: 1 }, far: {} },
          { code: "more", deep: { down: {} }, text: null },
        ])
        const before = await bytesOf(s.db, s.name("thing"))
        const records = [...odd.keys()].map((index) => ({ code: `K${index}`, ...written }))
        const batches = [
          batchOf(Thing, 0, [...records, ...["none", "some", "more", "made"].map((code) => ({ code, ...written }))]),
        ]
        const planned = await s.plan(batches)
        expect(planned[0]!.updates).toHaveLength(odd.length + 3)
        const done = await run(s.commit(batches, planned, context))
        expect(done.mismatches).toEqual([])
        expect(await bytesOf(s.db, s.name("thing"))).not.toEqual(before)
        const undone = await run(undoWith(s.sink, batches, planned, context))
        expect(undone[0]!.left).toEqual([])
        expect(undoneCounts(undone)).toEqual({ untouched: 0, reversed: odd.length + 4, kept: 0, errored: 0 })
        expect(await bytesOf(s.db, s.name("thing"))).toEqual(before)
      }
    })

    it("leaves a document that was made for a path where somebody put something else into it", async () => {
      const s = make({ collections: { thing: nested } })
      const raw = s.db.collection(s.name("thing"))
      await raw.insertMany([{ code: "a" }, { code: "b" }] as Document[])
      const batches = [
        batchOf(
          Thing,
          0,
          ["a", "b"].map((code) => ({ code, ...written })),
        ),
      ]
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, context))
      await raw.updateOne({ code: "a" }, { $set: { "deep.down.note": 1 } })
      expect(undoneCounts(await run(undoWith(s.sink, batches, planned, context)))).toMatchObject({ reversed: 2 })
      expect(await raw.find({}, { projection: { _id: 0 }, sort: { code: 1 } }).toArray()).toEqual([
        { code: "a", deep: { down: { note: 1 } } },
        { code: "b" },
      ])
    })

    it("is what was there before, whatever was there and whatever the commit did", async () => {
      const name = fc.constantFrom("a", "b", "2", "1", "__proto__", "$x")
      const { value } = fc.letrec<{ value: unknown }>((tie) => ({
        value: fc.oneof(
          { maxDepth: 3 },
          fc.constantFrom(null, true, "", "é", 0, 5, new Double(5), new Double(-0), Long.fromNumber(5), new Date(0)),
          fc
            .constantFrom(Decimal128.fromString("1.50"), new ObjectId(), MaxKey, new Int32(3))
            .map((it) => (it === MaxKey ? new MaxKey() : it)),
          fc.array(tie("value"), { maxLength: 3 }),
          fc.uniqueArray(fc.tuple(name, tie("value")), { selector: ([it]) => it, maxLength: 3 }).map((it) => new Map(it)),
        ),
      }))
      const optional = (of: fc.Arbitrary<unknown>) => fc.oneof(of, fc.constant(undefined))
      const there = fc.record({ text: optional(value), json: optional(value), decimal: optional(value), extra: optional(value) })
      const wanted = fc.record({
        text: fc.constantFrom(undefined, null, "é", "new"),
        json: fc.constantFrom(undefined, null, 5, { a: 1 }, [1]),
        decimal: fc.constantFrom(undefined, null, "1.50", "1.5"),
      })
      const drawn = fc.array(fc.tuple(fc.option(there), fc.option(wanted)), { minLength: 1, maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(drawn, fc.boolean(), async (cases, isNested) => {
          const s = make(isNested ? { collections: { thing: nested } } : {})
          const held = [...cases.entries()].flatMap(([index, [before]]) => {
            if (before === null) return []
            const { decimal, extra, json, text } = before
            const document: Document = { code: `K${index}`, text, extra }
            if (!isNested) return [{ ...document, json, decimal }]
            return [json === undefined && decimal === undefined ? document : { ...document, deep: { decimal, down: { json } } }]
          })
          const raw = s.db.collection(s.name("thing"))
          if (held.length > 0) await raw.insertMany(held, { ignoreUndefined: true })
          const before = await bytesOf(s.db, s.name("thing"))
          const records = [...cases.entries()].flatMap(([index, [, now]]) =>
            now === null ? [] : [{ code: `K${index}`, ...now }],
          )
          const half = Math.ceil(records.length / 2)
          const batches = [records.slice(0, half), records.slice(half)]
            .filter((it) => it.length > 0)
            .map((it, part) => batchOf(Thing, part, it))
          if (batches.length === 0) return
          const planned = await s.plan(batches)
          const done = await run(s.commit(batches, planned, context))
          const written = done.applied.flatMap(({ outcomes }) => [...outcomes]).filter((it) => it === 1 || it === 2).length
          const undone = await run(undoWith(s.sink, batches, planned, context))
          expect(await bytesOf(s.db, s.name("thing"))).toEqual(before)
          expect(undoneCounts(undone)).toEqual({ untouched: records.length - written, reversed: written, kept: 0, errored: 0 })
        }),
        { numRuns: 12 },
      )
    })

    it("may be more than a document holds", async () => {
      const s = make()
      const big = "x".repeat(3 * 1024 * 1024)
      await s.insert(stations(0, 7, { location: big }))
      const before = await bytesOf(s.db, s.name("station"))
      const batches = [batchOf(Station, 0, stations(0, 7, { location: 1 }))]
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, context))
      const images = await s.db.collection(s.name("images")).find().toArray()
      expect(images.length).toBeGreaterThan(4)
      expect(undoneCounts(await run(undoWith(s.sink, batches, planned, context)))).toMatchObject({ reversed: 7 })
      expect(await bytesOf(s.db, s.name("station"))).toEqual(before)
    })

    it("costs a batch of creates no document of its own, and few bytes", async () => {
      const s = make()
      const batches = [batchOf(Station, 0, stations(0, 1000))]
      const planned = await s.plan(batches)
      await run(s.commit(batches, planned, context))
      expect(await s.db.collection(s.name("images")).countDocuments()).toBe(0)
      const [kept] = await s.db.collection(s.name("batches")).find().toArray()
      expect(kept!["made"].length()).toBeLessThan(100)
    })
  })
