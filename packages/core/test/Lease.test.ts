import { Engine, Job, JobStore, SnapshotStore } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { columns, definition, drive, products, run, runWithTestClock } from "./support/products.ts"
import { as, commitAs, fromNow, onlyJob, slowSink, slowSource, stored, storeThat } from "./support/workers.ts"

const source = (count = 3, title = "Lamp") => TestSource.make({ columns, rows: products(count, title) })

const away = new JobStore.JobStoreError({ reason: "Unreachable", message: "connection refused", isRetryable: true })

// four batches that take half a minute each
const slow = (seconds = 30) => {
  const sink = slowSink(MemorySink.make(), `${seconds} seconds`)
  return { sink, d: definition(sink, { transaction: "batched", limits: { batch: 1 } }) }
}

describe("a job that a worker has", () => {
  test("is refused to another one, which is told who has it and until when; as long as the work lasts", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d, sink } = slow()
        const pending = yield* Engine.validate(d, source(4))
        const first = yield* commitAs("first", d, pending.id)
        for (let minute = 0; minute < 3; minute++) {
          yield* TestClock.adjust("35 seconds")
          const refused = yield* Effect.flip(as("second")(Engine.commit(d, pending.id)))
          expect(refused).toMatchObject({ _tag: "EngineError", reason: "Busy", job: pending.id, lease: { worker: "first" } })
          const { lease } = yield* stored(pending.id)
          expect(refused).toMatchObject({
            lease,
            message: expect.stringContaining(`first, whose lease lasts until ${lease!.until}`),
          })
          // renewed every third of a minute: never less than the rest is left
          expect(lease!.until >= (yield* fromNow(40))).toBe(true)
        }
        const done = yield* drive(first)
        expect(done).toMatchObject({ status: "success", token: 1, lease: null, request: null, counts: pending.counts })
        expect(sink.seen).toEqual({ most: 1, begun: 4, interrupted: 0 })
      }),
    )
  })

  test("can be waited for: who waits is given the job as the other worker has ended it", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d, sink } = slow()
        const pending = yield* Engine.validate(d, source(4))
        const first = yield* commitAs("first", d, pending.id)
        const second = yield* commitAs("second", d, pending.id, { onBusy: "wait" })
        const done = yield* drive(first)
        expect(yield* drive(second)).toEqual(done)
        expect(sink.seen).toEqual({ most: 1, begun: 4, interrupted: 0 })
      }),
    )
  })

  test("becomes another's once its lease has run out, and not before", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const pending = yield* Engine.validate(definition(sink), source())
        const store = yield* JobStore.JobStore
        const lease = { worker: "gone", until: yield* fromNow(60) }
        const left = yield* store.save({ ...pending, status: "running", token: 1, lease })
        yield* TestClock.adjust("59 seconds")
        expect(yield* Effect.flip(Engine.commit(definition(sink), left.id))).toMatchObject({ reason: "Busy", lease })
        expect(Job.isStuck(left, Date.parse(yield* fromNow(0)))).toBe(false)
        yield* TestClock.adjust("1 second")
        expect(Job.isStuck(left, Date.parse(yield* fromNow(0)))).toBe(true)
        expect(yield* Engine.commit(definition(sink), left.id)).toMatchObject({ status: "success", token: 2, lease: null })
      }),
    )
  })

  test("and is taken over is left by its worker at the next renewal: the work is interrupted, nothing more is written or saved", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d, sink } = slow(40)
        const pending = yield* Engine.validate(d, source(4))
        const first = yield* commitAs("first", d, pending.id)
        yield* TestClock.adjust("45 seconds")
        const store = yield* JobStore.JobStore
        const held = yield* stored(pending.id)
        const taken = yield* store.save({ ...held, token: 2, lease: { worker: "second", until: yield* fromNow(60) } })
        const failed = yield* Effect.flip(drive(first))
        expect(failed).toMatchObject({ _tag: "EngineError", reason: "TakenOver", message: expect.stringContaining("second") })
        expect(sink.seen).toEqual({ most: 1, begun: 2, interrupted: 1 })
        expect(yield* fromNow(0)).toBe("1970-01-01T00:01:00.000Z")
        expect(sink.tables.get("product")!.size).toBe(1)
        expect(yield* stored(pending.id)).toEqual(taken)
      }),
    )
  })
})

describe("a job store that fails", () => {
  const renewing = (fails: (second: number) => boolean, seconds: number, hang = false) =>
    Effect.gen(function* () {
      const { d, sink } = slow(seconds)
      const pending = yield* Engine.validate(d, source(1))
      const store = yield* storeThat((call) =>
        Effect.flatMap(fromNow(0), (now) =>
          call === "save" && fails(Date.parse(now) / 1000) ? (hang ? Effect.never : Effect.fail(away)) : Effect.void,
        ),
      )
      const commit = yield* Effect.provideService(commitAs("first", d, pending.id), JobStore.JobStore, store)
      const result = yield* Effect.result(drive(commit))
      return { result, sink, job: yield* stored(pending.id) }
    })

  test("is tolerated while the lease lasts", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { result } = yield* renewing((second) => second >= 20 && second <= 45, 100)
        expect(result).toMatchObject({ _tag: "Success", success: { status: "success", lease: null } })
      }),
    )
  })

  test.each([false, true])(
    "stops the work when the lease has run out (and where it does not answer at all: %s)",
    async (hang) => {
      await runWithTestClock(
        Effect.gen(function* () {
          const { job, result, sink } = yield* renewing((second) => second > 0, 1000, hang)
          expect(result).toMatchObject({ _tag: "Failure", failure: { _tag: "JobStoreError", reason: "Unreachable" } })
          expect(sink.seen).toEqual({ most: 1, begun: 1, interrupted: 1 })
          expect(job).toMatchObject({ status: "running", token: 1, lease: { until: "1970-01-01T00:01:00.000Z" } })
          expect(sink.interruptedAt).toEqual([60_000])
        }),
      )
    },
  )

  test("that is slow brings renewals and the last save into no collision, whatever falls on the same moment", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 0, max: 15 }), async (batch, latency) => {
        await runWithTestClock(
          Effect.gen(function* () {
            const { d } = slow(batch)
            const pending = yield* Engine.validate(d, source(2))
            const store = yield* storeThat((call) => (call === "save" ? Effect.sleep(`${latency} seconds`) : Effect.void))
            const commit = yield* Effect.provideService(commitAs("first", d, pending.id), JobStore.JobStore, store)
            expect(yield* drive(commit)).toMatchObject({ status: "success", token: 1, lease: null, counts: pending.counts })
          }),
        )
      }),
      { numRuns: 40 },
    )
  })
})

test("a job that was given back stays nobody's, whenever a renewal falls, and however long the work goes on", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 14, max: 24 }), fc.integer({ min: 0, max: 6 }), async (seconds, latency) => {
      await runWithTestClock(
        Effect.gen(function* () {
          const d = definition(MemorySink.make())
          const jobs = yield* storeThat((call) => (call === "save" ? Effect.sleep(`${latency} seconds`) : Effect.void))
          const parts = yield* SnapshotStore.SnapshotStore
          const leases: Array<string | undefined> = []
          const first = yield* Effect.forkChild(
            as("first")(Engine.validate(d, slowSource(source(1), `${seconds} seconds`))).pipe(
              Effect.provideService(JobStore.JobStore, {
                ...jobs,
                save: (job, issues) =>
                  Effect.tap(jobs.save(job, issues), ({ lease, status }) =>
                    Effect.sync(() => void (status === "pending" && leases.push(lease?.worker))),
                  ),
              }),
              // what is left to be swept away takes its time
              Effect.provideService(SnapshotStore.SnapshotStore, {
                ...parts,
                list: (job) => Effect.andThen(Effect.sleep("5 minutes"), parts.list(job)),
              }),
            ),
            { startImmediately: true },
          )
          expect(yield* drive(first)).toMatchObject({ status: "pending", lease: null })
          expect(leases).toEqual([undefined])
        }),
      )
    }),
    { numRuns: 60 },
  )
})

describe("two jobs of one import that would write to the same target", () => {
  const both = (latencies: readonly [number, number], onBusy: "refuse" | "wait") =>
    Effect.gen(function* () {
      const { d, sink } = slow(5)
      const jobs = [yield* Engine.validate(d, source(2)), yield* Engine.validate(d, source(2, "Chair"))]
      const fibers = yield* Effect.forEach(jobs, ({ id }, at) =>
        Effect.flatMap(
          storeThat(() => Effect.sleep(`${latencies[at]!} seconds`)),
          (store) => Effect.provideService(commitAs(`worker ${at}`, d, id, { onBusy }), JobStore.JobStore, store),
        ),
      )
      const results = yield* Effect.forEach(fibers, (fiber) => Effect.result(drive(fiber)))
      return { results, sink, jobs: yield* Effect.forEach(jobs, ({ id }) => stored(id)) }
    })

  test("are never at work at the same time; one that is refused is what it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }), async (a, b) => {
        await runWithTestClock(
          Effect.gen(function* () {
            const { jobs, results, sink } = yield* both([a, b], "refuse")
            expect(sink.seen.most).toBeLessThanOrEqual(1)
            for (const [at, result] of results.entries()) {
              expect(jobs[at]!.lease).toBeNull()
              if (result._tag === "Success") continue
              expect(result.failure).toMatchObject({ reason: "Busy", job: jobs[1 - at]!.id })
              expect(jobs[at]).toMatchObject({ status: "pending", failure: null })
            }
          }),
        )
      }),
    )
  })

  test("a run that is refused leaves no job that waits, says so, and can be done again as it is", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d, sink } = slow()
        const store = yield* JobStore.JobStore
        const same = () => TestSource.make({ columns, rows: products(2, "Chair"), hashed: true })
        const pending = yield* Engine.validate(d, source(2))
        const first = yield* commitAs("first", d, pending.id)
        const refused = yield* Effect.flip(as("second")(Engine.run(d, same())))
        expect(refused).toMatchObject({ reason: "Busy", job: pending.id, lease: { worker: "first" } })
        const { cancelled, message } = refused as Engine.EngineError
        expect(message).toMatch(
          new RegExp(`^job ${pending.id} is being worked on by first, .*; job ${cancelled}, .* was cancelled`),
        )
        const left = yield* stored(cancelled!)
        expect(left).toMatchObject({ status: "cancelled", lease: null, counts: { created: 0, failed: 2, unprocessed: 2 } })
        yield* drive(first)
        expect(sink.tables.get("product")!.get("A-1")![1]).toBe("Lamp 1")
        expect(yield* drive(yield* Effect.forkChild(Engine.run(d, same())))).toMatchObject({ status: "success" })
        expect(yield* store.find({ status: ["pending"] })).toEqual([])
      }),
    )
  })

  test("a run whose job somebody else commits meanwhile leaves it to them", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d } = slow()
        const store = yield* JobStore.JobStore
        const lease = { worker: "second", until: yield* fromNow(60) }
        // as soon as the job is pending, another worker has it
        const quick: JobStore.JobStore["Service"] = {
          ...store,
          save: (job, issues) =>
            Effect.tap(store.save(job, issues), (saved) =>
              saved.status === "pending"
                ? Effect.asVoid(store.save({ ...saved, status: "running", token: 1, lease }))
                : Effect.void,
            ),
        }
        const refused = yield* Effect.flip(Effect.provideService(Engine.run(d, source(2)), JobStore.JobStore, quick))
        expect(refused).toMatchObject({ reason: "Busy", lease })
        expect(refused).not.toHaveProperty("cancelled")
        expect(yield* onlyJob).toMatchObject({ status: "running", token: 1, lease })
      }),
    )
  })

  test("both come to their end where they wait", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), async (a, b) => {
        await runWithTestClock(
          Effect.gen(function* () {
            const { jobs, sink } = yield* both([a, b], "wait")
            expect(sink.seen.most).toBe(1)
            // the later one finds what the earlier one has created, and says so
            expect(jobs.map(({ status }) => status).sort()).toEqual(["failed", "success"])
          }),
        )
      }),
      { numRuns: 20 },
    )
  })

  test("are not in each other's way once the lease of one has run out", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const d = definition(MemorySink.make())
        const jobs = [yield* Engine.validate(d, source(2)), yield* Engine.validate(d, source(2))]
        const store = yield* JobStore.JobStore
        yield* store.save({ ...jobs[0]!, status: "running", token: 1, lease: { worker: "gone", until: yield* fromNow(60) } })
        yield* TestClock.adjust("59 seconds")
        const refused = yield* Effect.flip(Engine.commit(d, jobs[1]!.id))
        expect(refused).toMatchObject({ reason: "Busy", job: jobs[0]!.id, lease: { worker: "gone" } })
        yield* TestClock.adjust("1 second")
        expect(yield* Engine.commit(d, jobs[1]!.id)).toMatchObject({ status: "success" })
      }),
    )
  })

  test("are not in each other's way where the target, or the import, is another", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d, sink } = slow()
        const first = yield* Engine.validate(d, source(1))
        const fiber = yield* commitAs("first", d, first.id)
        const elsewhere = definition({ ...MemorySink.make(), target: "elsewhere" })
        const others = definition(MemorySink.make(), { name: "others" })
        for (const other of [elsewhere, others]) expect(yield* Engine.run(other, source())).toMatchObject({ status: "success" })
        expect(yield* drive(fiber)).toMatchObject({ status: "success" })
        expect(sink.seen.begun).toBe(1)
      }),
    )
  })
})

describe("the lease is given back", () => {
  test("when a commit is interrupted: the next worker need not wait, and ends it with the same counts", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d, sink } = slow()
        const pending = yield* Engine.validate(d, source(4))
        const first = yield* commitAs("first", d, pending.id)
        yield* TestClock.adjust("45 seconds")
        yield* Fiber.interrupt(first)
        expect(yield* stored(pending.id)).toMatchObject({ status: "running", token: 1, lease: null })
        const second = yield* commitAs("second", d, pending.id)
        expect(yield* drive(second)).toMatchObject({ status: "success", token: 2, lease: null, counts: pending.counts })
        expect(sink.seen).toEqual({ most: 1, begun: 5, interrupted: 1 })
      }),
    )
  })

  test("when a validation is interrupted", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const d = definition(MemorySink.make())
        const reading = yield* Effect.forkChild(Engine.validate(d, slowSource(source(), "1 minute")), { startImmediately: true })
        yield* TestClock.adjust("50 seconds")
        const held = yield* onlyJob
        expect(held.status).toBe("validating")
        expect(held.lease!.until > (yield* fromNow(40))).toBe(true)
        yield* Fiber.interrupt(reading)
        expect(yield* onlyJob).toMatchObject({ status: "validating", lease: null, token: 0 })
      }),
    )
  })

  test("when a function of the import throws: the job is failed, says what was thrown, and the error goes on to the caller", async () => {
    await run(
      Effect.gen(function* () {
        const broken = definition(MemorySink.make(), {
          map: () => {
            throw new RangeError("no such tariff")
          },
        })
        const exit = yield* Effect.exit(Engine.validate(broken, source()))
        expect(String(exit)).toContain("no such tariff")
        expect(exit).toMatchObject({ _tag: "Failure", cause: { reasons: [{ _tag: "Die" }] } })
        const job = yield* onlyJob
        expect(job).toMatchObject({ status: "failed", lease: null, failure: { code: "defect", retryable: false } })
        expect(job.failure!.message).toContain("RangeError: no such tariff")
      }),
    )
  })

  test("when a sink throws in a commit: the job is failed, and goes on once the code is mended", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const pending = yield* Engine.validate(definition(sink), source())
        const broken = {
          ...sink,
          commit: () => {
            throw new Error("not written yet")
          },
        }
        expect(yield* Effect.exit(Engine.commit(definition(broken), pending.id))).toMatchObject({
          _tag: "Failure",
          cause: { reasons: [{ _tag: "Die" }] },
        })
        const failed = yield* stored(pending.id)
        expect(failed).toMatchObject({ status: "failed", lease: null, failure: { code: "defect", retryable: true } })
        expect(failed.counts).toMatchObject({ created: 0, failed: 3, unprocessed: 3 })
        expect(yield* Engine.commit(definition(sink), pending.id)).toMatchObject({ status: "success", counts: pending.counts })
      }),
    )
  })
})
