/**
 * Retention: what of old jobs is kept for how long. Jobs themselves, with their counts and issues, stay; snapshots, plans and the raw
 * rows in them go when nobody can need them any more.
 *
 * {@link look} tells what would go and how many bytes that frees; {@link purge} takes away just that.
 *
 * @module
 */
import { Clock, Duration, Effect, Option } from "effect"
import { defaultRetention, type Import } from "./Import.ts"
import type { Job } from "./Job.ts"
import { JobStore, type JobStoreError } from "./JobStore.ts"
import { SnapshotStore, type SnapshotStoreError } from "./SnapshotStore.ts"

/** What {@link look} takes. */
export interface Options {
  /** Imports whose own `retention` holds for their jobs. */
  readonly imports?: ReadonlyArray<Pick<Import, "name" | "retention">>
  /** For all other jobs: 90 days by default. */
  readonly age?: Duration.Duration
}

/** Parts that can go. */
export interface Goes {
  readonly job: string
  /** The job they belong to; `null` for orphans, parts of a job that is not in the job store. */
  readonly of: Pick<Job, "import" | "status" | "updatedAt" | "version"> | null
  readonly parts: number
  readonly bytes: number
}

/** What would go, the oldest first, orphans last. */
export interface Due {
  readonly goes: ReadonlyArray<Goes>
  readonly bytes: number
}

/** What went. */
export interface Purged extends Due {
  /** Jobs that changed since they were looked at, and were left. */
  readonly left: ReadonlyArray<string>
}

type Stores = JobStore | SnapshotStore
type StoreError = JobStoreError | SnapshotStoreError

// a job that may still be committed or gone on with needs its parts, however old it is
const needs = ({ failure, status }: Job): boolean =>
  status === "validating" || status === "pending" || status === "running" || (status === "failed" && failure?.retryable === true)

const sizeOf = (parts: ReadonlyArray<{ readonly bytes: number }>) => ({
  parts: parts.length,
  bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
})

const byAge = (a: Goes, b: Goes): number =>
  a.of === null || b.of === null
    ? Number(a.of === null) - Number(b.of === null)
    : a.of.updatedAt < b.of.updatedAt
      ? -1
      : a.of.updatedAt > b.of.updatedAt
        ? 1
        : 0

/**
 * Tells what would go: parts of jobs that ended longer ago than their import keeps them, and parts of jobs that are not known. A job that
 * waits, runs, or can be gone on with keeps its parts; one that could be undone loses that with them. Reads only.
 */
export const look = (options: Options = {}): Effect.Effect<Due, StoreError, Stores> =>
  Effect.gen(function* () {
    const jobs = yield* JobStore
    const snapshots = yield* SnapshotStore
    const now = yield* Clock.currentTimeMillis
    const ages = new Map((options.imports ?? []).map((it) => [it.name, it.retention]))
    const goes: Array<Goes> = []
    for (const id of yield* snapshots.jobs) {
      const found = yield* jobs.get(id)
      const job = Option.getOrUndefined(found)
      if (job !== undefined) {
        const age = Duration.toMillis(ages.get(job.import) ?? options.age ?? defaultRetention)
        if (needs(job) || Date.parse(job.updatedAt) + age > now) continue
      }
      goes.push({ job: id, of: job ?? null, ...sizeOf(yield* snapshots.list(id)) })
    }
    goes.sort(byAge)
    return { goes, bytes: goes.reduce((sum, it) => sum + it.bytes, 0) }
  })

/** Takes away what {@link look} told, except of jobs that changed in the meantime. What is gone already is not missed. */
export const purge = (due: Due): Effect.Effect<Purged, StoreError, Stores> =>
  Effect.gen(function* () {
    const jobs = yield* JobStore
    const snapshots = yield* SnapshotStore
    const goes: Array<Goes> = []
    const left: Array<string> = []
    for (const it of due.goes) {
      const job = Option.getOrNull(yield* jobs.get(it.job))
      if ((job?.version ?? null) !== (it.of?.version ?? null)) {
        left.push(it.job)
        continue
      }
      yield* snapshots.remove(it.job)
      goes.push(it)
    }
    return { goes, left, bytes: goes.reduce((sum, it) => sum + it.bytes, 0) }
  })
