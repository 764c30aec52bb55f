import { Engine, type Job, JobStore, SnapshotStore, Summary } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Deferred, type Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, test } from "vitest"
import { columns, definition, drive, products, run, runWithTestClock } from "./support/products.ts"
import { as, commitAs, fromNow, onlyJob, slowSink, slowSource, stored } from "./support/workers.ts"

const source = (count = 4) => TestSource.make({ columns, rows: products(count), pageRows: 1 })

// four batches that take half a minute each
const slow = (transaction: "atomic" | "batched", sink = MemorySink.make()) => {
  const slowed = slowSink(sink, "30 seconds")
  return { sink: slowed, d: definition(slowed, { transaction, limits: { batch: 1 } }) }
}

const reading = (sink: MemorySink.MemorySink) => {
  const pages = slowSource(source(), "30 seconds")
  return Effect.map(
    Effect.forkChild(as("first")(Engine.validate(definition(sink), pages)), { startImmediately: true }),
    (fiber) => ({ fiber, pages }),
  )
}

const balanced = (job: Job.Job): void => expect(Summary.unbalanced(job.counts)).toEqual([])

describe("cancel", () => {
  test("gives up a pending job at once: nothing of it was done, it cannot be committed, and its source may come again", async () => {
    await run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        sink.tables.set("product", new Map([["A-1", ["A-1", "Lamp 1", "1.50", null]]]))
        const file = TestSource.make({ columns, rows: products(4), hashed: true })
        const pending = yield* Engine.validate(definition(sink), file)
        const job = yield* Engine.cancel(pending.id)
        expect(job).toMatchObject({ status: "cancelled", failure: null, lease: null, request: null })
        expect(job.counts).toMatchObject({ created: 0, unchanged: 1, failed: 3, imported: 0, unprocessed: 4 })
        balanced(job)
        expect(yield* Effect.flip(Engine.commit(definition(sink), job.id))).toMatchObject({ reason: "WrongStatus" })
        expect(yield* Effect.flip(Engine.cancel(job.id))).toMatchObject({ reason: "WrongStatus" })
        expect(yield* Engine.run(definition(sink), file)).toMatchObject({ status: "success" })
        expect(yield* Effect.flip(Engine.cancel("nowhere"))).toMatchObject({ reason: "NotFound" })
      }),
    )
  })

  test("stops a validation at its next page: nothing more is read, and what was read is counted", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const { fiber, pages } = yield* reading(sink)
        // behind the renewal of second 80 and before the page of second 90
        yield* TestClock.adjust("85 seconds")
        const asked = yield* Engine.cancel((yield* onlyJob).id)
        expect(asked).toMatchObject({ status: "validating", request: "cancel", lease: { worker: "first" } })
        const done = yield* drive(fiber)
        expect(yield* fromNow(0)).toBe("1970-01-01T00:01:30.000Z")
        expect(done).toMatchObject({ status: "cancelled", lease: null, request: null, failure: null })
        expect(done.counts).toMatchObject({ processed: 2, imported: 0, unprocessed: 2, created: 0 })
        balanced(done)
        expect(pages.delivered).toEqual([1, 2, 3])
        expect(yield* stored(done.id)).toEqual(done)
        const store = yield* SnapshotStore.SnapshotStore
        expect((yield* store.list(done.id)).filter(({ name }) => name.startsWith("raw/"))).toEqual([])
      }),
    )
  })

  test("stops an atomic commit between batches, and nothing was written", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d, sink } = slow("atomic")
        const pending = yield* Engine.validate(d, source())
        const fiber = yield* commitAs("first", d, pending.id)
        yield* TestClock.adjust("45 seconds")
        expect(yield* Engine.cancel(pending.id)).toMatchObject({ status: "running", request: "cancel" })
        const done = yield* drive(fiber)
        expect(done).toMatchObject({ status: "cancelled", lease: null, request: null, failure: null })
        expect(done.counts).toMatchObject({ created: 0, failed: 4, imported: 0, unprocessed: 4 })
        balanced(done)
        expect(sink.seen).toEqual({ most: 1, begun: 2, interrupted: 0 })
        expect(sink.tables.get("product")?.size ?? 0).toBe(0)
      }),
    )
  })

  test("stops a batched commit between batches: those that were done stay, are counted, and can be undone", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d, sink } = slow("batched")
        const pending = yield* Engine.validate(d, source())
        const fiber = yield* commitAs("first", d, pending.id)
        yield* TestClock.adjust("45 seconds")
        yield* Engine.cancel(pending.id)
        const done = yield* drive(fiber)
        expect(done).toMatchObject({ status: "cancelled", lease: null, request: null, failure: null })
        expect(done.counts).toMatchObject({ created: 2, failed: 2, conflict: 0 })
        balanced(done)
        expect([...sink.tables.get("product")!.keys()]).toEqual(["A-1", "A-2"])
        expect(yield* Effect.flip(Engine.resume(d, done.id))).toMatchObject({ reason: "WrongStatus" })
        expect(yield* Engine.undo(d, done.id)).toMatchObject({ status: "success", undo: { reversed: 2, kept: 0, errored: 0 } })
        expect(sink.tables.get("product")!.size).toBe(0)
        expect((yield* stored(done.id)).status).toBe("undone")
      }),
    )
  })

  test("is heard while the job is renewed as well as between renewals, and by a commit that has done its last batch too late", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d } = slow("batched")
        const pending = yield* Engine.validate(d, source(1))
        const fiber = yield* commitAs("first", d, pending.id)
        yield* TestClock.adjust("15 seconds")
        yield* Engine.cancel(pending.id)
        // what was asked is no longer to be had: all of it is done
        expect(yield* drive(fiber)).toMatchObject({ status: "success", request: null, lease: null })
      }),
    )
  })

  test("gives up at once what no worker has any more, and shuts out the worker that wakes up", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d } = slow("batched")
        const pending = yield* Engine.validate(d, source())
        const store = yield* JobStore.JobStore
        const lease = { worker: "gone", until: yield* fromNow(60) }
        const running = yield* store.save({ ...pending, status: "running", token: 1, lease })
        yield* TestClock.adjust("60 seconds")
        const done = yield* Engine.cancel(pending.id)
        expect(done).toMatchObject({ status: "cancelled", token: 2, lease: null, request: null })
        expect(done.failure).toMatchObject({ code: "cancelled", message: expect.stringContaining("are in the target") })
        expect(done.counts).toMatchObject({ created: 0, failed: 4, unprocessed: 4 })
        balanced(done)
        expect(yield* Effect.flip(store.save({ ...running, status: "success" }))).toMatchObject({ reason: "Stale" })

        const { id } = yield* store.save({ ...(yield* Engine.validate(d, source())), status: "validating", lease })
        expect(yield* Engine.cancel(id)).toMatchObject({ status: "cancelled", lease: null })
      }),
    )
  })
})

describe("cancel of a commit that broke off, with its definition", () => {
  // the process dies in its third batch, and all of its saves with it
  const died = (transaction: "atomic" | "batched", after: Duration.Input) =>
    Effect.gen(function* () {
      const { d, sink } = slow(transaction)
      const pending = yield* Engine.validate(d, source())
      const fiber = yield* commitAs("first", d, pending.id)
      yield* TestClock.adjust(after)
      const store = yield* JobStore.JobStore
      // as its lease is given back, so that there is no need to wait for it
      yield* Fiber.interrupt(fiber)
      const left = yield* stored(pending.id)
      expect(left).toMatchObject({ status: "running", lease: null, counts: pending.counts })
      yield* store.save({ ...left, lease: { worker: "first", until: yield* fromNow(0) } })
      return { d, sink, pending }
    })

  test("counts what the target says was done, writes nothing more, and shuts out the worker that wakes up", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d, pending, sink } = yield* died("batched", "75 seconds")
        const job = yield* drive(yield* Effect.forkChild(Engine.cancel(pending.id, d)))
        expect(job).toMatchObject({ status: "cancelled", failure: null, lease: null, request: null, token: 2 })
        expect(job.counts).toMatchObject({ created: 2, failed: 2, imported: 4, unprocessed: 0 })
        balanced(job)
        expect(sink.seen.begun).toBe(3)
        const context = { job: job.id, token: 1, planHash: job.plan!, transaction: "batched", onConflict: "abort" } as const
        const asleep = sink.commit({ ...context, entities: d.entities })
        expect(yield* Effect.flip(Effect.scoped(asleep))).toMatchObject({ reason: "Fenced" })
      }),
    )
  })

  test("behind the end of its transaction brings it to its end: all of it is in the target", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const d = definition(sink, { transaction: "atomic", limits: { batch: 1 } })
        const pending = yield* Engine.validate(d, source())
        const through = yield* Deferred.make<void>()
        const dies: MemorySink.MemorySink = {
          ...sink,
          commit: (context) =>
            Effect.map(sink.commit(context), (session) => ({
              ...session,
              complete: Effect.all([session.complete, Deferred.succeed(through, undefined), Effect.never], { discard: true }),
            })),
        }
        const fiber = yield* commitAs("first", { ...d, sink: dies }, pending.id)
        yield* Deferred.await(through)
        yield* Fiber.interrupt(fiber)
        expect(sink.tables.get("product")!.size).toBe(4)
        const job = yield* Engine.cancel(pending.id, d)
        expect(job).toMatchObject({ status: "success", request: null, counts: pending.counts })
      }),
    )
  })

  test("of an atomic one says that nothing was written", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d, pending, sink } = yield* died("atomic", "75 seconds")
        const job = yield* drive(yield* Effect.forkChild(Engine.cancel(pending.id, d)))
        expect(job).toMatchObject({ status: "cancelled", failure: null, counts: { created: 0, failed: 4, unprocessed: 4 } })
        expect(sink.tables.get("product")?.size ?? 0).toBe(0)
      }),
    )
  })
})

describe("pause", () => {
  test.each(["atomic", "batched"] as const)(
    "gives a commit back between batches; resume goes on, with the same counts (%s)",
    async (transaction) => {
      await runWithTestClock(
        Effect.gen(function* () {
          const { d, sink } = slow(transaction)
          const pending = yield* Engine.validate(d, source())
          const first = yield* commitAs("first", d, pending.id)
          yield* TestClock.adjust("45 seconds")
          expect(yield* Engine.pause(pending.id)).toMatchObject({ status: "running", request: "pause" })
          const paused = yield* drive(first)
          expect(paused).toMatchObject({ status: "running", request: null, lease: null, failure: null })
          expect(sink.tables.get("product")?.size ?? 0).toBe(transaction === "atomic" ? 0 : 2)
          // nobody has it: it stays as it is
          expect(yield* Engine.pause(pending.id)).toEqual(paused)
          const second = yield* Effect.forkChild(as("second")(Engine.resume(d, pending.id)), { startImmediately: true })
          expect(yield* drive(second)).toMatchObject({ status: "success", token: 2, lease: null, counts: pending.counts })
          expect(sink.seen.begun).toBe(transaction === "atomic" ? 6 : 4)
          expect(yield* Effect.flip(Engine.pause(pending.id))).toMatchObject({ reason: "WrongStatus" })
        }),
      )
    },
  )

  test("does not overrule who asked to cancel, and is overruled by it", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const { d } = slow("batched")
        const pending = yield* Engine.validate(d, source())
        const fiber = yield* commitAs("first", d, pending.id)
        yield* TestClock.adjust("5 seconds")
        yield* Engine.pause(pending.id)
        yield* Engine.cancel(pending.id)
        expect(yield* Engine.pause(pending.id)).toMatchObject({ request: "cancel" })
        expect(yield* drive(fiber)).toMatchObject({ status: "cancelled", request: null })
      }),
    )
  })
})
