/**
 * A snapshot store keeps the sealed parts of jobs (records, plan, refs, logs, manifests) as named, immutable byte sequences.
 *
 * A name is a path within its job: `records/product/000000.ndjson`, `snapshot.json`. A part is written once; writing the same bytes again
 * is allowed (a phase that is done again after a crash), other bytes are an error. The engine hashes and checks; a store need not.
 *
 * @module
 */
import { Context, Data, type Effect } from "effect"

/** The store could not do what it was asked. */
export class SnapshotStoreError extends Data.TaggedError("SnapshotStoreError")<{
  readonly reason: "NotFound" | "AlreadyExists" | "Unreachable" | "Capacity" | "Unknown"
  readonly message: string
  readonly isRetryable: boolean
  readonly cause?: unknown
}> {}

/** The store, a service. */
export class SnapshotStore extends Context.Service<
  SnapshotStore,
  {
    readonly put: (job: string, name: string, bytes: Uint8Array) => Effect.Effect<void, SnapshotStoreError>
    readonly get: (job: string, name: string) => Effect.Effect<Uint8Array, SnapshotStoreError>
    /** The names of a job's parts with their sizes in bytes, sorted; none for a job that is not known. */
    readonly list: (
      job: string,
    ) => Effect.Effect<ReadonlyArray<{ readonly name: string; readonly bytes: number }>, SnapshotStoreError>
    /** The ids of all jobs that have parts, sorted. */
    readonly jobs: Effect.Effect<ReadonlyArray<string>, SnapshotStoreError>
    /** Removes one part, or all of a job; what is not there is not missed. */
    readonly remove: (job: string, name?: string) => Effect.Effect<void, SnapshotStoreError>
  }
>()("@waybill/core/SnapshotStore") {}
