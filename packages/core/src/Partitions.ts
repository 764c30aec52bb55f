/**
 * Runs of partitioned sources: each partition is validated and committed by a job of its own, under a parent job whose counts are the sum of theirs.
 *
 * A parent is a `success` only when each of its partitions is; else its failure names those that are not. One that fails stops no other. After a
 * crash {@link resume} goes on with the parent: partitions that are done are not done again, the one that broke off is resumed, the rest is begun.
 * A child can be looked into, committed, resumed and undone like any job; the parent's status and counts follow.
 *
 * @module
 */
import { Effect } from "effect"
import type { RunError } from "./Engine.ts"
import type { EngineError } from "./EngineError.ts"
import type { IntegrityError } from "./IntegrityError.ts"
import * as parentJob from "./internal/parentJob.ts"
import * as parentRequests from "./internal/parentRequests.ts"
import * as parentUndo from "./internal/parentUndo.ts"
import * as partitionRun from "./internal/partitionRun.ts"
import * as undoneChildren from "./internal/undoneChildren.ts"
import type * as Job from "./Job.ts"
import type { JobStore, JobStoreError } from "./JobStore.ts"
import type { LimitReached } from "./Limits.ts"
import type { Of, Partitioned, State } from "./Partition.ts"
import type { RunOptions, UndoPreview } from "./Run.ts"
import type { SinkError } from "./Sink.ts"
import type { SnapshotStore } from "./SnapshotStore.ts"

/** What runs of partitioned sources take. */
export type Options = partitionRun.PartitionOptions

type Stores = JobStore | SnapshotStore
type Running<R = never> = Effect.Effect<Job.Job, RunError, Stores | R>

const named = <A, E, R>(of: Of, effect: Effect.Effect<A, E, R>) => Effect.annotateLogs(effect, { import: of.name })

/**
 * Validates every partition, and returns the parent job: `pending` with the sum of the previews where there is something to commit. Each plan is
 * made against the target as it is now, so what two partitions both bring is planned twice. As with the engine, what is wrong with the data or the
 * world ends in the jobs, and only stores that fail, a worker that takes over and refused requests fail the effect.
 */
export const validate = <R>(of: Of, source: Partitioned<R>, options: Options = {}): Running<R> =>
  named(of, partitionRun.start(of, source, options, false))

/** Commits what {@link validate} has planned, partition by partition, each as atomically as its own import says. Needs no source. */
export const commit = (of: Of, parent: string, options: Options = {}): Running =>
  named(of, partitionRun.resume<never>(of, parent, undefined, options, true))

/** Validates and commits one partition after the other, and returns the parent job. */
export const run = <R>(of: Of, source: Partitioned<R>, options: Options = {}): Running<R> =>
  named(of, partitionRun.start(of, source, options, true))

/**
 * Goes on with a parent that broke off, was paused, or in which something failed that may succeed now: partitions that are done are left, those that
 * broke off are resumed, the rest is begun. The source is needed for all that is not validated yet; the list of the partitions stays as it was
 * when the parent began.
 */
export const resume = <R = never>(of: Of, parent: string, source?: Partitioned<R>, options: Options = {}): Running<R> =>
  named(of, partitionRun.resume(of, parent, source, options))

/**
 * Runs one partition of a parent again, whether it failed or not, and has the parent follow. A job that can be gone on with is; else the partition gets
 * a new one. The same bytes are imported again only with `force`.
 */
export const again = <R = never>(
  of: Of,
  parent: string,
  partition: string,
  source?: Partitioned<R>,
  options: Options = {},
): Running<R> => named(of, partitionRun.again(of, parent, partition, source, options))

/** How all partitions of a parent stand now, in their order. */
export const states = (parent: string): Effect.Effect<ReadonlyArray<State>, EngineError | JobStoreError, JobStore> =>
  Effect.flatMap(parentJob.get(null, parent), (job) => parentJob.states(job))

/** Has a parent follow its children, where somebody dealt with these while its store did not answer. The engine does so by itself. */
export const refresh = (parent: string): Effect.Effect<Job.Job, EngineError | JobStoreError, JobStore> =>
  parentJob.refresh(parent)

/** Gives a parent up with those of its children that are not at their end; what is written stays, and each child can be undone. */
export const cancel = (parent: string, of?: Of): Effect.Effect<Job.Job, RunError, Stores> => parentRequests.cancel(parent, of)

/** Asks the workers of a parent and of its children to give them back at their next safe points. */
export const pause = (parent: string): Effect.Effect<Job.Job, RunError, JobStore> => parentRequests.pause(parent)

/**
 * Takes back all that the children of a parent wrote, in one go: an undo of each child, the one that ended last first, under a job of its own whose
 * `undo` is the sum and whose issues are theirs. Children that are taken back already are left. One that cannot be is named in an issue
 * (`undo.refused`), and the others go on: the job is `partial`, or `failed` where none could be. A target that does not answer stops it as `failed`.
 *
 * Called again, it goes on with one that broke off, was paused or failed. The parent becomes `undone` once nothing that it wrote is left to be taken
 * back. Fails as `WrongStatus` while the parent is not at its end (cancel it first), and where nothing was written or all is taken back already.
 */
export const undo = (of: Of, parent: string, options: Pick<RunOptions, "startedBy" | "onProgress" | "onBusy"> = {}): Running =>
  named(of, parentUndo.undo(of, parent, options))

/** What {@link undo} would do, told by the target of each child by itself in a transaction that is taken back. Writes nothing, makes no job. */
export const previewUndo = (
  of: Of,
  parent: string,
): Effect.Effect<UndoPreview, RunError | IntegrityError | LimitReached | SinkError, Stores> => undoneChildren.preview(of, parent)
