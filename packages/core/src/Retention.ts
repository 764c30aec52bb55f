/**
 * Retention: what of old jobs is kept for how long. Jobs themselves, with their counts and issues, stay; snapshots, plans and the raw
 * rows in them, and what a sink keeps to take a job back, go when nobody can need them any more.
 *
 * {@link look} tells what would go and how many bytes that frees; {@link purge} takes away just that.
 *
 * @module
 */
import { Clock, Duration, Effect, Option } from "effect"
import { defaultRetention, type Import } from "./Import.ts"
import { beingUndone, isOver } from "./internal/retention.ts"
import type { Job } from "./Job.ts"
import { JobStore, type JobStoreError } from "./JobStore.ts"
import type { Sink, SinkError } from "./Sink.ts"
import { partAt } from "./Snapshot.ts"
import { SnapshotStore, type SnapshotStoreError } from "./SnapshotStore.ts"

/** What {@link look} takes. */
export interface Options {
  /** Imports whose own `retention` holds for their jobs, and whose sinks are asked what they keep of them. */
  readonly imports?: ReadonlyArray<Pick<Import, "name" | "retention" | "sink">>
  /** For all other jobs: 90 days by default. What sinks keep of these is not touched. */
  readonly age?: Duration.Duration
}

/** What can go of one job. */
export interface Goes {
  readonly job: string
  /** The job; `null` for orphans, parts that no job has: of a job that is not in the job store, or of another attempt at its validation. */
  readonly of: Pick<Job, "import" | "status" | "updatedAt" | "version"> | null
  /** Its parts in the snapshot store. */
  readonly parts: number
  /** Bytes in all. */
  readonly bytes: number
  /** How many of these are in the target, where the sink keeps what an undo needs. */
  readonly inTarget: number
}

/** What would go, the oldest first, orphans last. */
export interface Due {
  readonly goes: ReadonlyArray<Goes>
  readonly bytes: number
}

/** What went. */
export interface Purged extends Due {
  /** Jobs that changed since they were looked at, or are being undone, and were left. */
  readonly left: ReadonlyArray<string>
}

type Stores = JobStore | SnapshotStore
type StoreError = JobStoreError | SnapshotStoreError

const sum = (all: ReadonlyArray<{ readonly bytes: number }>): number => all.reduce((bytes, it) => bytes + it.bytes, 0)

const byAge = (a: Goes, b: Goes): number =>
  a.of === null || b.of === null
    ? Number(a.of === null) - Number(b.of === null)
    : a.of.updatedAt < b.of.updatedAt
      ? -1
      : a.of.updatedAt > b.of.updatedAt
        ? 1
        : 0

// parts that were sealed by another attempt than the one that the job is of
const orphansOf = (job: Job, parts: ReadonlyArray<{ readonly name: string; readonly bytes: number }>) =>
  job.status === "validating" ? [] : parts.filter(({ name }) => partAt(name).attempt !== job.attempt)

// the sink of a job's import, where it is the same target still
const sinkOf = ({ imports = [] }: Options, job: Pick<Job, "import" | "target">): Sink | undefined =>
  imports.find(({ name, sink }) => name === job.import && sink.target === job.target)?.sink

/**
 * Tells what would go: what is kept of jobs that ended longer ago than their import keeps it, and parts that no job has. A job that waits, runs,
 * is being undone or can be gone on with keeps all of it; one that could be undone loses that with it. Reads only.
 */
export const look = (options: Options = {}): Effect.Effect<Due, StoreError | SinkError, Stores> =>
  Effect.gen(function* () {
    const jobs = yield* JobStore
    const snapshots = yield* SnapshotStore
    const now = yield* Clock.currentTimeMillis
    const before = (name: string): number =>
      now - Duration.toMillis(options.imports?.find((it) => it.name === name)?.retention ?? options.age ?? defaultRetention)
    const undone = new Map<number, ReadonlySet<string>>()
    const isDue = (job: Job) =>
      Effect.gen(function* () {
        const moment = before(job.import)
        if (!isOver(job, moment)) return false
        if (!undone.has(moment)) undone.set(moment, yield* beingUndone(moment))
        return !undone.get(moment)!.has(job.id)
      })
    const goes = new Map<string, Goes>()
    for (const id of yield* snapshots.jobs) {
      const job = Option.getOrUndefined(yield* jobs.get(id))
      const all = yield* snapshots.list(id)
      const due = job === undefined || (yield* isDue(job))
      const parts = due ? all : orphansOf(job, all)
      if (parts.length === 0) continue
      goes.set(id, { job: id, of: due && job !== undefined ? job : null, parts: parts.length, bytes: sum(parts), inTarget: 0 })
    }
    for (const { name, sink } of options.imports ?? []) {
      if (sink.forget === undefined) continue
      const due = new Map<string, Job>()
      const old = { import: name, before: new Date(before(name)).toISOString(), limit: Number.MAX_SAFE_INTEGER }
      for (const job of yield* jobs.find(old)) if (job.target === sink.target && (yield* isDue(job))) due.set(job.id, job)
      for (const [id, bytes] of yield* sink.forget({ jobs: [...due.keys()], preview: true })) {
        const known = goes.get(id)
        goes.set(id, {
          job: id,
          of: due.get(id)!,
          parts: known?.parts ?? 0,
          bytes: (known?.bytes ?? 0) + bytes,
          inTarget: bytes,
        })
      }
    }
    const all = [...goes.values()].sort(byAge)
    return { goes: all, bytes: sum(all) }
  })

/**
 * Takes away what {@link look} told, except of jobs that changed in the meantime. The job says from then on that it was purged, and when; what is
 * gone already is not missed. `options` are those that were looked with.
 */
export const purge = (due: Due, options: Pick<Options, "imports"> = {}): Effect.Effect<Purged, StoreError | SinkError, Stores> =>
  Effect.gen(function* () {
    const goes: Array<Goes> = []
    const left: Array<string> = []
    for (const it of due.goes) {
      const gone = yield* it.of === null ? removeOrphans(it.job) : purgeJob(it, it.of.version, options)
      if (gone === undefined) left.push(it.job)
      else goes.push({ ...it, ...gone, bytes: it.bytes - it.inTarget + gone.inTarget })
    }
    return { goes, left, bytes: sum(goes) }
  })

// what nobody has now; a job may have come that has it
const removeOrphans = (id: string) =>
  Effect.gen(function* () {
    const snapshots = yield* SnapshotStore
    const job = Option.getOrUndefined(yield* Effect.flatMap(JobStore, (jobs) => jobs.get(id)))
    if (job === undefined) yield* snapshots.remove(id)
    else {
      const orphans = orphansOf(job, yield* snapshots.list(id))
      if (orphans.length === 0) return undefined
      for (const { name } of orphans) yield* snapshots.remove(id, name)
    }
    return { inTarget: 0 }
  })

const purgeJob = (it: Goes, version: number, options: Options) =>
  Effect.gen(function* () {
    const jobs = yield* JobStore
    const job = Option.getOrUndefined(yield* jobs.get(it.job))
    if (job === undefined || job.version !== version) return undefined
    // said first and looked then: of this and an undo that begins at the same time, at least one sees the other. When the job changed last stays
    const purged = job.purged ?? new Date(yield* Clock.currentTimeMillis).toISOString()
    const saved = yield* jobs.save({ ...job, purged })
    if ((yield* beingUndone(Number.POSITIVE_INFINITY)).has(job.id)) {
      yield* jobs.save({ ...saved, purged: job.purged })
      return undefined
    }
    const forget = it.inTarget > 0 ? sinkOf(options, job)?.forget : undefined
    const freed = forget === undefined ? undefined : yield* forget({ jobs: [job.id], preview: false })
    yield* Effect.flatMap(SnapshotStore, (snapshots) => snapshots.remove(job.id))
    return { inTarget: freed?.get(job.id) ?? 0 }
  }).pipe(
    Effect.catchIf(
      (error) => error._tag === "JobStoreError" && error.reason === "Stale",
      () => Effect.succeed(undefined),
    ),
  )
