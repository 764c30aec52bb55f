/**
 * A job store keeps jobs and their issues. Compare-and-set on a job's version is its only means against races.
 *
 * @module
 */
import { Context, Data, type Effect, type Option } from "effect"
import type { Issue } from "./Issue.ts"
import type { Job, Status } from "./Job.ts"

/** The store could not do what it was asked. */
export class JobStoreError extends Data.TaggedError("JobStoreError")<{
  /** `Stale`: the job was saved by somebody else since it was read; `AlreadyExists`: a job of this id is there. */
  readonly reason: "Stale" | "AlreadyExists" | "NotFound" | "Unreachable" | "Capacity" | "Unknown"
  readonly message: string
  readonly isRetryable: boolean
  readonly cause?: unknown
}> {}

/** What to find jobs by; all that is given must hold. */
export interface Query {
  readonly import?: string
  readonly sourceSha256?: string
  readonly startedBy?: string
  /** The kind of source: `csv`, `ocm`, `replay`, `undo`. */
  readonly kind?: string
  /** What the bookmarks of an incremental source are of: the `of` of a job's `bookmark`. */
  readonly bookmark?: string
  readonly status?: ReadonlyArray<Status>
  /** Children of this job; with `null` jobs that are nobody's child. */
  readonly parent?: string | null
  /** ISO moments: created at or after, created before. */
  readonly since?: string
  readonly before?: string
  /** 100 by default. */
  readonly limit?: number
}

/** The store, a service. */
export class JobStore extends Context.Service<
  JobStore,
  {
    readonly create: (job: Job) => Effect.Effect<void, JobStoreError>
    readonly get: (id: string) => Effect.Effect<Option.Option<Job>, JobStoreError>
    /**
     * Saves a job and appends issues, in one step. `job.version` is the version that was read; the saved job has the next one and is
     * returned. If the stored version is another, nothing is saved and the error is `Stale`.
     */
    readonly save: (job: Job, issues?: ReadonlyArray<Issue>) => Effect.Effect<Job, JobStoreError>
    /** Newest first. */
    readonly find: (query: Query) => Effect.Effect<ReadonlyArray<Job>, JobStoreError>
    /** The issues kept with a job, in the order they were found. */
    readonly issues: (
      id: string,
      page?: { readonly offset?: number; readonly limit?: number },
    ) => Effect.Effect<ReadonlyArray<Issue>, JobStoreError>
  }
>()("@waybill/core/JobStore") {}
