import { Engine, Import, type Job, JobStore, Mirror, Source } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { JobStoreSuite } from "@waybill/core/testing"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Records } from "./support/incremental.ts"
import { Category, definition, Product, Row, runWithTestClock } from "./support/products.ts"
import { slowSource } from "./support/workers.ts"

const second = TestClock.adjust("1 second")
const imports = (sink: MemorySink.MemorySink, options: Parameters<typeof definition>[1] = {}) =>
  definition(sink, { allowPartial: true, ...options })
const filled = (count = 5): Records => {
  const records = new Records()
  for (let at = 0; at < count; at++) records.put(`A-${at}`, `Lamp ${at}`)
  return records
}
const titles = (sink: MemorySink.MemorySink) =>
  Object.fromEntries([...(sink.tables.get("product") ?? [])].map(([sku, values]) => [sku, values[1]]))
const served = (records: Records) => Object.fromEntries([...records.items].map(([sku, { title }]) => [sku, title]))

describe("an incremental source", () => {
  test("is read as a whole once, and then from the bookmark of the job before", () =>
    runWithTestClock(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = imports(sink)
        const records = filled()
        const first = yield* Engine.run(d, records.source)
        expect(first).toMatchObject({ status: "success", bookmark: { of: "records", from: null, after: null, reached: 6 } })
        expect(first.source).not.toHaveProperty("isDelta")
        yield* second
        records.put("A-1", "Lamp, black")
        records.put("B-1", "Shade")
        const next = yield* Engine.run(d, records.source)
        expect(next).toMatchObject({
          status: "success",
          source: { isDelta: true, name: "records since 6" },
          bookmark: { of: "records", from: 6, after: first.id },
          counts: { processed: 2, created: 1, updated: 1, unchanged: 0 },
        })
        expect(titles(sink)).toEqual(served(records))
        yield* second
        // nothing new: the bookmark stays
        const quiet = yield* Engine.run(d, records.source)
        expect(quiet).toMatchObject({ status: "success", counts: { processed: 0 } })
        expect(quiet.bookmark).toEqual({
          of: "records",
          from: next.bookmark!.reached,
          after: next.id,
          reached: next.bookmark!.reached,
        })
        yield* second
        expect(yield* Engine.run(d, records.source, { full: true })).toMatchObject({
          bookmark: { from: null, after: null },
          counts: { processed: 6, unchanged: 6 },
        })
        expect(records.readFrom).toEqual([null, 6, next.bookmark!.reached, null])
      }),
    ))

  test("has what changed behind the reading in the next one", () =>
    runWithTestClock(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const records = filled()
        records.beforePages.push(
          () => {},
          () => records.put("A-0", "changed behind the reading"),
        )
        yield* Engine.run(imports(sink), records.source)
        expect(titles(sink)["A-0"]).toBe("Lamp 0")
        yield* second
        yield* Engine.run(imports(sink), records.source)
        expect(titles(sink)).toEqual(served(records))
      }),
    ))

  const unmoved: ReadonlyArray<readonly [string, (d: Import.Import, records: Records) => Effect.Effect<unknown, unknown, any>]> =
    [
      [
        "that failed",
        (d, records) => {
          records.put("A-1", "new")
          records.put("A-2", "new")
          records.put("A-3", "new")
          records.breaks = true
          return Effect.map(Engine.run(d, records.source), (job) => expect(job.failure?.code).toBe("source.Malformed"))
        },
      ],
      [
        "that is partial",
        (d, records) => {
          records.put("A-1", "new", "cheap")
          records.put("A-2", "new")
          return Effect.map(Engine.run(d, records.source), (job) => expect(job.status).toBe("partial"))
        },
      ],
      [
        "that waits for its commit",
        (d, records) => {
          records.put("A-1", "new")
          return Effect.map(Engine.validate(d, records.source), (job) => expect(job.bookmark?.reached).toBeGreaterThan(6))
        },
      ],
      [
        "that was cancelled",
        (d, records) => {
          records.put("A-1", "new")
          return Effect.flatMap(Engine.validate(d, records.source), (job) => Engine.cancel(job.id))
        },
      ],
      [
        "that was taken back",
        (d, records) =>
          Effect.gen(function* () {
            records.put("A-1", "new")
            const job = yield* Engine.run(d, records.source)
            expect(job.status).toBe("success")
            yield* second
            expect(yield* Engine.undo(d, job.id)).toMatchObject({ status: "success", bookmark: null })
          }),
      ],
      [
        "of another definition",
        (d, records) => Engine.run(imports(d.sink as MemorySink.MemorySink, { revision: 7 }), records.source),
      ],
      ["into another target", (_, records) => Engine.run(imports({ ...MemorySink.make(), target: "other" }), records.source)],
      [
        "of another import",
        (d, records) => Engine.run(imports(d.sink as MemorySink.MemorySink, { name: "other" }), records.source),
      ],
      [
        "of another selection",
        (d) => {
          const other = new Records("others")
          for (let at = 0; at < 20; at++) other.put("X", `${at}`)
          return Engine.run(d, other.source)
        },
      ],
    ]

  test.each(unmoved)("does not go on from a job %s", (_, meanwhile) =>
    runWithTestClock(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = imports(sink)
        const records = filled()
        const first = yield* Engine.run(d, records.source)
        yield* second
        yield* meanwhile(d, records)
        yield* second
        for (const [sku, { price }] of records.items) if (price === "cheap") records.put(sku, "new", "2.00")
        const next = yield* Engine.run(d, records.source)
        expect(next.bookmark).toMatchObject({ from: 6, after: first.id })
        expect(titles(sink)).toMatchObject(served(records))
      }),
    ),
  )

  test("keeps mirrors from marking what was only not read again; a full reading lets them", () =>
    runWithTestClock(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = Import.make({
          name: "products",
          row: Row,
          entities: [Category, Product],
          map: Import.columns(Product),
          mirrors: [Mirror.mark(Product, { set: { title: null } })],
          sink,
        })
        const records = filled()
        yield* Engine.run(d, records.source)
        yield* second
        records.put("A-1", "new")
        records.items.delete("A-4")
        const refused = yield* Engine.run(d, records.source)
        expect(refused).toMatchObject({ status: "failed", counts: { processed: 0 }, failure: { code: "mirror.incremental" } })
        expect(refused.failure?.message).toContain("records since 6 gives only what changed")
        expect(titles(sink)["A-1"]).toBe("Lamp 1")
        yield* second
        expect(yield* Engine.run(d, records.source, { mirrors: false })).toMatchObject({
          status: "success",
          counts: { updated: 1 },
        })
        expect(titles(sink)["A-4"]).toBe("Lamp 4")
        yield* second
        expect(yield* Engine.run(d, records.source, { full: true })).toMatchObject({ status: "success", counts: { updated: 1 } })
        expect(titles(sink)["A-4"]).toBeNull()
      }),
    ))

  test("that broke off is resumed from the bookmark that it began with, and only as what it was", () =>
    runWithTestClock(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = imports(sink)
        const records = filled(8)
        const first = yield* Engine.run(d, records.source)
        yield* second
        for (let at = 0; at < 6; at++) records.put(`A-${at}`, "new")
        const began = records.clock + 1
        const incremental = yield* records.source.incremental!
        const slow: Source.Source = {
          ...records.source,
          incremental: Effect.succeed({
            ...incremental!,
            since: (bookmark) => slowSource(incremental!.since(bookmark), "1 minute"),
          }),
        }
        const fiber = yield* Effect.forkChild(Engine.validate(d, slow), { startImmediately: true })
        yield* TestClock.adjust("90 seconds")
        yield* Fiber.interrupt(fiber)
        const store = yield* JobStore.JobStore
        const [broken] = yield* store.find({ status: ["validating"] })
        // meanwhile somebody else imports, and the bookmark moves
        const between = yield* Engine.run(d, records.source)
        expect(between.bookmark!.reached).not.toEqual(first.bookmark!.reached)
        const wrong = yield* Effect.flip(Engine.resume(d, broken!.id, { ...new Records("others").source }))
        expect(wrong).toMatchObject({ reason: "WrongSource" })
        const plain = yield* Effect.flip(Engine.resume(d, broken!.id, { ...records.source, incremental: Effect.succeed(null) }))
        expect(plain).toMatchObject({ reason: "WrongSource" })
        const job = yield* Engine.resume(d, broken!.id, records.source)
        expect(job).toMatchObject({ status: "pending", counts: { processed: 6 } })
        // when the reading had begun, not when it went on
        expect(job.bookmark).toMatchObject({ from: first.bookmark!.reached, after: first.id, reached: began })
      }),
    ))

  test("that cannot tell how it is read ends in the job", () =>
    runWithTestClock(
      Effect.gen(function* () {
        const gone = new Source.SourceError({ reason: "NotFound", message: "there is no such list", isRetryable: false })
        const source: Source.Source = { ...filled().source, incremental: Effect.fail(gone) }
        const job = yield* Engine.run(imports(MemorySink.make()), source)
        expect(job).toMatchObject({ status: "failed", bookmark: null, failure: { code: "source.NotFound" } })
      }),
    ))
})

describe("whatever happens between readings", () => {
  type Step =
    | { readonly do: "put"; readonly sku: number; readonly bad: boolean }
    | {
        readonly do: "run"
        readonly full: boolean
        readonly breaks: boolean
        readonly commit: boolean
        readonly during: number | null
      }
    | { readonly do: "undo"; readonly which: number }

  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("put" as const),
        sku: fc.nat(5),
        bad: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("run" as const),
        full: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
        breaks: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
        commit: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
        during: fc.option(fc.nat(5)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("undo" as const), which: fc.nat(9) }) },
  )

  test("the next good reading leaves nothing out", () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), (steps) =>
        runWithTestClock(
          Effect.gen(function* () {
            const sink = MemorySink.make()
            const d = imports(sink)
            const store = yield* JobStore.JobStore
            const records = filled(4)
            let version = 0
            const change = (sku: number, price: string) => records.put(`A-${sku}`, `title ${++version}`, price)
            for (const it of steps) {
              yield* second
              if (it.do === "put") change(it.sku, it.bad ? "cheap" : "1.50")
              else if (it.do === "run") {
                const { during } = it
                records.beforePages.length = 0
                if (during !== null)
                  records.beforePages.push(
                    () => {},
                    () => change(during, "1.50"),
                  )
                records.breaks = it.breaks
                const job = yield* Engine.validate(d, records.source, { full: it.full })
                records.breaks = false
                if (it.commit && job.status === "pending") yield* Engine.commit(d, job.id)
              } else {
                const done = (yield* store.find({ status: ["success", "partial"] })).filter(({ undo }) => undo === null)
                const job = done[it.which]
                // one that has written nothing cannot be taken back
                if (job !== undefined) yield* Effect.ignore(Engine.undo(d, job.id))
              }
            }
            yield* second
            records.beforePages.length = 0
            for (const [sku, { price, title }] of records.items) if (price === "cheap") records.put(sku, title)
            expect((yield* Engine.run(d, records.source)).status).toBe("success")
            expect(titles(sink)).toMatchObject(served(records))
          }),
        ),
      ),
      { numRuns: 150 },
    ))
})

describe("the bookmark in force, with an undo", () => {
  const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()
  const d = imports(MemorySink.make())
  const base = { import: d.name, definition: d.definition, target: d.sink.target } as const
  const done = (id: string, created: number, ended: number, more: Partial<Job.Job> = {}): Job.Job =>
    JobStoreSuite.job(id, {
      ...base,
      status: "success",
      createdAt: at(created),
      updatedAt: at(ended),
      bookmark: { of: "records", from: null, after: null, reached: id },
      ...more,
    })
  const undo = (of: string, status: Job.Status, began: number, ended: number, more: Partial<Job.Job> = {}): Job.Job =>
    JobStoreSuite.job(`${of}-undo`, {
      ...base,
      status,
      createdAt: at(began),
      updatedAt: at(ended),
      source: { kind: "undo", name: of, sha256: null, bytes: null, details: {} },
      undo: { of, reversed: 1, kept: 0, errored: 0 },
      ...more,
    })
  const three = [done("one", 0, 1), done("two", 10, 11), done("three", 20, 21)]
  const replaced = (job: Job.Job) => three.map((it) => (it.id === job.id ? job : it))

  const cases: ReadonlyArray<readonly [string, ReadonlyArray<Job.Job>, string | null]> = [
    ["none of them", three, "three"],
    ["of the last", [...replaced(done("three", 20, 31, { status: "undone" })), undo("three", "success", 30, 31)], "two"],
    ["of one in between", [...replaced(done("two", 10, 31, { status: "undone" })), undo("two", "success", 30, 31)], "one"],
    ["of the first", [...replaced(done("one", 0, 31, { status: "undone" })), undo("one", "partial", 30, 31)], null],
    ["that is under way", [...three, undo("three", "running", 30, 30)], "two"],
    ["that broke off and was given up", [...three, undo("two", "cancelled", 30, 31)], "one"],
    ["that failed", [...three, undo("two", "failed", 30, 31)], "one"],
    ["that came before a reading", [...three, undo("one", "success", 5, 6)], "three"],
    ["that ended while a reading was under way", [...three, undo("two", "success", 12, 20)], "one"],
    ["that is gone on with after a reading", [...three, undo("one", "success", 5, 25)], null],
    ["in another target", [...three, undo("two", "success", 30, 31, { target: "other" })], "three"],
  ]
  test.each(cases)("%s", (_, jobs, expected) =>
    runWithTestClock(
      Effect.gen(function* () {
        const store = yield* JobStore.JobStore
        for (const job of jobs) yield* store.create(job)
        const job = yield* Engine.validate(d, filled().source)
        expect(job.bookmark?.after ?? null).toBe(expected)
        expect(job.bookmark?.from ?? null).toBe(expected)
      }),
    ),
  )

  test("is found behind any number of jobs that are not in force", () =>
    runWithTestClock(
      Effect.gen(function* () {
        const store = yield* JobStore.JobStore
        yield* store.create(done("one", 0, 1))
        for (let job = 0; job < 150; job++)
          yield* store.create(done(`j${job}`, 10 + job, 10 + job, { definition: "f".repeat(64) }))
        expect((yield* Engine.validate(d, filled().source)).bookmark).toMatchObject({ from: "one" })
      }),
    ))
})
