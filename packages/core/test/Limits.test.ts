import { Engine, type Import, JobStore, type Sink, type Source, Summary } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Duration, Effect, Stream } from "effect"
import { describe, expect, test } from "vitest"
import { breakingSource } from "./support/breaking.ts"
import { columns, definition, drive, lines, products, run, runWithTestClock } from "./support/products.ts"

const source = (count: number, pageRows = 5) => breakingSource(TestSource.make({ columns, rows: products(count), pageRows }), [])

const limited = (sink: MemorySink.MemorySink, limits: Partial<Import.Import["limits"]>) =>
  definition(sink, { limits, allowPartial: true })

// a failed job with this code, of which nothing is in the target and nothing can be committed
const expectStopped = (job: Effect.Success<ReturnType<typeof Engine.validate>>, sink: MemorySink.MemorySink, code: string) =>
  Effect.gen(function* () {
    expect(job).toMatchObject({ status: "failed", failure: { code, retryable: false }, snapshot: null, plan: null })
    expect(Summary.unbalanced(job.counts)).toEqual([])
    expect(job.counts).toMatchObject({ created: 0, updated: 0, imported: 0 })
    expect([...sink.tables.values()].flatMap((table) => [...table])).toEqual([])
    const refused = yield* Effect.flip(Engine.commit(definition(sink, { allowPartial: true }), job.id))
    expect(refused).toMatchObject({ reason: "WrongStatus" })
  })

describe("the size of the source", () => {
  const sized = (bytes: number | null) => {
    const inner = source(3)
    return { ...inner, identify: Effect.map(inner.identify, (identity) => ({ ...identity, bytes })), reads: inner.reads }
  }

  test("is looked at before anything is read", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const from = sized(101)
        const job = yield* Engine.validate(limited(sink, { bytes: 100 }), from)
        yield* expectStopped(job, sink, "limit.bytes")
        expect(from.reads).toEqual([])
        expect(job.failure!.message).toContain("101")
      }),
    )
  })

  test.each([[100], [null]])("of %s bytes is within a limit of 100", async (bytes) => {
    await run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(limited(MemorySink.make(), { bytes: 100 }), sized(bytes))
        expect(job.failure).toBeNull()
      }),
    )
  })
})

describe("the number of rows", () => {
  test("is held while they are read: the page that goes beyond it is the last", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        let pages = 0
        const inner = source(1_000)
        const counting: Source.Source = {
          ...inner,
          read: (from) => Stream.tap(inner.read(from), () => Effect.sync(() => void pages++)),
        }
        const job = yield* Engine.validate(limited(sink, { rows: 12 }), counting)
        yield* expectStopped(job, sink, "limit.rows")
        expect(pages).toBe(3)
        expect(job.counts).toMatchObject({ processed: 10, unprocessed: 10 })
      }),
    )
  })

  test("may be as many as the limit says", async () => {
    await run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(limited(MemorySink.make(), { rows: 12 }), source(12))
        expect(job.failure).toBeNull()
      }),
    )
  })
})

const bad = (count: number) =>
  TestSource.make({ columns, rows: Array.from({ length: count }, (_, at) => [`A-${at}`, null, "cheap", null]), pageRows: 5 })

test("issues beyond the limit are counted and not kept; their rows are in the log all the same", async () => {
  await run(
    Effect.gen(function* () {
      const job = yield* Engine.validate(limited(MemorySink.make(), { issues: 7 }), bad(20))
      expect(job.counts).toMatchObject({ errors: 20, rejected: 20, issuesByCode: { "cell.decimal": 20 } })
      const store = yield* JobStore.JobStore
      expect(yield* store.issues(job.id)).toHaveLength(7)
      const letters = yield* lines(job.id, "log/rejected/")
      expect(letters).toHaveLength(20)
      expect(letters[19]).toMatchObject({
        ref: "test:20",
        at: ["test", 20],
        row: { columns, cells: ["A-19", null, "cheap", null] },
        issues: [{ code: "cell.decimal", column: "price", value: "cheap" }],
      })
    }),
  )
})

describe("the number of rejected rows", () => {
  test("stops the reading when it is passed", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const job = yield* Engine.validate(limited(sink, { maxRejected: 7 }), bad(100))
        yield* expectStopped(job, sink, "limit.maxRejected")
        expect(job.counts).toMatchObject({ processed: 10, rejected: 10 })
      }),
    )
  })

  test("may be as many as the limit says", async () => {
    await run(
      Effect.gen(function* () {
        const job = yield* Engine.validate(limited(MemorySink.make(), { maxRejected: 7 }), bad(7))
        expect(job.status).toBe("pending")
      }),
    )
  })
})

describe("time", () => {
  test("a validation that takes longer than its limit is ended", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const inner = source(20)
        const slow: Source.Source = {
          ...inner,
          read: (from) => Stream.mapEffect(inner.read(from), (page) => Effect.delay(Effect.succeed(page), "20 seconds")),
        }
        const definition = limited(sink, { validateTimeout: Duration.seconds(50) })
        const job = yield* drive(yield* Effect.forkChild(Engine.validate(definition, slow)))
        yield* expectStopped(job, sink, "limit.validateTimeout")
        expect(job.failure!.message).toContain("50s")
        expect(job.counts).toMatchObject({ processed: 10, unprocessed: 10 })
      }),
    )
  })

  test.each(["atomic", "batched"] as const)(
    "a commit (%s) that takes longer than its limit is ended, adds up, and can go on from where it was",
    async (transaction) => {
      await runWithTestClock(
        Effect.gen(function* () {
          const sink = MemorySink.make()
          let pause: Duration.Input = "20 seconds"
          const slow: MemorySink.MemorySink = {
            ...sink,
            commit: (context) =>
              Effect.map(
                sink.commit(context),
                (session): Sink.CommitSession => ({
                  ...session,
                  apply: (batch, planned) => Effect.andThen(Effect.sleep(pause), session.apply(batch, planned)),
                }),
              ),
          }
          const options = { transaction, limits: { batch: 4, commitTimeout: Duration.seconds(50) } }
          const pending = yield* Engine.validate(definition(slow, options), source(20))
          const job = yield* drive(yield* Effect.forkChild(Engine.commit(definition(slow, options), pending.id)))
          expect(job).toMatchObject({ status: "failed", failure: { code: "limit.commitTimeout", retryable: true } })
          expect(Summary.unbalanced(job.counts)).toEqual([])
          const written = transaction === "atomic" ? 0 : 8
          expect(job.counts).toMatchObject({ created: written, failed: 20 - written, unprocessed: written === 0 ? 20 : 0 })
          expect(sink.tables.get("product")?.size ?? 0).toBe(written)
          pause = "1 second"
          const done = yield* drive(yield* Effect.forkChild(Engine.commit(definition(slow, options), pending.id)))
          expect(done).toMatchObject({ status: "success", failure: null })
          expect(done.counts).toEqual(pending.counts)
        }),
      )
    },
  )
})
