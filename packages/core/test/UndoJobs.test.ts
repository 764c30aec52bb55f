import { Engine, JobStore, SnapshotStore } from "@waybill/core"
import type { MemorySink } from "@waybill/core/memory"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, test } from "vitest"
import { drive, run, runWithTestClock } from "./support/products.ts"
import { imported, jobOf, rows, source, target } from "./support/undoing.ts"

describe("which jobs can be taken back", () => {
  test("one that wrote nothing, one that is taken back already, an undo, and one of a sink that cannot are told apart", async () => {
    await run(
      Effect.gen(function* () {
        const sink = target()
        const d = imported(sink)
        const refused = (id: string, of = d) => Effect.flip(Engine.undo(of, id))
        const pending = yield* Engine.validate(d, source(rows))
        expect(yield* refused(pending.id)).toMatchObject({
          reason: "WrongStatus",
          message: expect.stringContaining("is pending"),
        })
        const job = yield* Engine.commit(d, pending.id)
        const { undo: _, ...without } = sink
        expect(yield* refused(job.id, { ...d, sink: without })).toMatchObject({ reason: "Unsupported", job: job.id })
        const undo = yield* Engine.undo(d, job.id)
        const again = yield* refused(job.id)
        expect(again).toMatchObject({ reason: "WrongStatus", message: expect.stringContaining(`already, by job ${undo.id}`) })
        expect(yield* Effect.flip(Engine.previewUndo(d, job.id))).toMatchObject({ reason: "WrongStatus" })
        expect(yield* refused(undo.id)).toMatchObject({
          reason: "WrongStatus",
          message: expect.stringContaining("itself the undo"),
        })
        expect(yield* refused("nowhere")).toMatchObject({ reason: "NotFound" })
        const failed = yield* Engine.run(d, source([["B-1", "Shade", "cheap", null]]))
        expect(failed).toMatchObject({ status: "failed", failure: { code: "rows.rejected" } })
        expect(yield* refused(failed.id)).toMatchObject({
          reason: "WrongStatus",
          message: expect.stringContaining("written nothing"),
        })
      }),
    )
  })

  test("one that failed half-way: the batches that it wrote are taken back, and no others", async () => {
    await run(
      Effect.gen(function* () {
        const sink = target({ refuse: (_, [key]) => (key === "A-5" ? "no such thing" : undefined) })
        const before = structuredClone(sink.tables)
        const d = imported(sink, { transaction: "batched" })
        const job = yield* Engine.run(d, source(rows))
        expect(job).toMatchObject({ status: "failed", counts: { created: 4, updated: 1 } })
        const undo = yield* Engine.undo(d, job.id)
        expect(undo).toMatchObject({ status: "success", undo: { reversed: 5 } })
        expect(sink.tables).toEqual(before)
        expect(yield* jobOf(job.id)).toMatchObject({ status: "undone" })
      }),
    )
  })

  test("a file can be imported again behind its undo, without force", async () => {
    await run(
      Effect.gen(function* () {
        const sink = target()
        const d = imported(sink)
        const bytes = { name: "lamps.csv", sha256: "1".repeat(64), bytes: 1, details: {} }
        const file = { ...source(rows), identify: Effect.succeed(bytes) }
        const job = yield* Engine.run(d, file)
        expect(yield* Effect.flip(Engine.validate(d, file))).toMatchObject({ reason: "AlreadyImported" })
        yield* Engine.undo(d, job.id)
        const again = yield* Engine.run(d, file)
        expect(again).toMatchObject({ status: "success", counts: job.counts, earlier: null })
      }),
    )
  })

  test("one whose sealed parts were changed since is not: nothing is written, and the job stays as it is", async () => {
    await run(
      Effect.gen(function* () {
        const sink = target()
        const d = imported(sink)
        const job = yield* Engine.run(d, source(rows))
        const written = structuredClone(sink.tables)
        const store = yield* SnapshotStore.SnapshotStore
        yield* store.remove(job.id, "records/category/000000.ndjson")
        yield* store.put(job.id, "records/category/000000.ndjson", Buffer.from('["new-1","new-1"]\n["old","Old"]\n'))
        const undo = yield* Engine.undo(d, job.id)
        expect(undo).toMatchObject({ status: "failed", failure: { code: "integrity", retryable: false } })
        expect(sink.tables).toEqual(written)
        expect(yield* jobOf(job.id)).toMatchObject({ status: "success" })
      }),
    )
  })
})

describe("two who undo the same job", () => {
  test("at once: one does it, the other is told that it is busy", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const inner = target()
        // its first batch takes a second
        const slow: MemorySink.MemorySink = {
          ...inner,
          undo: (context) =>
            Effect.map(inner.undo!(context), (session) => ({
              ...session,
              revert: (batch, planned) => Effect.delay(session.revert(batch, planned), "1 second"),
            })),
        }
        const d = imported(slow, { transaction: "batched" })
        const job = yield* Engine.run(d, source(rows))
        const one = yield* Effect.forkChild(Engine.undo(d, job.id))
        yield* TestClock.adjust("1 second")
        expect(yield* Effect.flip(Engine.undo(d, job.id))).toMatchObject({ reason: "Busy" })
        const done = yield* drive(one)
        expect(done).toMatchObject({ status: "success", token: 1, undo: { reversed: 6 } })
      }),
    )
  })

  test("behind one that died before it could say that the job is undone: says it, and writes nothing", async () => {
    await run(
      Effect.gen(function* () {
        const sink = target()
        const d = imported(sink)
        const job = yield* Engine.run(d, source(rows))
        const undo = yield* Engine.undo(d, job.id)
        const store = yield* JobStore.JobStore
        yield* store.save({ ...(yield* jobOf(job.id)), status: "success" })
        const closed = { ...sink, undo: () => Effect.die("opened again") }
        expect(yield* Engine.undo({ ...d, sink: closed }, job.id)).toEqual(undo)
        expect(yield* jobOf(job.id)).toMatchObject({ status: "undone" })
      }),
    )
  })

  test("a worker that went away is followed by the next call: the same undo job, a higher token, the same end", async () => {
    await runWithTestClock(
      Effect.gen(function* () {
        const inner = target()
        const before = structuredClone(inner.tables)
        let batches = 0
        const hanging: MemorySink.MemorySink = {
          ...inner,
          undo: (context) =>
            Effect.map(inner.undo!(context), (session) => ({
              ...session,
              revert: (batch, planned) => (++batches === 3 ? Effect.never : session.revert(batch, planned)),
            })),
        }
        const d = imported(hanging, { transaction: "batched" })
        const job = yield* Engine.run(d, source(rows))
        const one = yield* Effect.forkChild(Engine.undo(d, job.id))
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(one)
        expect(inner.tables).not.toEqual(before)
        expect(yield* jobOf(job.id)).toMatchObject({ status: "success" })
        const undo = yield* Engine.undo(d, job.id)
        expect(undo).toMatchObject({ status: "success", token: 2, undo: { reversed: 6, kept: 0, errored: 0 } })
        expect(inner.tables).toEqual(before)
      }),
    )
  })
})
