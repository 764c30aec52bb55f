import { Engine, JobStore, type Source } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Clock, Duration, Effect, Schedule } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { breakingSource, sourceError } from "./support/breaking.ts"
import { columns, definition, drive, products, run, runWithTestClock } from "./support/products.ts"

const source = (pageRows = 3) => TestSource.make({ columns, rows: products(20), pageRows })

const validate = (from: Source.Source, retry?: Schedule.Schedule<unknown, unknown>) =>
  Engine.validate(definition(MemorySink.make(), { limits: { batch: 4 }, ...(retry === undefined ? {} : { retry }) }), from)

describe("a source that breaks off", () => {
  test("is read on behind the last page, no row twice and none lost, wherever and however often it breaks", async () => {
    const whole = await run(validate(source()))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 3 }), { maxLength: 8 }), async (pages) => {
        const breaks = breakingSource(
          source(),
          pages.map((count) => ({ pages: count, error: sourceError() })),
        )
        const job = await run(validate(breaks, Schedule.recurs(8)))
        expect(job.failure).toBeNull()
        expect(job.counts).toEqual(whole.counts)
        expect(job.snapshot!.hash).toBe(whole.snapshot!.hash)
      }),
      { numRuns: 40 },
    )
  })

  test("begins again at the cursor of the last page it gave", async () => {
    const breaks = breakingSource(source(), [
      { pages: 0, error: sourceError() },
      { pages: 2, error: sourceError() },
      { pages: 1, error: sourceError() },
    ])
    await run(validate(breaks, Schedule.recurs(3)))
    expect(breaks.reads).toEqual([null, null, 6, 9])
  })

  test("has the whole schedule again after every page that came: five failures in a thousand pages are no reason to give up", async () => {
    const breaks = breakingSource(
      source(1),
      Array.from({ length: 19 }, () => ({ pages: 1, error: sourceError() })),
    )
    const job = await run(validate(breaks, Schedule.recurs(1)))
    expect(job.failure).toBeNull()
    expect(job.counts.processed).toBe(20)
  })

  test("fails the job with its reason when the schedule is used up without a page in between", async () => {
    const breaks = breakingSource(source(), [
      { pages: 1, error: sourceError() },
      ...Array.from({ length: 9 }, () => ({ pages: 0, error: sourceError() })),
    ])
    const sink = MemorySink.make()
    const job = await run(Engine.validate(definition(sink, { retry: Schedule.recurs(2) }), breaks))
    expect(job.status).toBe("failed")
    expect(job.failure).toEqual({ code: "source.Unreachable", message: "connection reset", retryable: true })
    // one wait for the break behind a page, and two in a row after it
    expect(breaks.reads).toHaveLength(4)
    expect(job.counts).toMatchObject({ processed: 3, imported: 0, unprocessed: 3, failed: 3, created: 0 })
    expect([...sink.tables.values()].every((table) => table.size === 0)).toBe(true)
  })

  test("with an error that is not retryable is not asked again", async () => {
    const breaks = breakingSource(source(), [{ pages: 1, error: sourceError({ isRetryable: false }) }])
    const job = await run(validate(breaks))
    expect(job.failure).toMatchObject({ code: "source.Unreachable", retryable: false })
    expect(breaks.reads).toEqual([null])
  })
})

// the seconds between each break and the read after it
const waits = (times: ReadonlyArray<number>): ReadonlyArray<number> =>
  times.flatMap((time, at) => (at % 2 === 1 && times[at + 1] !== undefined ? [(times[at + 1]! - time) / 1_000] : []))

describe("waiting", () => {
  test("follows the schedule: 1 s doubled, five times, and then the job fails", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const breaks = breakingSource(
          source(),
          Array.from({ length: 99 }, () => ({ pages: 0, error: sourceError() })),
        )
        const job = yield* drive(yield* Effect.forkChild(validate(breaks)))
        expect(job.failure?.code).toBe("source.Unreachable")
        const waited = waits(breaks.times)
        expect(waited).toHaveLength(5)
        // a fifth up or down, and the step of the test's clock
        for (const [at, seconds] of waited.entries()) {
          expect(seconds).toBeGreaterThanOrEqual(2 ** at * 0.8)
          expect(seconds).toBeLessThanOrEqual(2 ** at * 1.2 + 1)
        }
      }),
    )
  })

  test.each([0, 2])("obeys a Retry-After that is longer than the schedule's wait, after %i pages", async (pages) => {
    await runWithTestClock(
      Effect.gen(function* () {
        const breaks = breakingSource(source(), [{ pages, error: sourceError({ retryAfter: Duration.seconds(300) }) }])
        const job = yield* drive(yield* Effect.forkChild(validate(breaks)))
        expect(job.failure).toBeNull()
        expect(job.counts.processed).toBe(20)
        expect(waits(breaks.times)).toEqual([300])
      }),
    )
  })

  test("is for the identity as well", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const asked: Array<number> = []
        const inner = source()
        const identify = Effect.flatMap(Clock.currentTimeMillis, (time) =>
          asked.push(time) === 1 ? Effect.fail(sourceError({ retryAfter: Duration.seconds(90) })) : inner.identify,
        )
        const job = yield* drive(yield* Effect.forkChild(validate({ ...inner, identify })))
        expect(job.status).toBe("pending")
        expect(asked[1]! - asked[0]!).toBe(90_000)
      }),
    )
  })

  test("a source that cannot be identified leaves a failed job that says so", async () => {
    await run(
      Effect.gen(function* () {
        const job = yield* validate({ ...source(), identify: Effect.fail(sourceError({ isRetryable: false })) })
        expect(job).toMatchObject({ status: "failed", failure: { code: "source.Unreachable" }, source: { name: "test" } })
        const store = yield* JobStore.JobStore
        expect(yield* store.find({ status: ["failed"] })).toHaveLength(1)
      }),
    )
  })
})
