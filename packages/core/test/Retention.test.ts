import { Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, test } from "vitest"
import { type Job, JobStore, Retention, SnapshotStore } from "../src/index.ts"
import { MemoryJobStore, MemorySnapshotStore } from "../src/memory/index.ts"
import { JobStoreSuite } from "../src/testing/index.ts"

const day = (number: number): string => new Date(Date.UTC(2026, 0, number)).toISOString()

const jobOf = (id: string, status: Job.Status, updatedAt: string, more: Partial<Job.Job> = {}): Job.Job =>
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
  [jobOf("a-success", "success", day(2)), true],
  [jobOf("b-partial", "partial", day(1)), true],
  [jobOf("c-failed", "failed", day(3), { failure: failure(false) }), true],
  [jobOf("d-again", "failed", day(3), { failure: failure(true) }), false],
  [jobOf("e-cancelled", "cancelled", day(4)), true],
  [jobOf("f-undone", "undone", day(5)), true],
  [jobOf("g-validating", "validating", day(1)), false],
  [jobOf("h-pending", "pending", day(1)), false],
  [jobOf("i-running", "running", day(1)), false],
  [jobOf("j-young", "success", day(12)), false],
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
        expect(due.goes.at(-1)).toEqual({ job: "nobody", of: null, parts: 1, bytes: 7 })
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
        yield* jobs.save(jobOf("a-success", "undone", day(100)))
        yield* jobs.create(jobOf("nobody", "validating", day(100)))
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
        const none = yield* Retention.look({ imports: [{ name: "prices", retention: Duration.days(365) }] })
        expect(none.goes.map(({ job }) => job)).toEqual(["nobody"])
        const all = yield* Retention.look({ imports: [{ name: "other", retention: Duration.days(365) }], age: Duration.days(1) })
        expect(all.goes.map(({ job }) => job)).toContain("j-young")
      }),
    ))
})
