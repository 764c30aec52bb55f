/** Mirrors that delete: behind their guards, what the feed has no more and nothing refers to is gone after the commit, and back after an undo. */
import { Effect, Schedule, Schema, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Cell, Engine, Entity, Field, Import, JobStore, Mirror, Source, Summary } from "../src/index.ts"
import { childrenFirst } from "../src/internal/childrenFirst.ts"
import { MemorySink } from "../src/memory/index.ts"
import { TestSource } from "../src/testing/index.ts"
import { breaking, breakingSink } from "./support/breaking.ts"
import { run } from "./support/products.ts"

const Operator = Entity.make("operator", { schema: { id: Field.text(), title: Field.text() }, key: "id" })
const Station = Entity.make("station", {
  schema: { id: Field.text(), country: Field.text(), power: Field.integer(), operator: Field.nullable(Field.text()) },
  key: "id",
  references: { operator: Operator },
  volatile: ["power"],
})
// refers to another one of its own
const Part = Entity.make("part", { schema: { id: Field.text(), of: Field.nullable(Field.text()) }, key: "id" })
Object.assign(Part, { references: [{ name: "of", entity: Part, positions: [1] }] })

const columns = ["id", "country", "power", "operator", "title"]
const Row = Schema.Struct({
  id: Cell.optional(Cell.text()),
  country: Cell.optional(Cell.text()),
  power: Cell.optional(Cell.integer()),
  operator: Cell.optional(Cell.text()),
  title: Cell.optional(Cell.text()),
})
type Options = Partial<Import.Options<typeof Row.Type>>

const stations = (sink: MemorySink.MemorySink, options: Options = {}, guards: { maxCount?: number; maxShare?: number } = {}) =>
  Import.make<typeof Row.Type>({
    name: "stations",
    row: Row,
    entities: [Station, Operator],
    map: ({ country, id, operator, power, title }) => [
      ...(title === null ? [] : [Operator.of({ id: operator!, title })]),
      ...(id === null ? [] : [Station.of({ id, country: country!, power: power!, operator })]),
    ],
    mirrors: [Mirror.remove(Station, { scope: { country: "PT" }, ...guards })],
    sink,
    ...options,
  })

const feed = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => TestSource.make({ columns, rows })
const rowsOf = (from: number, to: number, country = "PT") =>
  Array.from({ length: to - from }, (_, at) => [`${country}${from + at}`, country, from + at, null, null])
const keys = (sink: MemorySink.MemorySink, entity = "station") => [...(sink.tables.get(entity)?.keys() ?? [])].sort()

describe("a mirror that deletes", () => {
  test.each(["atomic", "batched"] as const)("deletes what the feed has no more, in its scope only: %s", (transaction) =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const definition = stations(sink, { transaction })
        yield* Engine.run(definition, feed([...rowsOf(0, 10), ...rowsOf(0, 3, "ES")]))
        const before = structuredClone(sink.tables)
        const preview = yield* Engine.validate(definition, feed(rowsOf(1, 11)))
        expect(preview).toMatchObject({ status: "pending", counts: { created: 1, unchanged: 9, deleted: 1 } })
        expect(preview.counts.entities["station"]).toMatchObject({
          records: 11,
          created: 1,
          unchanged: 9,
          deleted: 1,
          missing: 1,
        })
        expect(sink.tables).toEqual(before)
        const changes = yield* Stream.runCollect(Engine.changes(definition, preview.id))
        expect(changes.filter(({ action }) => action === "delete")).toMatchObject([
          { entity: "station", key: "PT0", ref: "missing:station:PT0", action: "delete", changes: [], issues: [] },
        ])
        const done = yield* Engine.commit(definition, preview.id)
        expect(done).toMatchObject({ status: "success", counts: { created: 1, unchanged: 9, deleted: 1 } })
        expect(Summary.unbalanced(done.counts)).toEqual([])
        expect(keys(sink)).toEqual([...before.get("station")!.keys(), "PT10"].filter((key) => key !== "PT0").sort())
        expect((yield* Engine.run(definition, feed(rowsOf(1, 11)), { force: true })).counts).toMatchObject({
          deleted: 0,
          unchanged: 10,
        })
        const undo = yield* Engine.undo(definition, preview.id)
        expect(undo).toMatchObject({ status: "success", undo: { reversed: 2, kept: 0, errored: 0 } })
        expect(new Map([...sink.tables.get("station")!].sort())).toEqual(new Map([...before.get("station")!].sort()))
      }),
    ),
  )

  const broken = (rows: ReadonlyArray<ReadonlyArray<unknown>>, pages: number): Source.Source => {
    const source = TestSource.make({ columns, rows, pageRows: 10 })
    const error = new Source.SourceError({ reason: "Malformed", message: "the file ends in a row", isRetryable: false })
    return { ...source, read: (from) => Stream.concat(Stream.take(source.read(from), pages), Stream.fail(error)) }
  }
  test.each([
    ["an empty feed", feed([]), {}, {}, "mirror.empty"],
    ["a feed without a record of the entity", feed([[null, null, null, "op", "Op"]]), {}, {}, "mirror.empty"],
    ["a feed cut off in a row", feed([...rowsOf(0, 99), ["PT99", "PT", "9x"]]), {}, { allowPartial: true }, "mirror.rejected"],
    ["a feed whose source ends with an error", broken(rowsOf(0, 100), 9), {}, {}, "source.Malformed"],
    ["a feed whose source ends early, without a word", feed(rowsOf(0, 79)), {}, {}, "mirror.share"],
    ["a feed that lost 60 %", feed(rowsOf(0, 40)), {}, {}, "mirror.share"],
    ["a feed that lost one more than it may", feed(rowsOf(0, 89)), { maxCount: 10 }, {}, "mirror.count"],
    [
      "a feed that lost more than the import may delete",
      feed(rowsOf(0, 94)),
      {},
      { limits: { maxDeleted: 5 } },
      "limit.maxDeleted",
    ],
  ] as const)("refuses %s, names the guard, and writes nothing", (_, source, guards, options, code) =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        yield* Engine.run(stations(sink), feed([...rowsOf(0, 100), ...rowsOf(0, 500, "ES")]))
        const before = structuredClone(sink.tables)
        const job = yield* Engine.run(stations(sink, options as Options, guards), source)
        expect(job).toMatchObject({ status: "failed", plan: null, failure: { code, retryable: false } })
        expect(sink.tables).toEqual(before)
      }),
    ),
  )

  test("goes up to its guards, and the limit holds over all mirrors", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const limits = { maxDeleted: 20 }
        const operators = Array.from({ length: 10 }, (_, at) => [null, null, null, `op${at}`, `Operator ${at}`])
        const mirrors = [Mirror.remove(Station, { maxCount: 20 }), Mirror.remove(Operator)]
        yield* Engine.run(stations(sink), feed([...rowsOf(0, 100), ...operators]))
        const over = yield* Engine.run(stations(sink, { limits, mirrors }), feed([...rowsOf(0, 80), ...operators.slice(1)]))
        expect(over).toMatchObject({ status: "failed", failure: { code: "limit.maxDeleted" } })
        expect(over.failure!.message).toContain("more than 20 records would be deleted")
        const job = yield* Engine.run(stations(sink, { limits, mirrors }), feed([...rowsOf(0, 80), ...operators]))
        expect(job).toMatchObject({ status: "success", counts: { deleted: 20 } })
        // marks delete nothing
        const marks = [Mirror.mark(Station, { set: { country: "gone" } })]
        const marked = yield* Engine.run(stations(sink, { limits: { maxDeleted: 0 }, mirrors: marks }), feed(rowsOf(0, 70)))
        expect(marked).toMatchObject({ status: "success", counts: { updated: 10, deleted: 0 } })
      }),
    ))

  test("deletes nothing that was changed since the plan, but for volatile fields; what is gone already counts", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const definition = stations(sink, { onConflict: "skip" })
        yield* Engine.run(definition, feed(rowsOf(0, 20)))
        const preview = yield* Engine.validate(definition, feed(rowsOf(3, 20)))
        const table = sink.tables.get("station")!
        table.set("PT0", ["PT0", "ES", 0, null])
        table.set("PT1", ["PT1", "PT", 77, null])
        table.delete("PT2")
        const job = yield* Engine.commit(definition, preview.id)
        expect(job).toMatchObject({ status: "partial", counts: { deleted: 2, conflict: 1, unchanged: 17 } })
        expect(keys(sink).filter((key) => ["PT0", "PT1", "PT2"].includes(key))).toEqual(["PT0"])
        const undo = yield* Engine.undo(definition, preview.id)
        expect(undo).toMatchObject({ status: "success", undo: { reversed: 2, kept: 0 } })
        expect(table.get("PT1")).toEqual(["PT1", "PT", 77, null])
        expect(table.has("PT2")).toBe(false)
      }),
    ))

  test("deletes children before parents, after everything else; the undo goes the other way round", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const mirrors = [Mirror.remove(Operator, { maxShare: 1 }), Mirror.remove(Station, { maxShare: 1 })]
        const of = (id: string, operator: string) => [id, "PT", 1, operator, `The ${operator}`]
        const definition = stations(sink, { mirrors, limits: { batch: 1 }, transaction: "batched" })
        yield* Engine.run(definition, feed([of("a", "x"), of("b", "x"), of("c", "y"), of("d", "z")]))
        const before = structuredClone(sink.tables)
        // b moves away from x, which goes, and so does the station that was left there
        const job = yield* Engine.run(definition, feed([of("b", "y"), of("c", "y"), of("e", "w")]))
        expect(job).toMatchObject({ status: "success", counts: { deleted: 4, created: 2, updated: 1 } })
        expect([keys(sink), keys(sink, "operator")]).toEqual([
          ["b", "c", "e"],
          ["w", "y"],
        ])
        expect((yield* Engine.undo(definition, job.id)).status).toBe("success")
        const sorted = (tables: MemorySink.Tables) => [...tables].map(([name, table]) => [name, [...table].sort()])
        expect(sorted(sink.tables)).toEqual(sorted(before))
      }),
    ))

  test("takes nothing for missing that the feed refers to", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const mirrors = [Mirror.remove(Operator, { maxShare: 1 })]
        const of = (id: string, operator: string, title: string | null = `The ${operator}`) => [id, "PT", 1, operator, title]
        yield* Engine.run(stations(sink), feed([of("a", "x"), of("b", "y"), of("c", "z")]))
        sink.tables.get("station")!.delete("c")
        const job = yield* Engine.run(stations(sink, { mirrors }), feed([of("a", "x", null), of("b", "y")]))
        expect(job).toMatchObject({ status: "success", counts: { deleted: 1 } })
        expect(keys(sink, "operator")).toEqual(["x", "y"])
      }),
    ))

  test("leaves what something still refers to, and takes the rest: found with few probes", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const mirrors = [Mirror.remove(Operator, { maxShare: 1 })]
        const definition = stations(sink, { mirrors, transaction: "batched", allowPartial: true })
        const of = (id: string, operator: string) => [id, "PT", 1, operator, `The ${operator}`]
        const all = Array.from({ length: 8 }, (_, at) => of(`s${at}`, `o${at}`))
        yield* Engine.run(definition, feed(all))
        for (const id of ["s1", "s2", "s3", "s4", "s5"]) sink.tables.get("station")!.delete(id)
        // stations 6 and 7 are not in the feed, but there
        const job = yield* Engine.run(definition, feed(all.slice(0, 1)))
        expect(job).toMatchObject({ status: "partial", counts: { deleted: 5, failed: 2 } })
        expect(keys(sink, "operator")).toEqual(["o0", "o6", "o7"])
        const store = yield* JobStore.JobStore
        expect((yield* store.issues(job.id)).map(({ code, message, ref }) => [ref, code, message])).toEqual([
          ["missing:operator:o6", "sink.referenced", "station s6 refers to it"],
          ["missing:operator:o7", "sink.referenced", "station s7 refers to it"],
        ])
        const strict = stations(sink, { mirrors, transaction: "batched" })
        const stopped = yield* Engine.run(strict, feed(all.slice(0, 1)), { force: true })
        expect(stopped).toMatchObject({ status: "failed", failure: { code: "sink.DataRefused" }, counts: { deleted: 0 } })
      }),
    ))

  test("an undo keeps what somebody made of a deleted key since", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const definition = stations(sink)
        yield* Engine.run(definition, feed(rowsOf(0, 20)))
        const job = yield* Engine.run(definition, feed(rowsOf(2, 20)))
        const mine = ["PT1", "PT", 1, "mine"]
        sink.tables.get("station")!.set("PT1", mine)
        const preview = yield* Engine.previewUndo(definition, job.id)
        expect(preview).toMatchObject({ reversed: 1, kept: 1, errored: 0 })
        const undo = yield* Engine.undo(definition, job.id)
        expect(undo).toMatchObject({ status: "partial", undo: { reversed: 1, kept: 1, errored: 0 } })
        expect(sink.tables.get("station")!.get("PT1")).toEqual(mine)
        expect(sink.tables.get("station")!.get("PT0")).toEqual(["PT0", "PT", 0, null])
      }),
    ))

  test("verifies that what it deleted is gone", () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const definition = stations(sink, { transaction: "batched" })
        yield* Engine.run(definition, feed(rowsOf(0, 20)))
        const reviving: MemorySink.MemorySink = {
          ...sink,
          commit: (context) =>
            Effect.map(sink.commit(context), (session) => ({
              ...session,
              complete: Effect.tap(session.complete, () =>
                Effect.sync(() => sink.tables.get("station")!.set("PT0", ["PT0", "PT", 0, null])),
              ),
            })),
        }
        const job = yield* Engine.run(stations(reviving, { transaction: "batched" }), feed(rowsOf(1, 20)))
        expect(job).toMatchObject({
          status: "failed",
          failure: { code: "verify" },
          counts: { issuesByCode: { "verify.present": 1 } },
        })
        expect(job.failure!.message).toContain("station PT0: it was deleted, but is in the target")
      }),
    ))

  test.each(["atomic", "batched"] as const)(
    "broken off at any call of the sink, ends as one that nothing stopped: %s",
    async (transaction) => {
      const play = (at: number, moment: "before" | "after") =>
        run(
          Effect.gen(function* () {
            const sink = MemorySink.make()
            const options = { transaction, limits: { batch: 2 }, mirrors: [Mirror.remove(Operator), Mirror.remove(Station)] }
            const of = (at: number) => [`s${at}`, "PT", at, `o${at >> 1}`, `Operator ${at >> 1}`]
            const rows = Array.from({ length: 24 }, (_, at) => of(at))
            yield* Engine.run(stations(sink, options), feed(rows))
            const breaks = Object.assign(breaking(), { at, moment, times: 1 })
            const broken = stations(breakingSink(sink, breaks), { ...options, retry: Schedule.recurs(0) })
            const preview = yield* Engine.validate(stations(sink, options), feed(rows.slice(4)))
            let job = yield* Engine.commit(broken, preview.id)
            if (job.status === "failed") job = yield* Engine.commit(broken, preview.id)
            return { counts: job.counts, status: job.status, tables: sink.tables, calls: breaks.calls.length }
          }),
        )
      const whole = await play(Number.POSITIVE_INFINITY, "before")
      expect(whole).toMatchObject({ status: "success", counts: { deleted: 6, unchanged: 30 } })
      for (let at = 0; at < whole.calls; at++)
        for (const moment of ["before", "after"] as const) {
          const { counts, status, tables } = await play(at, moment)
          expect({ counts, status, tables }, `${at} ${moment}`).toEqual({
            counts: whole.counts,
            status: whole.status,
            tables: whole.tables,
          })
        }
    },
  )

  test("leaves just what the feed has, whatever the feeds and the batches are; its undo gives all of it back", async () => {
    const ids = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(ids, ids, fc.integer({ min: 1, max: 7 }), fc.boolean(), (first, second, batch, atomic) =>
        run(
          Effect.gen(function* () {
            const sink = MemorySink.make()
            const definition = stations(sink, { limits: { batch }, transaction: atomic ? "atomic" : "batched" }, { maxShare: 1 })
            const country = (id: number) => (id % 3 === 0 ? "ES" : "PT")
            const of = (some: ReadonlyArray<number>) => feed(some.map((id) => [`${id}`, country(id), 0, null, null]))
            yield* Engine.run(definition, of(first))
            const before = structuredClone(sink.tables)
            const job = yield* Engine.run(definition, of(second))
            expect(job.status).toBe("success")
            const left = [...new Set([...second, ...first.filter((id) => country(id) === "ES")])]
            expect(keys(sink)).toEqual(left.map(String).sort())
            expect(Summary.unbalanced(job.counts)).toEqual([])
            yield* Engine.undo(definition, job.id)
            expect(new Set(sink.tables.get("station")!.values())).toEqual(new Set(before.get("station")!.values()))
          }),
        ),
      ),
      { numRuns: 40 },
    )
  })

  test("a record goes before the one of its own entity that it refers to, whatever the tree is", async () => {
    const trees = fc
      .integer({ min: 1, max: 12 })
      .chain((size) => fc.tuple(fc.constant(size), fc.array(fc.nat(size - 1), { minLength: size, maxLength: size })))
    await fc.assert(
      fc.asyncProperty(trees, fc.integer({ min: 1, max: 4 }), ([size, parents], batch) =>
        run(
          Effect.gen(function* () {
            const sink = MemorySink.make()
            // each refers to an earlier one, or to none
            const rows = Array.from({ length: size }, (_, at) => [`p${at}`, parents[at]! < at ? `p${parents[at]!}` : null])
            sink.tables.set("part", new Map(rows.map((it) => [it[0]!, it])))
            const definition = Import.make<typeof Row.Type>({
              name: "parts",
              row: Row,
              entities: [Part],
              map: ({ id }) => [Part.of({ id: id!, of: null })],
              mirrors: [Mirror.remove(Part, { maxShare: 1 })],
              sink,
              transaction: "batched",
              limits: { batch },
            })
            const job = yield* Engine.run(definition, feed([["new", null, null, null, null]]))
            expect(job).toMatchObject({ status: "success", counts: { deleted: size, created: 1 } })
            expect(yield* Engine.undo(definition, job.id)).toMatchObject({ status: "success", undo: { reversed: size + 1 } })
            expect(keys(sink, "part")).toEqual(rows.map(([id]) => id).sort())
          }),
        ),
      ),
      { numRuns: 30 },
    )
    const circle = [
      ["a", "b"],
      ["b", "a"],
      ["c", "a"],
      ["d", "d"],
    ].map((values) => ({ values }))
    expect(childrenFirst(Part, circle).map(({ values: [id] }) => id)).toEqual(["c", "d", "a", "b"])
  })
})
