/**
 * A job is one run of an import: who started it, where it stands, what it counted, and the hashes of what it sealed.
 *
 * All statuses and all moves between them are in {@link moves}; a move that is not there is a defect.
 *
 * @module
 */
import type { Json } from "./Canonical.ts"
import type { Sha256 } from "./Fingerprint.ts"
import type { Transaction } from "./Sink.ts"
import type { Bookmark, Identity } from "./Source.ts"
import type { Counts } from "./Summary.ts"

/** Where a job stands. */
export type Status =
  /** The source is being read, or the plan made. */
  | "validating"
  /** Snapshot and plan are sealed; waits for a commit. */
  | "pending"
  /** A commit or an undo is under way, or broke off. */
  | "running"
  /** Committed and verified, with nothing left out. */
  | "success"
  /** Committed and verified, but rows or records were left out (rejected, conflict). */
  | "partial"
  /** Not committed, or not verified; `failure` says why. */
  | "failed"
  /** Given up by a person before its commit or in the midst of it; the counts say what was done. */
  | "cancelled"
  /** Written to the target, and taken back by an undo. */
  | "undone"

/** All moves between statuses, with their reasons. A parent job has no moves of its own: its status follows from those of its children. */
export const moves: { readonly [from in Status]: { readonly [to in Status]?: string } } = {
  validating: {
    pending: "snapshot and plan are sealed",
    failed: "the source, the target or a limit stopped the validation, or errors forbid a commit",
    cancelled: "a person gave it up",
  },
  pending: {
    running: "a commit begins",
    cancelled: "a person gave it up",
  },
  running: {
    running: "another worker takes the commit over",
    success: "everything planned is in the target and verified, or all of the other job is taken back",
    partial: "the commit is verified, with rows or records left out, or an undo left records as they are",
    failed: "the commit or undo stopped; nothing, or whole batches only, were written",
    pending: "another commit into the same target was a moment earlier; nothing was written, the commit can be tried again",
    cancelled: "a person stopped it between batches",
  },
  success: { undone: "the commit was taken back" },
  partial: { undone: "the commit was taken back" },
  failed: {
    running: "a commit that stopped half-way, or failed for the world's reasons, is tried again from the same snapshot",
    undone: "the batches that were written were taken back",
  },
  cancelled: { undone: "the batches that were written were taken back" },
  undone: {},
}

/** Whether a job may move so. */
export const canMove = (from: Status, to: Status): boolean => moves[from][to] !== undefined

/** Whether a worker has the job: it has a lease that has not run out at `now`, in milliseconds. A job that is not held is anybody's. */
export const isHeld = (job: Job, now: number): boolean => job.lease !== null && Date.parse(job.lease.until) > now

/**
 * Whether the worker that had the job is gone without having given it back: its lease has run out at `now`, in milliseconds, while it was
 * validating or running. Somebody has to resume or cancel it.
 */
export const isStuck = (job: Job, now: number): boolean =>
  (job.status === "validating" || job.status === "running") && job.lease !== null && !isHeld(job, now)

/** Why a job failed, for people and machines. */
export interface Failure {
  /** Stable, e.g. `source.Unreachable`, `sink.DataRefused`, `limit.rows`, `rows.rejected`, `conflict`, `integrity`. */
  readonly code: string
  readonly message: string
  /** Whether the same may succeed later: a commit is tried again from the same snapshot, a validation is started anew. */
  readonly retryable: boolean
}

/** Who works on a job, until when: an ISO moment that the worker puts off while it works. A lease that ran out is anybody's. */
export interface Lease {
  readonly worker: string
  readonly until: string
}

/** From where to where a job has read a source that can be read incrementally. */
export interface Reading {
  /** What the bookmarks are of: the source, with its selection. */
  readonly of: string
  /** The bookmark that it was read from; `null` where all of it was read. */
  readonly from: Bookmark | null
  /** The job that had reached that bookmark. */
  readonly after: string | null
  /** The bookmark that the next reading starts from once this job is a `success`; `null` until all is read, or where it cannot be told. */
  readonly reached: Bookmark | null
}

/** For a job that takes another one back: which, and what became of the records that one had written. */
export interface Undo {
  readonly of: string
  readonly reversed: number
  readonly kept: number
  readonly errored: number
  /** For the undo of a parent job: the jobs that it takes back, in this order, as they were found when it began. */
  readonly children?: ReadonlyArray<UndoneChild>
}

/** A child job that the undo of its parent takes back, by an undo of its own. */
export interface UndoneChild {
  readonly partition: string
  readonly job: string
  /** Why it could not be taken back, for people; `null` where it was, or is still to be. */
  readonly refused: string | null
}

/** Why the engine did not begin a partition: what it was refused with, and the job in the way. */
export interface Refused {
  /** As of an `EngineError`: `AlreadyImported` where the same bytes were imported before, by `job`. */
  readonly reason: string
  readonly job: string
  readonly message: string
}

/** What a parent job consists of. Each partition is imported by a job of its own, its child; the parent's counts are the sum of theirs. */
export interface Partitions {
  /** All partitions by name, in their order. */
  readonly names: ReadonlyArray<string>
  /** Whether children are committed as soon as they are validated; else they wait for the commit of the parent. */
  readonly commits: boolean
  /** Partitions that have no child, because the engine turned them down. */
  readonly refused: { readonly [partition: string]: Refused }
}

/** Whether a job is a parent: one whose status and counts are those of its children. */
export const isParent = (job: Job): job is Job & { readonly partitions: Partitions } =>
  // jobs that were stored before there were parents have no such field
  (job.partitions ?? null) !== null

/** A job, as the job store keeps it. Times are ISO moments in UTC, durations milliseconds. */
export interface Job {
  readonly id: string
  readonly import: string
  readonly revision: number
  /** The fingerprint of the definition: entities, row schema, mode. */
  readonly definition: Sha256
  readonly status: Status
  readonly mode: "strict" | "smart"
  readonly startedBy: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly source: Identity & { readonly kind: string }
  readonly target: string
  /** Position in the source behind the last page that was read. */
  readonly cursor: Json
  /**
   * The attempt at the validation that the job is of, from 1: it grows whenever a worker takes the validation. Its parts lie apart from those of
   * the others ({@link Snapshot.placeOf}).
   */
  readonly attempt: number
  /** For a source that can be read incrementally. */
  readonly bookmark: Reading | null
  /** A hash of the decisions about candidates that were remembered for the import when it was validated; only where there were any. */
  readonly decisions?: Sha256
  /** The hash of the snapshot's content and the hash of its whole manifest, once sealed. */
  readonly snapshot: { readonly hash: Sha256; readonly manifest: Sha256 } | null
  /** The hash of the plan's manifest, once sealed. */
  readonly plan: Sha256 | null
  readonly transaction: Transaction | null
  readonly counts: Counts
  readonly timings: { readonly [phase: string]: number }
  readonly failure: Failure | null
  /** The job that imported the same bytes with the same definition before, where this one was forced, or was resumed when that one was there. */
  readonly earlier: string | null
  /** The fencing token of the worker that has the job; grows with each commit and takeover. */
  readonly token: number
  /** The worker that has the job, while one has. */
  readonly lease: Lease | null
  /** What a person asked of the worker that has the job; it is done at the next safe point. */
  readonly request: "cancel" | "pause" | null
  /** For a job that takes another one back. */
  readonly undo: Undo | null
  /** When what was kept of it (its parts, what the sink needs to take it back) was purged; `null` while it is not. */
  readonly purged: string | null
  /** For a child job: the id of its parent, and the name of the partition that it imports. */
  readonly parent: string | null
  readonly partition: string | null
  /** For a parent job. */
  readonly partitions: Partitions | null
  /** Grows with every save; the job store's compare-and-set works on it. */
  readonly version: number
}
