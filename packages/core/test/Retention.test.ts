import { Duration, Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, test } from "vitest"
import { Engine, type Job, JobStore, Retention, Snapshot, SnapshotStore } from "../src/index.ts"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "../src/memory/index.ts"
import { JobStoreSuite } from "../src/testing/index.ts"
import { runWithTestClock } from "./support/products.ts"
import { imported, jobOf, rows, source, target } from "./support/undoing.ts"

const day = (number: number): string => new Date(Date.UTC(2026, 0, number)).toISOString()

const old = (id: string, status: Job.Status, updatedAt: string, more: Partial<Job.Job> = {}): Job.Job =>
  JobStoreSuite.job(id, { import: "prices", status, createdAt: updatedAt, updatedAt, ...more })

const run = <A, E>(effect: Effect.Effect<A, E, JobStore.JobStore | SnapshotStore.SnapshotStore>): Promise<A> =>
  Effect.runPromise(
    Effect.andThen(TestClock.setTime(Date.parse(day(101))), effect).pipe(
      Effect.provide(Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)),
      Effect.provide(TestClock.layer()),
    ),
  )

const failure = (retryable: boolean): Job.Failure => ({ code: "sink.Unreachable", message: "it is away", retryable })

const statuses: ReadonlyArray<readonly [Job.Job, goes: boolean]> = [
  [old("a-success", "success", day(2)), true],
  [old("b-partial", "partial", day(1)), true],
  [old("c-failed", "failed", day(3), { failure: failure(false) }), true],
  [old("d-again", "failed", day(3), { failure: failure(true) }), false],
  [old("e-cancelled", "cancelled", day(4)), true],
  [old("f-undone", "undone", day(5)), true],
  [old("g-validating", "validating", day(1)), false],
  [old("h-pending", "pending", day(1)), false],
  [old("i-running", "running", day(1)), false],
  [old("j-young", "success", day(12)), false],
]

const fill = Effect.gen(function* () {
  const jobs = yield* JobStore.JobStore
  const snapshots = yield* SnapshotStore.SnapshotStore
  for (const [job] of statuses) {
    yield* jobs.create(job)
    yield* snapshots.put(job.id, "snapshot.json", new Uint8Array(10))
    yield* snapshots.put(job.id, "records/a/000000.ndjson", new Uint8Array(90))
  }
  yield* snapshots.put("nobody", "snapshot.json", new Uint8Array(7))
  return { jobs, snapshots }
})

describe("retention", () => {
  test("tells what would go, the oldest first, orphans last, and touches nothing", () =>
    run(
      Effect.gen(function* () {
        const { snapshots } = yield* fill
        const due = yield* Retention.look()
        expect(due.goes.map(({ job }) => job)).toEqual([
          "b-partial",
          "a-success",
          "c-failed",
          "e-cancelled",
          "f-undone",
          "nobody",
        ])
        expect(due.goes[0]).toMatchObject({ parts: 2, bytes: 100, of: { import: "prices", status: "partial" } })
        expect(due.goes.at(-1)).toEqual({ job: "nobody", of: null, parts: 1, bytes: 7, inTarget: 0 })
        expect(due.bytes).toBe(507)
        expect((yield* snapshots.jobs).length).toBe(statuses.length + 1)
      }),
    ))

  test("takes away just what was told, and nothing that a job that waits, runs or can be gone on with needs", () =>
    run(
      Effect.gen(function* () {
        const { jobs, snapshots } = yield* fill
        const purged = yield* Retention.purge(yield* Retention.look())
        expect(purged).toMatchObject({ bytes: 507, left: [] })
        expect(yield* snapshots.jobs).toEqual(statuses.flatMap(([{ id }, goes]) => (goes ? [] : [id])))
        for (const [job] of statuses) expect((yield* jobs.get(job.id))._tag).toBe("Some")
        expect((yield* Retention.look()).goes).toEqual([])
      }),
    ))

  test("leaves a job that changed since it was looked at", () =>
    run(
      Effect.gen(function* () {
        const { jobs, snapshots } = yield* fill
        const due = yield* Retention.look()
        yield* jobs.save(old("a-success", "undone", day(100)))
        yield* jobs.create(old("nobody", "validating", day(100)))
        const purged = yield* Retention.purge(due)
        expect(purged.left).toEqual(["a-success", "nobody"])
        expect((yield* snapshots.list("a-success")).length).toBe(2)
        expect((yield* snapshots.list("nobody")).length).toBe(1)
      }),
    ))

  test("holds for each import as it says, and for the others as it is asked", () =>
    run(
      Effect.gen(function* () {
        yield* fill
        const none = yield* Retention.look({
          imports: [{ name: "prices", retention: Duration.days(365), sink: MemorySink.make() }],
        })
        expect(none.goes.map(({ job }) => job)).toEqual(["nobody"])
        const all = yield* Retention.look({
          imports: [{ name: "other", retention: Duration.days(365), sink: MemorySink.make() }],
          age: Duration.days(1),
        })
        expect(all.goes.map(({ job }) => job)).toContain("j-young")
      }),
    ))
})

describe("what a sink keeps", () => {
  const days = (number: number) => TestClock.adjust(Duration.days(number))
  const committed = Effect.gen(function* () {
    const sink = target()
    const d = imported(sink, { retention: Duration.days(30), transaction: "batched" })
    return { sink, d, job: yield* Engine.run(d, source(rows)) }
  })

  test("goes with the parts, the records stay, and whoever asks for the job is told when that was", () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { d, job, sink } = yield* committed
        const imports = [d]
        yield* days(29)
        expect((yield* Retention.look({ imports })).goes).toEqual([])
        expect(yield* Engine.previewUndo(d, job.id)).toMatchObject({ kept: 0, errored: 0 })
        yield* days(2)
        const before = structuredClone(sink.tables)
        const due = yield* Retention.look({ imports })
        expect(due.goes).toMatchObject([{ job: job.id, of: { status: "success" } }])
        const [{ bytes, inTarget }] = due.goes as [Retention.Goes]
        expect(inTarget).toBeGreaterThan(0)
        expect(bytes).toBeGreaterThan(inTarget)
        const purged = yield* Retention.purge(due, { imports })
        expect(purged).toEqual({ ...due, left: [] })
        expect(sink.tables).toEqual(before)
        expect(yield* Retention.look({ imports })).toEqual({ goes: [], bytes: 0 })
        const kept = yield* jobOf(job.id)
        expect(kept).toMatchObject({ status: "success", purged: "1970-02-01T00:00:00.000Z", updatedAt: job.updatedAt })
        const said = {
          _tag: "EngineError",
          reason: "Purged",
          job: job.id,
          message: expect.stringContaining("1970-02-01T00:00:00"),
        }
        expect(yield* Effect.flip(Engine.undo(d, job.id))).toMatchObject(said)
        expect(yield* Effect.flip(Engine.previewUndo(d, job.id))).toMatchObject(said)
        expect(yield* Effect.flip(Stream.runDrain(Engine.changes(d, job.id)))).toMatchObject(said)
        expect(yield* Effect.flip(Engine.candidates(job.id))).toMatchObject(said)
        expect(sink.tables).toEqual(before)
      }),
    ))

  test("of an undo that is done goes as well, and what it says of its job", () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { d, job } = yield* committed
        const undo = yield* Engine.undo(d, job.id)
        yield* days(31)
        const imports = [d]
        const due = yield* Retention.look({ imports })
        expect(due.goes.map((it) => it.job).sort()).toEqual([job.id, undo.id])
        yield* Retention.purge(due, { imports })
        expect(yield* Effect.flip(Stream.runDrain(Engine.changes(d, undo.id)))).toMatchObject({ reason: "Purged", job: job.id })
      }),
    ))

  test("of a job that waits, runs, can be gone on with, is young or of another target is not even asked for", () =>
    run(
      Effect.gen(function* () {
        const { jobs } = yield* fill
        yield* jobs.create(old("k-elsewhere", "success", day(1), { target: "elsewhere" }))
        const asked: Array<string> = []
        const sink: MemorySink.MemorySink = {
          ...MemorySink.make(),
          forget: ({ jobs }) => Effect.sync(() => new Map(jobs.map((job) => [job, asked.push(job)]))),
        }
        yield* Retention.look({ imports: [{ name: "prices", retention: Duration.days(90), sink }] })
        expect(asked.sort()).toEqual(statuses.flatMap(([{ id }, goes]) => (goes ? [id] : [])))
      }),
    ))

  test.each(["pending", "running", "failed"] as const)("of a job whose undo is %s stays, and its parts", (status) =>
    runWithTestClock(
      Effect.gen(function* () {
        const { d, job } = yield* committed
        const store = yield* JobStore.JobStore
        yield* days(31)
        const imports = [d]
        const due = yield* Retention.look({ imports })
        const undo = { of: job.id, reversed: 0, kept: 0, errored: 0 }
        const failed = status === "failed" ? { failure: failure(true) } : {}
        yield* store.create({ ...job, id: `${job.id}-undo`, status, undo, version: 0, ...failed })
        expect((yield* Retention.look({ imports })).goes).toEqual([])
        // nor where the undo began after it was looked
        expect(yield* Retention.purge(due, { imports })).toEqual({ goes: [], bytes: 0, left: [job.id] })
        expect(yield* jobOf(job.id)).toMatchObject({ purged: null, updatedAt: job.updatedAt })
        expect(yield* Engine.undo(d, job.id)).toMatchObject({ status: "success" })
      }),
    ),
  )

  test("is not missed by an undo that begins while it goes: it ends before it writes", () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { d, job, sink } = yield* committed
        const store = yield* JobStore.JobStore
        const before = structuredClone(sink.tables)
        // purged as soon as the undo's job is there
        const late: JobStore.JobStore["Service"] = {
          ...store,
          create: (it) => Effect.andThen(store.save({ ...job, purged: day(1) }), store.create(it)).pipe(Effect.orDie),
        }
        const undo = yield* Effect.provideService(Engine.undo(d, job.id), JobStore.JobStore, late)
        expect(undo).toMatchObject({ status: "failed", lease: null, failure: { code: "purged", retryable: false } })
        expect(sink.tables).toEqual(before)
      }),
    ))

  test("goes the next time where the process dies in between; the first time is what the job says", () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { d, job } = yield* committed
        yield* days(31)
        const dies = { ...d, sink: { ...d.sink, forget: () => Effect.die("killed") } }
        const due = yield* Retention.look({ imports: [d] })
        expect((yield* Effect.exit(Retention.purge(due, { imports: [dies] })))._tag).toBe("Failure")
        yield* days(1)
        const again = yield* Retention.look({ imports: [d] })
        expect(again.bytes).toBe(due.bytes)
        expect((yield* Retention.purge(again, { imports: [d] })).bytes).toBe(due.bytes)
        expect((yield* jobOf(job.id)).purged).toBe("1970-02-01T00:00:00.000Z")
      }),
    ))
})

test("parts of other attempts at a validation are orphans; those of its own stay with the job", () =>
  runWithTestClock(
    Effect.gen(function* () {
      const d = imported(target())
      const snapshots = yield* SnapshotStore.SnapshotStore
      const job = yield* Engine.validate(d, source(rows))
      const own = (yield* snapshots.list(job.id)).length
      // what a worker that was taken over writes when it wakes up
      yield* snapshots.put(job.id, Snapshot.placeOf(2, "plan.json"), new Uint8Array(7))
      const due = yield* Retention.look({ imports: [d] })
      expect(due).toEqual({ goes: [{ job: job.id, of: null, parts: 1, bytes: 7, inTarget: 0 }], bytes: 7 })
      expect(yield* Retention.purge(due, { imports: [d] })).toEqual({ ...due, left: [] })
      expect((yield* snapshots.list(job.id)).length).toBe(own)
      expect(yield* Engine.commit(d, job.id)).toMatchObject({ status: "success" })
      // while it is validated, nobody can tell which are others
      const store = yield* JobStore.JobStore
      yield* store.create({ ...job, id: "v", status: "validating", attempt: 3 })
      yield* snapshots.put("v", "raw/000000.json", new Uint8Array(7))
      expect((yield* Retention.look()).goes).toEqual([])
    }),
  ))
