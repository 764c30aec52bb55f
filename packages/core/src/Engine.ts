/**
 * The engine: what a user runs. `validate` reads a source into a sealed snapshot and a sealed plan; `commit` does what the plan says.
 *
 * @module
 */
import { Data, type Effect } from "effect"
import type { Import } from "./Import.ts"
import type { Issue } from "./Issue.ts"
import type { Failure, Job } from "./Job.ts"
import type { JobStore, JobStoreError } from "./JobStore.ts"
import type { SnapshotStore, SnapshotStoreError } from "./SnapshotStore.ts"
import type { Source } from "./Source.ts"

/** A request that the engine turns down before anything happens. */
export class EngineError extends Data.TaggedError("EngineError")<{
  /**
   * `AlreadyImported`: the same bytes were imported with the same definition (`force` overrides). `NotFound`: no such job.
   * `WrongStatus`: the job's status forbids it. `WrongImport`: the job is of another import, or of another definition of it.
   */
  readonly reason: "AlreadyImported" | "NotFound" | "WrongStatus" | "WrongImport"
  readonly message: string
  /** The job it is about; the earlier one for `AlreadyImported`. */
  readonly job: string
}> {}

/** What all runs take. */
export interface RunOptions {
  /** Who asks; kept with the job. `unknown` by default. */
  readonly startedBy?: string
  /** Validate although the same bytes were imported before. */
  readonly force?: boolean
  /** The definition's mode, overridden for this job. */
  readonly mode?: "strict" | "smart"
  /** Called at safe points of long work, at most a few times a second. */
  readonly onProgress?: (progress: Progress) => Effect.Effect<void>
}

/** How far a phase is. */
export interface Progress {
  readonly job: string
  readonly phase: "read" | "plan" | "commit" | "verify"
  /** Rows in `read`, records in the others. */
  readonly done: number
  /** How many there are in all, where that is known. */
  readonly total: number | null
}

/** What may go wrong with a run besides the data and the world, which end in the job itself. */
export type RunError = EngineError | JobStoreError | SnapshotStoreError

type Stores = JobStore | SnapshotStore

/**
 * Reads the source, seals snapshot and plan, and returns the job: `pending` with its preview, or `failed` with its reason. Bad rows,
 * limits, a source or a target that cannot be reached end in the job; only stores that fail and refused requests fail the effect.
 */
export declare const validate: <R>(
  definition: Import,
  source: Source<R>,
  options?: RunOptions,
) => Effect.Effect<Job, RunError, Stores | R>

/** Does what a pending job's plan says, verifies it in the target, and returns the job with its outcomes. Needs no source. */
export declare const commit: (
  definition: Import,
  jobId: string,
  options?: Pick<RunOptions, "onProgress">,
) => Effect.Effect<Job, RunError, Stores>

/** Validates, then commits if the validation allows it. */
export declare const run: <R>(
  definition: Import,
  source: Source<R>,
  options?: RunOptions,
) => Effect.Effect<Job, RunError, Stores | R>

/** The plan and the records of a job, as people read them: per record its action and changes, in order. Pages through the sealed parts. */
export declare const changes: (
  definition: Import,
  jobId: string,
) => import("effect").Stream.Stream<RecordChange, RunError, Stores>

/** One record of a plan. */
export interface RecordChange {
  readonly entity: string
  readonly key: string
  readonly ref: string | null
  readonly action: "create" | "update" | "unchanged" | "refuse"
  readonly changes: ReadonlyArray<{ readonly field: string; readonly before: unknown; readonly after: unknown }>
  readonly issues: ReadonlyArray<Issue>
}

/** Candidates of a job: what is referred to and exists nowhere, each once, with how many rows want it. */
export declare const candidates: (
  jobId: string,
) => Effect.Effect<
  ReadonlyArray<{
    readonly entity: string
    readonly key: string
    readonly rows: number
    readonly firstRef: string
    readonly created: boolean
  }>,
  RunError,
  Stores
>

export type { Failure }
