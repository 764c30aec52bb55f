import { Effect, Layer, Schema, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Cell, Engine, Entity, Field, Import, type JobStore, Mirror, type SnapshotStore } from "../src/index.ts"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "../src/memory/index.ts"
import { TestSource } from "../src/testing/index.ts"

const run = <A, E>(effect: Effect.Effect<A, E, JobStore.JobStore | SnapshotStore.SnapshotStore>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)))

const Station = Entity.make("station", {
  schema: { id: Field.text(), country: Field.text(), power: Field.integer(), active: Field.boolean() },
  key: "id",
})

const columns = ["id", "country", "power"]
const stations = (sink: MemorySink.MemorySink, guards: { maxCount?: number; maxShare?: number } = {}, batch = 5_000) =>
  Import.make({
    name: "stations",
    row: Schema.Struct({ id: Cell.text(), country: Cell.text(), power: Cell.integer() }),
    entities: [Station],
    map: (row) => [Station.of({ ...row, active: true })],
    mirrors: [Mirror.mark(Station, { set: { active: false }, scope: { country: "PT" }, ...guards })],
    sink,
    allowPartial: true,
    limits: { batch },
  })

const feed = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => TestSource.make({ columns, rows })
const rowsOf = (from: number, to: number, country = "PT") =>
  Array.from({ length: to - from }, (_, at) => [`${country}${from + at}`, country, from + at])

const held = (sink: MemorySink.MemorySink) =>
  new Map([...(sink.tables.get("station") ?? [])].map(([id, values]) => [id, values[3]]))

describe("a mirror", () => {
  test("marks what the feed has no more, in its scope only, and the preview shows it", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        yield* Engine.run(stations(sink), feed([...rowsOf(0, 10), ...rowsOf(0, 3, "ES")]))
        const job = yield* Engine.validate(stations(sink), feed(rowsOf(1, 11)))
        expect(job.counts.entities["station"]).toMatchObject({ records: 11, created: 1, updated: 1, unchanged: 9, missing: 1 })
        const changes = yield* Stream.runCollect(Engine.changes(stations(sink), job.id))
        expect(changes.filter(({ action }) => action === "update")).toMatchObject([
          {
            entity: "station",
            key: "PT0",
            ref: "missing:station:PT0",
            action: "update",
            changes: [{ field: "active", before: true, after: false }],
            issues: [],
          },
        ])
        const done = yield* Engine.commit(stations(sink), job.id)
        expect(done).toMatchObject({ status: "success", counts: { created: 1, updated: 1, unchanged: 9 } })
        expect(held(sink).get("PT0")).toBe(false)
        expect([...held(sink).values()].filter((active) => active === false)).toHaveLength(1)
        // marked already: not missing a second time, and back when it is back
        const again = yield* Engine.run(stations(sink), feed(rowsOf(1, 11)))
        expect(again.counts).toMatchObject({ updated: 0, unchanged: 10 })
        const back = yield* Engine.run(stations(sink), feed(rowsOf(0, 11)))
        expect(back.counts).toMatchObject({ updated: 1, unchanged: 10 })
        expect(held(sink).get("PT0")).toBe(true)
      }),
    ))

  test("marks with a null as well", () =>
    run(
      Effect.gen(function* () {
        const Place = Entity.make("place", { schema: { id: Field.text(), seen: Field.nullable(Field.text()) }, key: "id" })
        const sink = MemorySink.make()
        const places = Import.make({
          name: "places",
          row: Schema.Struct({ id: Cell.text(), seen: Cell.text() }),
          entities: [Place],
          map: Import.columns(Place),
          mirrors: [Mirror.mark(Place, { set: { seen: null }, maxShare: 1 })],
          sink,
        })
        const of = (ids: ReadonlyArray<string>) =>
          TestSource.make({ columns: ["id", "seen"], rows: ids.map((id) => [id, "yes"]) })
        yield* Engine.run(places, of(["a", "b"]))
        expect(yield* Engine.run(places, of(["a"]))).toMatchObject({ status: "success", counts: { updated: 1, unchanged: 1 } })
        expect(sink.tables.get("place")!.get("b")).toEqual(["b", null])
      }),
    ))

  test("can be left out of a job", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        yield* Engine.run(stations(sink), feed(rowsOf(0, 10)))
        const job = yield* Engine.run(stations(sink), feed(rowsOf(9, 10)), { mirrors: false })
        expect(job).toMatchObject({ status: "success", counts: { unchanged: 1 } })
      }),
    ))

  test.each([
    ["an empty feed", [], {}, "mirror.empty"],
    ["a feed without a record of the entity", [["", "PT", 1]], {}, "mirror.rejected"],
    // a file that was cut off in a row
    ["a truncated feed", [...rowsOf(0, 95), ["PT95"]], {}, "mirror.rejected"],
    ["a feed that lost 60 %", rowsOf(0, 40), {}, "mirror.share"],
    ["a feed that lost one more than it may", rowsOf(0, 89), { maxCount: 10 }, "mirror.count"],
    ["a feed that lost more than a share it may", rowsOf(0, 94), { maxShare: 0.05 }, "mirror.share"],
  ] as const)("refuses %s, names the guard, and writes nothing", (_, rows, guards, code) =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        yield* Engine.run(stations(sink), feed([...rowsOf(0, 100), ...rowsOf(0, 1000, "ES")]))
        const before = structuredClone(sink.tables)
        const job = yield* Engine.run(stations(sink, guards), feed(rows))
        expect(job).toMatchObject({ status: "failed", plan: null, failure: { code, retryable: false } })
        expect(sink.tables).toEqual(before)
      }),
    ),
  )

  test("goes up to its guards", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        yield* Engine.run(stations(sink), feed(rowsOf(0, 100)))
        const job = yield* Engine.run(stations(sink, { maxCount: 20 }), feed(rowsOf(0, 80)))
        expect(job).toMatchObject({ status: "success", counts: { updated: 20, unchanged: 80 } })
      }),
    ))

  test("marks just the missing ones of its scope, whatever the feeds and the batches are", async () => {
    const ids = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(ids, ids, fc.integer({ min: 1, max: 7 }), (first, second, batch) =>
        run(
          Effect.gen(function* () {
            const sink = MemorySink.make()
            const definition = stations(sink, { maxShare: 1 }, batch)
            const of = (some: ReadonlyArray<number>) => feed(some.map((id) => [`${id}`, id % 3 === 0 ? "ES" : "PT", id]))
            yield* Engine.run(definition, of(first))
            const job = yield* Engine.run(definition, of(second))
            expect(job.status).toBe("success")
            for (const [id, active] of held(sink)) expect(active, id).toBe(second.includes(Number(id)) || Number(id) % 3 === 0)
            expect((yield* Engine.run(definition, of(second))).counts).toMatchObject({ created: 0, updated: 0 })
          }),
        ),
      ),
      { numRuns: 60 },
    )
  })

  test("that makes no sense is a defect", () => {
    const mark = (options: object) => () => Mirror.mark(Station, options as Mirror.Options<any>)
    expect(mark({ set: {} })).toThrow("it sets nothing")
    expect(mark({ set: { gone: true } })).toThrow("set gone is not one of its fields")
    expect(mark({ set: { id: "x" } })).toThrow("part of its key")
    expect(mark({ set: { country: "x" }, scope: { country: "PT" } })).toThrow("part of its scope")
    expect(mark({ set: { active: "no" } })).toThrow("set active cannot have that value")
    expect(mark({ set: { active: false }, maxShare: 60 })).toThrow("maxShare is from 0 to 1")
    const Other = Entity.make("other", { schema: { id: Field.text(), active: Field.boolean() }, key: "id" })
    const mirrors = [Mirror.mark(Other, { set: { active: false } })]
    const { entities, map, row, sink } = stations(MemorySink.make())
    expect(() => Import.make({ name: "x", row, entities, map: map as never, sink, mirrors })).toThrow("not among its entities")
  })
})
