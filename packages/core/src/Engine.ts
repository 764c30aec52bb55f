/**
 * The engine: what a user runs. `validate` reads a source into a sealed snapshot and a sealed plan; `commit` does what the plan says.
 *
 * @module
 */
import { Effect, type Stream } from "effect"
import { EngineError } from "./EngineError.ts"
import type { Import } from "./Import.ts"
import { IntegrityError } from "./IntegrityError.ts"
import { commit as commitJob } from "./internal/commit.ts"
import * as inspection from "./internal/inspection.ts"
import * as jobs from "./internal/jobs.ts"
import { Tally } from "./internal/Tally.ts"
import { validate as validateJob } from "./internal/validate.ts"
import { failureOf, retrying } from "./internal/worldError.ts"
import type * as Job from "./Job.ts"
import { JobStore, type JobStoreError } from "./JobStore.ts"
import { LimitReached } from "./Limits.ts"
import type { Candidate, RecordChange, RunOptions } from "./Run.ts"
import type { SnapshotStore, SnapshotStoreError } from "./SnapshotStore.ts"
import type { Identity, Source } from "./Source.ts"
import * as Summary from "./Summary.ts"

export type { Candidate, Progress, RecordChange, RunOptions } from "./Run.ts"
export { EngineError, IntegrityError }

/** What may go wrong with a run besides the data and the world, which end in the job itself. */
export type RunError = EngineError | JobStoreError | SnapshotStoreError

type Stores = JobStore | SnapshotStore

const unread = (kind: string): Identity => ({ name: kind, sha256: null, bytes: null, details: {} })

/**
 * Reads the source, seals snapshot and plan, and returns the job: `pending` with its preview, or `failed` with its reason. Bad rows,
 * limits, a source or a target that cannot be reached end in the job; only stores that fail and refused requests fail the effect.
 */
export const validate = <R>(
  definition: Import,
  source: Source<R>,
  options: RunOptions = {},
): Effect.Effect<Job.Job, RunError, Stores | R> =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const identified = yield* Effect.result(retrying(definition.retry)(source.identify))
    const identity = identified._tag === "Success" ? identified.success : unread(source.kind)
    const earlier = yield* jobs.findEarlier(definition, identity, options.mode ?? definition.mode)
    if (earlier !== undefined && options.force !== true)
      return yield* Effect.fail(
        new EngineError({
          reason: "AlreadyImported",
          job: earlier.id,
          message: `${identity.name} was imported before with the same definition, by job ${earlier.id} (${earlier.status})`,
        }),
      )
    const now = yield* jobs.isoNow
    const job: Job.Job = {
      id: yield* jobs.newId,
      import: definition.name,
      revision: definition.revision,
      definition: definition.definition,
      status: "validating",
      mode: options.mode ?? definition.mode,
      startedBy: options.startedBy ?? "unknown",
      createdAt: now,
      updatedAt: now,
      source: { ...identity, kind: source.kind },
      target: definition.sink.target,
      cursor: null,
      snapshot: null,
      plan: null,
      transaction: null,
      counts: Summary.empty,
      timings: {},
      failure: null,
      earlier: earlier?.id ?? null,
      token: 0,
      lease: null,
      request: null,
      undo: null,
      version: 0,
    }
    yield* store.create(job)
    yield* Effect.logInfo("validation begins", { job: job.id, import: job.import, source: identity.name })
    const tally = new Tally(definition.limits.issues)
    // named in reference order from the start: people read the counts in this order
    for (const entity of definition.entities) tally.entity(entity.name)
    const { bytes } = definition.limits
    const work = Effect.gen(function* () {
      if (identified._tag === "Failure") return yield* Effect.fail(identified.failure)
      if (bytes !== null && identity.bytes !== null && identity.bytes > bytes)
        return yield* Effect.fail(
          new LimitReached({
            limit: "bytes",
            allowed: String(bytes),
            message: `${identity.name} has ${identity.bytes} bytes, more than the ${bytes} that this import reads; nothing was read`,
          }),
        )
      return yield* validateJob(definition, source, job, tally, options)
    })
    const result = yield* Effect.result(work)
    const done = yield* result._tag === "Failure"
      ? jobs.save(job, { status: "failed", counts: finished(tally), failure: failureOf(result.failure) }, tally.drainIssues())
      : conclude(definition, job, tally, result.success)
    yield* Effect.logInfo("validation ended", {
      job: done.id,
      status: done.status,
      failure: done.failure?.code,
      ...brief(done.counts),
    })
    return done
  }).pipe(Effect.annotateLogs({ import: definition.name }))

// the counts of a validation that stopped: rows read have no outcome in the target, records neither
const finished = (tally: Tally): Summary.Counts => {
  tally.stop(true)
  return tally.counts()
}

const conclude = (
  definition: Import,
  job: Job.Job,
  tally: Tally,
  { cursor, plan, snapshot, timings, transaction }: Effect.Success<ReturnType<typeof validateJob>>,
) => {
  const counts = tally.counts()
  const sealed = { cursor, snapshot, plan, transaction, timings, counts }
  const unbalanced = Summary.unbalanced(counts)
  const failure: Job.Failure | null =
    unbalanced.length > 0
      ? { code: "accounting", message: `the counts do not add up: ${unbalanced.join("; ")}`, retryable: false }
      : (tally.errors > 0 || tally.rejected > 0) && !definition.allowPartial
        ? {
            code: "rows.rejected",
            message: `${counts.rejected} of ${counts.processed} rows have errors, and this import takes all rows or none`,
            retryable: false,
          }
        : null
  return jobs.save(job, { ...sealed, status: failure === null ? "pending" : "failed", failure }, tally.drainIssues())
}

const brief = ({ conflict, created, failed, processed, rejected, unchanged, updated }: Summary.Counts) => ({
  processed,
  created,
  updated,
  unchanged,
  conflict,
  failed,
  rejected,
})

/** Does what a pending job's plan says, verifies it in the target, and returns the job with its outcomes. Needs no source. */
export const commit = (
  definition: Import,
  jobId: string,
  options: Pick<RunOptions, "onProgress"> = {},
): Effect.Effect<Job.Job, RunError, Stores> =>
  Effect.gen(function* () {
    const job = yield* jobs.getJob(definition, jobId)
    const again = job.status === "failed" && job.failure?.retryable === true
    if ((job.status !== "pending" && job.status !== "running" && !again) || job.plan === null)
      return yield* Effect.fail(
        new EngineError({
          reason: "WrongStatus",
          job: jobId,
          message: `job ${jobId} is ${job.status}${job.failure === null ? "" : ` (${job.failure.message})`}; only a pending job can be committed`,
        }),
      )
    const running = yield* jobs.save(job, { status: "running", token: job.token + 1, failure: null })
    yield* Effect.logInfo("commit begins", { job: jobId, transaction: job.transaction })
    const tally = Tally.from(job.counts, definition.limits.issues)
    const result = yield* Effect.result(commitJob(definition, running, tally, options))
    const counts = tally.counts()
    const timings = { ...job.timings, ...(result._tag === "Success" ? result.success.timings : {}) }
    const failure = result._tag === "Failure" ? failureOf(result.failure) : (result.success.failure ?? accounting(counts))
    const left = counts.rejected + counts.conflict + counts.failed
    const status = failure !== null ? "failed" : left > 0 ? "partial" : "success"
    const done = yield* jobs.save(running, { status, counts, timings, failure }, tally.drainIssues())
    yield* Effect.logInfo("commit ended", { job: jobId, status, failure: failure?.code, ...brief(counts) })
    return done
  }).pipe(Effect.annotateLogs({ import: definition.name }))

const accounting = (counts: Summary.Counts): Job.Failure | null => {
  const unbalanced = Summary.unbalanced(counts)
  return unbalanced.length === 0
    ? null
    : { code: "accounting", message: `the counts do not add up: ${unbalanced.join("; ")}`, retryable: false }
}

/** Validates, then commits if the validation allows it. */
export const run = <R>(
  definition: Import,
  source: Source<R>,
  options: RunOptions = {},
): Effect.Effect<Job.Job, RunError, Stores | R> =>
  Effect.flatMap(validate(definition, source, options), (job) =>
    job.status === "pending" ? commit(definition, job.id, options) : Effect.succeed(job),
  )

/** The plan and the records of a job, as people read them: per record its action and changes, in order, read and checked part by part. */
export const changes = (definition: Import, jobId: string): Stream.Stream<RecordChange, RunError | IntegrityError, Stores> =>
  inspection.changes(definition, jobs.getJob(definition, jobId))

/** Candidates of a job. */
export const candidates = (jobId: string): Effect.Effect<ReadonlyArray<Candidate>, RunError | IntegrityError, Stores> =>
  Effect.flatMap(jobs.getJob(null, jobId), inspection.candidates)
