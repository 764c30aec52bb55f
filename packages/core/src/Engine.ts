/**
 * The engine: what a user runs. `validate` reads a source into a sealed snapshot and a sealed plan; `commit` does what the plan says.
 *
 * @module
 */
import { Effect, type Stream } from "effect"
import { EngineError } from "./EngineError.ts"
import type { Import } from "./Import.ts"
import { IntegrityError } from "./IntegrityError.ts"
import * as commitJob from "./internal/commitJob.ts"
import * as inspection from "./internal/inspection.ts"
import * as jobs from "./internal/jobs.ts"
import * as parentJob from "./internal/parentJob.ts"
import * as parentRequests from "./internal/parentRequests.ts"
import * as parentUndo from "./internal/parentUndo.ts"
import * as requests from "./internal/requests.ts"
import * as undoing from "./internal/undo.ts"
import * as undoneChildren from "./internal/undoneChildren.ts"
import * as validationJob from "./internal/validationJob.ts"
import type * as Job from "./Job.ts"
import { isParent } from "./Job.ts"
import type { JobStore, JobStoreError } from "./JobStore.ts"
import type { LimitReached } from "./Limits.ts"
import type { Candidate, RecordChange, RunOptions, UndoPreview } from "./Run.ts"
import type { SinkError } from "./Sink.ts"
import type { SnapshotStore, SnapshotStoreError } from "./SnapshotStore.ts"
import type { Source } from "./Source.ts"

export type { Candidate, LeftRecord, Progress, RecordChange, RunOptions, UndoPreview } from "./Run.ts"
export { EngineError, IntegrityError }

/** What may go wrong with a run besides the data and the world, which end in the job itself. */
export type RunError = EngineError | JobStoreError | SnapshotStoreError

type Stores = JobStore | SnapshotStore

/**
 * Reads the source, seals snapshot and plan, and returns the job: `pending` with its preview, or `failed` with its reason. Bad rows,
 * limits, a source or a target that cannot be reached end in the job; only stores that fail and refused requests fail the effect. What
 * the import's own code throws leaves the job `failed` with `defect`, and is thrown on. An interrupted validation can be resumed.
 */
export const validate = <R>(
  definition: Import,
  source: Source<R>,
  options: RunOptions = {},
): Effect.Effect<Job.Job, RunError, Stores | R> =>
  validationJob.start(definition, source, options).pipe(Effect.annotateLogs({ import: definition.name }))

/**
 * Does what a pending job's plan says, verifies it in the target, and returns the job with its outcomes. Needs no source. A job that another
 * worker has, or whose import has another job at work on the same target, is refused as `Busy`, or waited for.
 */
export const commit = (
  definition: Import,
  jobId: string,
  options: Pick<RunOptions, "onBusy" | "onProgress"> = {},
): Effect.Effect<Job.Job, RunError, Stores> =>
  commitJob
    .run(definition, jobId, options)
    .pipe(Effect.tap(parentJob.refreshOf), Effect.annotateLogs({ import: definition.name }))

/**
 * Goes on with a job that broke off or was paused: with its commit, or with its validation under the same id. A validation needs its source
 * again: one with a hash is read from its start and must have the same hash; of one without, only what was not delivered yet is read.
 */
export const resume = <R = never>(
  definition: Import,
  jobId: string,
  source?: Source<R>,
  options: Pick<RunOptions, "mirrors" | "onBusy" | "onProgress"> = {},
): Effect.Effect<Job.Job, RunError, Stores | R> =>
  Effect.flatMap(
    jobs.getJob(definition, jobId),
    (job): Effect.Effect<Job.Job, RunError, Stores | R> =>
      job.status === "validating"
        ? validationJob.resume(definition, source, jobId, options)
        : commitJob.run(definition, jobId, options),
  ).pipe(Effect.tap(parentJob.refreshOf), Effect.annotateLogs({ import: definition.name }))

/**
 * Gives a job up. Where a worker has it, the job is returned with the request, and the worker does it at its next safe point: between the pages of
 * a validation, between the batches of a commit. An atomic commit then has written nothing; of a batched one the batches that were done
 * stay, the counts say which, and they can be undone. Of a commit that broke off, the target is asked what was done; without `definition`
 * nobody can ask it, the job is cancelled all the same, and its failure says that the counts are not known.
 */
export const cancel = (jobId: string, definition?: Import): Effect.Effect<Job.Job, RunError, Stores> =>
  Effect.flatMap(
    jobs.getJob(null, jobId),
    (job): Effect.Effect<Job.Job, RunError, Stores> =>
      isParent(job)
        ? parentRequests.cancel(jobId, definition)
        : Effect.tap(requests.cancel(jobId, definition), parentJob.refreshOf),
  )

/** Asks the worker that has a job to give it back at its next safe point, as it is; {@link resume} goes on with it. */
export const pause = (jobId: string): Effect.Effect<Job.Job, RunError, JobStore> =>
  Effect.flatMap(
    jobs.getJob(null, jobId),
    (job): Effect.Effect<Job.Job, RunError, JobStore> => (isParent(job) ? parentRequests.pause(jobId) : requests.pause(jobId)),
  )

/**
 * Validates, then commits if the validation allows it. Where that is refused as `Busy`, because another job of the import is at work, the job is
 * cancelled: a run leaves none behind that waits, and can be done again as it is.
 */
export const run = <R>(
  definition: Import,
  source: Source<R>,
  options: RunOptions = {},
): Effect.Effect<Job.Job, RunError, Stores | R> =>
  Effect.flatMap(validate(definition, source, options), (job) =>
    job.status === "pending"
      ? Effect.catchIf(
          commit(definition, job.id, options),
          (error) => error instanceof EngineError && error.reason === "Busy" && error.job !== job.id,
          (error) => requests.takeBack(job.id, error as EngineError),
        )
      : Effect.succeed(job),
  )

/**
 * Takes back what a job wrote: every record that nobody has touched since is again as it was before. Returns the undo's own job, whose `undo`
 * says how many records were reversed, kept and errored; each that was left is an issue of it. The job taken back becomes `undone`. Called
 * again, it goes on with an undo that broke off or failed. Fails as `WrongStatus` where nothing was written or all is taken back already.
 *
 * Of a parent job, all that its children wrote is taken back, by an undo of each ({@link "./Partitions.ts"}).
 */
export const undo = (
  definition: Import,
  jobId: string,
  options: Pick<RunOptions, "startedBy" | "onProgress" | "onBusy"> = {},
): Effect.Effect<Job.Job, RunError, Stores> =>
  Effect.flatMap(
    jobs.getJob(null, jobId),
    (of): Effect.Effect<Job.Job, RunError, Stores> =>
      isParent(of)
        ? parentUndo.undo(definition, jobId, options)
        : Effect.tap(undoing.undo(definition, jobId, options), () => parentJob.refreshOf(of)),
  ).pipe(Effect.annotateLogs({ import: definition.name }))

/** What {@link undo} would do, told by the target in a transaction that is taken back. Writes nothing, makes no job. */
export const previewUndo = (
  definition: Import,
  jobId: string,
): Effect.Effect<UndoPreview, RunError | IntegrityError | LimitReached | SinkError, Stores> =>
  Effect.flatMap(
    jobs.getJob(null, jobId),
    (of): Effect.Effect<UndoPreview, RunError | IntegrityError | LimitReached | SinkError, Stores> =>
      isParent(of) ? undoneChildren.preview(definition, jobId) : undoing.preview(definition, jobId),
  )

/** The plan and the records of a job, as people read them: per record its action and changes, in order, read and checked part by part. */
export const changes = (definition: Import, jobId: string): Stream.Stream<RecordChange, RunError | IntegrityError, Stores> =>
  inspection.records(jobs.getJob(definition, jobId))

/** Candidates of a job. */
export const candidates = (jobId: string): Effect.Effect<ReadonlyArray<Candidate>, RunError | IntegrityError, Stores> =>
  Effect.flatMap(jobs.getJob(null, jobId), inspection.candidates)
