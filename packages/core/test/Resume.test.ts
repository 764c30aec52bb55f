import { Engine, type Import, type Job, JobStore, Sink, Snapshot, SnapshotStore, type Source } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Deferred, Duration, Effect, Fiber, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { columns, definition, drive, lines, runWithTestClock } from "./support/products.ts"
import { as, fromNow, onlyJob, slowSource, stored } from "./support/workers.ts"

// good rows, a bad one, one with a normalized cell, one twice, references to what there is not
const rows = Array.from({ length: 11 }, (_, at) =>
  at === 4
    ? ["A-4", "Lamp", "cheap", null]
    : at === 7
      ? ["A-6", "Lamp 6", "1.50", null]
      : [`A-${at}`, ` Lamp ${at}`, "1.50", at % 3 === 0 ? `new-${at % 2}` : null],
)

const pageRows = 2
const pageCount = Math.ceil(rows.length / pageRows)

const feed = (hashed: boolean): Source.Source => {
  const source = TestSource.make({ columns, rows, pageRows, hashed })
  return {
    ...source,
    read: (from) =>
      source.read(from).pipe(
        Stream.map((page) =>
          page.cursor === 4
            ? {
                ...page,
                issues: [{ row: 0, severity: "warning" as const, code: "odd", column: null, message: "odd" }],
                notices: [{ code: "renamed", message: "a header was renamed" }],
              }
            : page,
        ),
      ),
  }
}

const importOf = (options: Parameters<typeof definition>[1] = {}): Import.Import =>
  definition(MemorySink.make(), { mode: "smart", allowPartial: true, limits: { batch: 2 }, ...options })

// what a validation leaves, but for ids, times and how often it was saved
const outcome = (job: Job.Job) =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const listed = yield* Effect.flatMap(SnapshotStore.SnapshotStore, (snapshots) => snapshots.list(job.id))
    // all of them are of the attempt that came to its end
    const parts = listed.map(({ bytes, name }) => {
      const { attempt, name: own } = Snapshot.partAt(name)
      expect(attempt).toBe(job.attempt)
      return { bytes, name: own }
    })
    return {
      status: job.status,
      failure: job.failure,
      counts: job.counts,
      cursor: job.cursor,
      snapshot: job.snapshot,
      issues: yield* store.issues(job.id),
      parts,
      rejected: yield* lines(job.id, "log/rejected/"),
    }
  })

const uninterrupted = (hashed: boolean) => runWithTestClock(Effect.flatMap(Engine.validate(importOf(), feed(hashed)), outcome))

// how a validation may break off: interrupted, or with its process, which saves nothing any more
const ways = ["interrupted", "paused", "killed"] as const

// a validation that breaks off behind so many pages, by each page a second
const brokenOff = (source: Source.Source, pages: number, way: (typeof ways)[number], d: Import.Import) =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    let dead = false
    const mortal: JobStore.JobStore["Service"] = {
      ...store,
      save: (job, issues) => Effect.suspend(() => (dead ? Effect.never : store.save(job, issues))),
      get: (id) => Effect.suspend(() => (dead ? Effect.never : store.get(id))),
    }
    const slowed = slowSource(source, "1 second")
    const fiber = yield* Effect.forkChild(
      Effect.provideService(as("first")(Engine.validate(d, slowed)), JobStore.JobStore, mortal),
      { startImmediately: true },
    )
    yield* TestClock.adjust(pages * 1000 + 500)
    const { id, status } = yield* onlyJob
    if (way === "paused") {
      if (status === "validating") yield* Engine.pause(id)
      yield* drive(fiber)
    } else {
      dead = way === "killed"
      const stop = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* drive(stop)
    }
    return { id, delivered: slowed.delivered }
  })

describe("a validation that broke off", () => {
  test.each(ways)(
    "%s, of a source without a hash: goes on where it was, reads no page twice, and ends as one that nothing stopped",
    async (way) => {
      const expected = await uninterrupted(false)
      expect(expected.status).toBe("pending")
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.integer({ min: 0, max: pageCount }), { minLength: 1, maxLength: 3 }),
          async (stops) => {
            await runWithTestClock(
              Effect.gen(function* () {
                const d = importOf()
                const [at, ...again] = stops
                const { delivered, id } = yield* brokenOff(feed(false), at!, way, d)
                const read = [...delivered]
                let job = yield* stored(id)
                expect(job.status).toBe(at! >= pageCount ? "pending" : "validating")
                for (const pages of again) {
                  if (job.status !== "validating") break
                  const slowed = slowSource(feed(false), "1 second")
                  const fiber = yield* Effect.forkChild(as("second")(Engine.resume(d, id, slowed)), { startImmediately: true })
                  yield* TestClock.adjust(pages * 1000 + 500)
                  yield* Fiber.interrupt(fiber)
                  read.push(...slowed.delivered)
                  job = yield* stored(id)
                }
                const rest = slowSource(feed(false), "1 second")
                if (job.status === "validating")
                  job = yield* drive(yield* Effect.forkChild(as("third")(Engine.resume(d, id, rest)), { startImmediately: true }))
                read.push(...rest.delivered)
                expect(yield* outcome(job)).toEqual(expected)
                expect(read).toEqual([2, 4, 6, 8, 10, 11])
                expect(yield* Engine.commit(d, id)).toMatchObject({ status: "partial" })
              }),
            )
          },
        ),
        { numRuns: 30 },
      )
    },
  )

  test.each(ways)("%s, of a file: is read again from its start, and ends as one that nothing stopped", async (way) => {
    const expected = await uninterrupted(true)
    for (let pages = 0; pages < pageCount; pages++)
      await runWithTestClock(
        Effect.gen(function* () {
          const d = importOf()
          const { id } = yield* brokenOff(feed(true), pages, way, d)
          const store = yield* SnapshotStore.SnapshotStore
          // a part that was left half-way, and has other bytes than what comes now
          yield* store.remove(id, "records/product/000000.ndjson")
          yield* store.put(id, "records/product/000000.ndjson", Buffer.from("half"))
          const job = yield* drive(yield* Effect.forkChild(Engine.resume(d, id, feed(true), { onBusy: "wait" })))
          expect(yield* outcome(job)).toEqual(expected)
          expect(job.token).toBe(1)
        }),
      )
  })

  test("is refused to another source, and without one; it stays as it was", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const d = importOf()
        const { id } = yield* brokenOff(feed(true), 2, "interrupted", d)
        const other = TestSource.make({ columns, rows: rows.slice(1), pageRows, hashed: true })
        const refused = (source?: Source.Source) => Effect.flip(Engine.resume(d, id, source))
        const reading = { name: "profile other", sha256: "0".repeat(64) }
        const otherwise = { ...feed(true), identify: Effect.map(feed(true).identify, (it) => ({ ...it, reading })) }
        for (const wrong of [undefined, other, feed(false), { ...feed(true), kind: "csv" }, otherwise])
          expect(yield* refused(wrong)).toMatchObject({ _tag: "EngineError", reason: "WrongSource", job: id })
        expect(yield* refused()).toMatchObject({ message: expect.stringContaining("its source test is needed") })
        expect(yield* refused(other)).toMatchObject({ message: expect.stringContaining("validate that as a job of its own") })
        expect(yield* stored(id)).toMatchObject({ status: "validating", lease: null })
        expect(yield* Engine.resume(d, id, feed(true))).toMatchObject({ status: "pending" })
        expect(yield* Engine.resume(d, id)).toMatchObject({ status: "partial" })
        expect(yield* refused(feed(true))).toMatchObject({ reason: "WrongStatus" })
      }),
    )
  })

  test.each([
    ["cut off", (whole: Uint8Array) => whole.subarray(0, whole.length - 9)],
    ["changed", (whole: Uint8Array) => Buffer.from(Buffer.from(whole).toString("utf8").replace("Lamp", "Lump"))],
  ])("and of whose kept pages one is %s goes on from the last one that is whole", async (_, damage) => {
    const expected = await uninterrupted(false)
    await runWithTestClock(
      Effect.gen(function* () {
        const d = importOf()
        const { id } = yield* brokenOff(feed(false), 4, "interrupted", d)
        const store = yield* SnapshotStore.SnapshotStore
        const names = (yield* store.list(id)).map(({ name }) => name).filter((name) => name.startsWith("raw/"))
        expect(names).toEqual(["raw/000000.json", "raw/000001.json", "raw/000002.json", "raw/000003.json"])
        const whole = yield* store.get(id, names[2]!)
        yield* store.remove(id, names[2]!)
        yield* store.put(id, names[2]!, damage(whole))
        const rest = slowSource(feed(false), 0)
        const job = yield* drive(yield* Effect.forkChild(Engine.resume(d, id, rest)))
        expect(rest.delivered).toEqual([6, 8, 10, 11])
        expect(yield* outcome(job)).toEqual(expected)
      }),
    )
  })

  test("of a source that says something else each time never has pages of two workers mixed, whoever comes back", async () => {
    // each row has the title of who asks; where it is said, the source falls silent behind so many pages
    const said = (who: string, pages = 5): Source.Source => ({
      ...TestSource.make({ columns, rows: [], hashed: false }),
      read: (from) =>
        Stream.fromIterable(
          Array.from({ length: 5 - Number(from ?? 0) }, (_, at) => Number(from ?? 0) + at),
          { chunkSize: 1 },
        ).pipe(
          Stream.mapEffect((page) =>
            Effect.as(page < pages ? Effect.void : Effect.never, {
              rows: [[`A-${page}`, who, "1.50", null]],
              columns,
              place: "api",
              labels: [`${page}`],
              issues: [],
              cursor: page + 1,
            }),
          ),
        ),
    })
    const inBackground = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.tap(Effect.forkChild(effect, { startImmediately: true }), () => Effect.repeat(TestClock.adjust(1), { times: 20 }))
    await runWithTestClock(
      Effect.gen(function* () {
        const d = importOf()
        const store = yield* JobStore.JobStore
        const parts = yield* SnapshotStore.SnapshotStore
        const awake = yield* Deferred.make<void>()
        // the first worker stands still when it keeps its third page, and dies with the next one
        const waits = new Map<string, Effect.Effect<void>>([
          ["raw/000002.json", Deferred.await(awake)],
          ["raw/000003.json", Effect.never],
        ])
        const standing: SnapshotStore.SnapshotStore["Service"] = {
          ...parts,
          put: (job, name, bytes) => Effect.andThen(waits.get(name) ?? Effect.void, parts.put(job, name, bytes)),
        }
        const first = yield* inBackground(
          Effect.provideService(Engine.validate(d, said("first")), SnapshotStore.SnapshotStore, standing),
        )
        const held = yield* onlyJob
        const { id } = yield* store.save({ ...held, lease: { worker: "first", until: yield* fromNow(0) } })
        // the second one is given two pages, and asks for two more
        const second = yield* inBackground(Engine.resume(d, id, said("second", 4)))
        yield* Fiber.interrupt(second)
        yield* Deferred.succeed(awake, undefined)
        yield* TestClock.adjust(1)
        yield* Fiber.interrupt(first)
        const third = slowSource(said("third"), 0)
        const job = yield* drive(yield* inBackground(Engine.resume(d, id, third)))
        expect(job).toMatchObject({ status: "pending", attempt: 3 })
        const titles = (yield* lines(id, "records/product/")).map(([, title]) => title)
        expect(titles).toEqual(["first", "first", "second", "second", "third"])
        expect(third.delivered).toEqual([5])
        yield* outcome(job)
      }),
    )
  })

  test("and whose rows JSON would change asks its source for them again", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const d = importOf()
        const dated = (): Source.Source => ({
          ...feed(false),
          read: (from) =>
            feed(false)
              .read(from)
              .pipe(Stream.map((page) => (page.cursor === 6 ? { ...page, rows: [[new Date(0)], [-0]] } : page))),
        })
        const { id } = yield* brokenOff(dated(), 4, "interrupted", d)
        const rest = slowSource(dated(), 0)
        const job = yield* drive(yield* Effect.forkChild(Engine.resume(d, id, rest)))
        expect(rest.delivered).toEqual([6, 8, 10, 11])
        expect(job.counts.pagesProcessed).toBe(pageCount)
      }),
    )
  })
})

test("identify counts against the time that a validation may take", async () => {
  await runWithTestClock(
    Effect.gen(function* () {
      const d = importOf({ limits: { validateTimeout: Duration.seconds(10) } })
      const asked = (wait: Duration.Input, source = feed(false)): Source.Source => ({
        ...source,
        identify: Effect.andThen(Effect.sleep(wait), source.identify),
      })
      const never = yield* drive(yield* Effect.forkChild(Engine.validate(d, asked("1 hour"))))
      expect(never).toMatchObject({ status: "failed", failure: { code: "limit.validateTimeout" } })
      expect(yield* fromNow(0)).toBe("1970-01-01T00:00:10.000Z")
      const both = yield* drive(
        yield* Effect.forkChild(Engine.validate(d, asked("6 seconds", slowSource(feed(false), "1 second")))),
      )
      expect(both).toMatchObject({ status: "failed", failure: { code: "limit.validateTimeout" } })
      const enough = yield* drive(yield* Effect.forkChild(Engine.validate(d, asked("6 seconds"))))
      expect(enough.status).toBe("pending")
    }),
  )
})

test("a commit that is tried again and fails before it reaches the target keeps the counts of what was done", async () => {
  await runWithTestClock(
    Effect.gen(function* () {
      const sink = MemorySink.make()
      const options = { transaction: "batched", mode: "smart", allowPartial: true, limits: { batch: 2 } } as const
      let left = 2
      const breaks: MemorySink.MemorySink = {
        ...sink,
        commit: (context) =>
          Effect.map(sink.commit(context), (session) => ({
            ...session,
            apply: (batch, planned) =>
              Effect.suspend(() => (left-- > 0 ? session.apply(batch, planned) : Effect.fail(unreachable))),
          })),
      }
      const unreachable = new Sink.SinkError({ reason: "Unreachable", message: "away", isRetryable: true })
      const d = definition(breaks, { ...options, retry: Schedule.recurs(0) })
      const first = yield* Engine.run(d, feed(false))
      expect(first.status).toBe("failed")
      expect(first.counts.created).toBe(4)
      const away = definition({ ...sink, commit: () => Effect.fail(unreachable) }, { ...options, retry: Schedule.recurs(0) })
      const second = yield* Engine.commit(away, first.id)
      expect(second).toMatchObject({ status: "failed", counts: first.counts })
      expect(yield* Engine.commit(definition(sink, options), first.id)).toMatchObject({ status: "partial", token: 3 })
    }),
  )
})
