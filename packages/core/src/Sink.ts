/**
 * A sink is where records go. It plans (reads only) and commits (writes exactly what was planned), in sets, one session per job.
 *
 * The engine opens a plan session while it reads the source, hands it every sealed batch, asks it for the plan of each entity in
 * reference order, and closes it. For a commit it opens a commit session, applies the batches that have something to do, in the
 * order of the entities and then of the batches, completes, and verifies. A session is used by one fiber at a time; closing its
 * scope frees everything, and rolls back what was not completed. A sink need not retry: it says which errors are retryable.
 *
 * @module
 */
import { Data, type Effect, type Scope, type Stream } from "effect"
import type { Batch } from "./Batch.ts"
import type { Any, Values } from "./Entity.ts"
import type { Value } from "./Field.ts"
import type { Issue } from "./Issue.ts"
import type { Condition, Mirror } from "./Mirror.ts"
import type { PlannedBatch } from "./Plan.ts"

/** How a commit is done: all of it in one transaction, or batch by batch, each all or nothing. */
export type Transaction = "atomic" | "batched"

/**
 * What happens when a target record no longer is what the plan saw. `abort`: an atomic commit writes nothing, a batched one stops before
 * the first batch that has a conflict (those before it stay). `skip`: that record is left out.
 */
export type ConflictPolicy = "abort" | "skip"

/** Why a sink could not do what it was asked. */
export type Reason =
  /** No connection, or it broke off; what was under way may or may not have happened. */
  | "Unreachable"
  | "Timeout"
  /** Wrong user, password or rights. */
  | "Unauthorized"
  /** A table, collection, column or index is missing or of another type than the entity needs. */
  | "SchemaMismatch"
  /** The server refuses a record for its data: a constraint, a range, an encoding. `refused` says which and why. */
  | "DataRefused"
  /** Another transaction was in the way (serialization, deadlock, write conflict). */
  | "Contention"
  /** Disk, memory or connections are used up. */
  | "Capacity"
  /** Another worker has taken this job over: the fencing token is older than the one seen last. */
  | "Fenced"
  /** Anything else the server said. */
  | "Unknown"

/** The world is wrong at the sink's side. `message` is for people and never holds a secret. */
export class SinkError extends Data.TaggedError("SinkError")<{
  readonly reason: Reason
  readonly message: string
  readonly isRetryable: boolean
  /** The server's own code: a SQLSTATE, a MongoDB error code. */
  readonly code?: string
  /** For `DataRefused`: the record, if the server told which, and the constraint or column. */
  readonly refused?: {
    readonly entity: string
    readonly index: number | null
    readonly part: number | null
    readonly constraint: string | null
  }
  readonly cause?: unknown
}> {}

/** A record that the target has and the feed has not. */
export interface Missing {
  readonly values: Values
  /**
   * A fingerprint of all that a deletion would take away: the whole record, also what the entity has no field for, but for its volatile
   * fields. Opaque to the engine, which puts it into the plan. May be empty where the record is only to be marked.
   */
  readonly fingerprint: string
}

/** One session of planning. Nothing in it writes to the target or keeps a lock on it. */
export interface PlanSession {
  /** How a commit of this plan will be done; kept in the plan. */
  readonly transaction: Transaction
  /**
   * The face of a batch that `stage` works on, `bytes` where it is not said. With `records` the engine keeps the values it wrote the
   * bytes from: what their fields hold means the same, but need not be canonical (the order of keys in json, `-0`).
   */
  readonly face?: "bytes" | "records"
  /** Which of these keys (key field values, in key order) the target has: one boolean for each, in order. */
  readonly existing: (entity: Any, keys: ReadonlyArray<Values>) => Effect.Effect<ReadonlyArray<boolean>, SinkError>
  /**
   * Keys of the records of an entity that the target has, as text ({@link Entity.keyText}), at most `limit`, in any order: from them the nearest to
   * a candidate are offered. Optional; a sink may give none for an entity.
   */
  readonly keys?: (entity: Any, limit: number) => Effect.Effect<ReadonlyArray<string>, SinkError>
  /**
   * The records of an entity in the target that meet all conditions of a scope and are not among those that were staged, with their values
   * as far as the target has them, in any order, and how many records meet the conditions in all. `has` tells whether the snapshot has
   * a record of a key ({@link Entity.keyText}), `to` what becomes of those that are missing: only `delete` needs fingerprints. Called between
   * `stage` and `plan`, for mirrors; without it an import can have none. A sink that has it can also apply deletions. Optional.
   */
  readonly missing?: (
    entity: Any,
    scope: ReadonlyArray<Condition>,
    has: (key: string) => boolean,
    to: Mirror["missing"],
  ) => Effect.Effect<{ readonly inScope: number; readonly records: Stream.Stream<Missing, SinkError> }, SinkError>
  /**
   * Takes a sealed batch while the source is still being read, so that data moves early. Called for all batches of an entity in
   * their order. Optional to make use of: `plan` gets the same batches again.
   */
  readonly stage: (batch: Batch) => Effect.Effect<void, SinkError>
  /**
   * The plan of one entity: for each of its batches, in order, what a commit does with each record. Called once per entity, in
   * reference order, after everything was staged. `batches` reads the sealed batches again; who staged them need not pull it. No record
   * is `unholdable`: the engine has left those out.
   * Records that the target would refuse (type, length, check) come back as refusals, with the server's words.
   */
  readonly plan: <E>(entity: Any, batches: Stream.Stream<Batch, E>) => Stream.Stream<PlannedBatch, SinkError | E>
}

/** What became of the records of a batch: `outcomes[i]` is a code of {@link outcome}. */
export interface AppliedBatch {
  readonly outcomes: Uint8Array
  /** One for each record whose outcome is `conflict`: what the target has now. */
  readonly conflicts: ReadonlyArray<{ readonly index: number; readonly message: string }>
}

/** The codes of what became of a record in a commit. */
export const outcome = { unchanged: 0, created: 1, updated: 2, conflict: 3, failed: 4, deleted: 5 } as const

/** A record that is not in the target as it was planned. */
export interface Mismatch {
  readonly key: string
  /** A record that was deleted, and is there, is `present`. */
  readonly kind: "missing" | "different" | "present"
  /** Fields that differ, where the sink can tell. */
  readonly fields: ReadonlyArray<string>
}

/** A batch together with its plan. */
export interface PlannedRecords {
  readonly batch: Batch
  readonly planned: PlannedBatch
}

/** One session of committing. */
export interface CommitSession {
  /**
   * Makes ready what `apply` will send of a batch. Called at most once for a batch, before its `apply` and mostly while the one before
   * is applied: it must not touch the target or the session's state, and `apply` must do without it. Optional.
   */
  readonly prepare?: (batch: Batch, planned: PlannedBatch) => void
  /**
   * Batches of this job that an earlier session has applied for good, by `entity/part`; the engine does not send them again.
   */
  readonly checkpoint: ReadonlyMap<string, AppliedBatch>
  /**
   * Applies the creates and updates of one batch: all of them or none. A record is written if the target still is what the plan
   * saw; if it already is what the plan makes of it, it counts as applied; else it is a conflict. With the policy `abort` a batch
   * with conflicts writes nothing. Batched: durable on return, with its checkpoint. Atomic: within the session's transaction.
   *
   * A batch of deletions comes after all others, children before what they refer to. A record is deleted if all of it still is what the plan
   * saw; if it is gone already, it counts as deleted; else it is a conflict. One that something else refers to, in an entity of the import or,
   * where the target can tell, anywhere, is `DataRefused`; nothing is deleted along with another record.
   */
  readonly apply: (batch: Batch, planned: PlannedBatch) => Effect.Effect<AppliedBatch, SinkError>
  /**
   * Does what `apply` does with a batch and takes it back: succeeds where `apply` would, and fails as it would. The engine finds with it
   * which records of a batch the target refuses. Batched commits only; a sink that cannot take back has none. Optional.
   */
  readonly probe?: (batch: Batch, planned: PlannedBatch) => Effect.Effect<void, SinkError>
  /** Atomic: makes all of it durable, or none. Batched: nothing to do. Called once, after all batches, unless there were conflicts under `abort`. */
  readonly complete: Effect.Effect<void, SinkError>
  /**
   * Reads back by key what was applied (what became neither conflict nor failed) and compares; what was deleted must not be there. Called after
   * `complete`, per entity; a batch that is durable before may have been read back since then. `records` reads all batches again; a session that kept what it applied need not pull it.
   */
  readonly verify: <E>(entity: Any, records: Stream.Stream<PlannedRecords, E>) => Stream.Stream<Mismatch, SinkError | E>
}

/** What a session is opened for. */
export interface PlanContext {
  readonly job: string
  /** In reference order. */
  readonly entities: ReadonlyArray<Any>
  /** What the import asks for; a sink that cannot be atomic plans `batched` where `preferred` is null and fails where it is `atomic`. */
  readonly preferred: Transaction | null
}

/** What a commit session is opened for. */
export interface CommitContext {
  readonly job: string
  /** The fencing token of the worker's lease: grows at each takeover; the sink refuses an older one than it has seen. */
  readonly token: number
  readonly planHash: string
  readonly transaction: Transaction
  readonly onConflict: ConflictPolicy
  /** In reference order. */
  readonly entities: ReadonlyArray<Any>
}

/** The codes of what became of a record in an undo: the job had not written it, it is as before, it was left, it could not be taken back. */
export const undone = { untouched: 0, reversed: 1, kept: 2, errored: 3 } as const

/** A record that an undo leaves as it is. */
export interface Left {
  /** Position in the batch. */
  readonly index: number
  /** Somebody changed it since (`fields` says what), something else refers to it now, or the target refuses to have it back. */
  readonly kind: "changed" | "referenced" | "refused"
  /** For people. */
  readonly message: string
  /** Fields that somebody changed: what is there now, and what the job had written. */
  readonly fields: ReadonlyArray<{ readonly field: string; readonly now: Value; readonly written: Value }>
}

/** What became of the records of a batch in an undo: `outcomes[i]` is a code of {@link undone}; one of `left` for each that is kept or errored. */
export interface UndoneBatch {
  readonly outcomes: Uint8Array
  readonly left: ReadonlyArray<Left>
}

/** What an undo session is opened for. */
export interface UndoContext {
  /** The undo's own job: its fencing token and its checkpoints are kept under it. */
  readonly job: string
  readonly token: number
  /** The job whose writes are taken back, and its plan. */
  readonly of: { readonly job: string; readonly planHash: string }
  /** Only to tell what an undo would do: everything is done in one transaction that is taken back at the end. */
  readonly preview: boolean
  readonly transaction: Transaction
  /** In reference order. */
  readonly entities: ReadonlyArray<Any>
}

/**
 * One session of undoing. The sink knows from its own bookkeeping what the job has written, and what was there before.
 */
export interface UndoSession {
  /** Batches that an earlier session of this undo has taken back for good, by `entity/part`. */
  readonly checkpoint: ReadonlyMap<string, UndoneBatch>
  /**
   * Takes back what the job wrote of one batch. Called for deletions first, the entities in reference order, then for all other batches, the
   * entities in reverse reference order; each time from an entity's last batch to its first. A record that the job deleted is put back as it
   * was, all of it, unless somebody has made one of its key since. A record that is as the job left it, in the fields that the job wrote, gets back what was there before; one that the
   * job created is deleted unless something that this undo does not delete refers to it. One that is as before already is reversed too.
   * What somebody changed since is kept. Batched: durable on return, with its checkpoint. Atomic: within the session's transaction.
   */
  readonly revert: (batch: Batch, planned: PlannedBatch) => Effect.Effect<UndoneBatch, SinkError>
  /** Atomic: makes all of it durable, or none. Not called in a preview. */
  readonly complete: Effect.Effect<void, SinkError>
}

/** What a sink is to let go of. */
export interface ForgetContext {
  /** Jobs that have come to their end, and that nobody may take back any more; undos among them. */
  readonly jobs: ReadonlyArray<string>
  /** Only to tell: nothing is removed. */
  readonly preview: boolean
}

/** A sink; made by a function of its adapter. */
export interface Sink {
  /** The kind of sink: `postgres`, `mongo`. */
  readonly kind: string
  /** The target for people, without credentials: host, database. */
  readonly target: string
  readonly plan: (context: PlanContext) => Effect.Effect<PlanSession, SinkError, Scope.Scope>
  readonly commit: (context: CommitContext) => Effect.Effect<CommitSession, SinkError, Scope.Scope>
  /** Opens a session that takes a commit back. A sink that keeps no before-images has none. Optional. */
  readonly undo?: (context: UndoContext) => Effect.Effect<UndoSession, SinkError, Scope.Scope>
  /**
   * Whether the sink notes what its commits write of fields that are owned `keepEdits` ({@link Ownership.watched}), in the transaction that writes them,
   * and tells in its plans whether the target still has that ({@link Change.lastWritten}). Without it an import with such fields is refused. Optional.
   */
  readonly keepsEdits?: true
  /**
   * Removes what the sink keeps of jobs besides the records themselves: what became of their batches, and what was there before. Tells how many bytes
   * that is for each job of which it keeps any. What shuts out a worker of such a job, however late it comes, stays. Called by retention; what is gone
   * already is not missed. A sink that has `undo` has it.
   */
  readonly forget?: (context: ForgetContext) => Effect.Effect<ReadonlyMap<string, number>, SinkError>
  /** An issue for each value that this target can never hold (a field name with a dot, text with NUL); pure, called per record batch before sealing. Optional. */
  readonly unholdable?: (
    entity: Any,
    values: Values,
  ) => ReadonlyArray<Pick<Issue, "code" | "column" | "message"> & { readonly value: Value }>
}
