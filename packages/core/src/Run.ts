/**
 * What runs of the engine take, and what they tell: options, progress, the records and candidates of a plan.
 *
 * @module
 */
import type { Effect } from "effect"
import type { Issue } from "./Issue.ts"
import type { KeptField } from "./Plan.ts"

/** What all runs take. */
export interface RunOptions {
  /** Who asks; kept with the job. `unknown` by default. */
  readonly startedBy?: string
  /** Validate although the same bytes were imported before. */
  readonly force?: boolean
  /** The definition's mode, overridden for this job. */
  readonly mode?: "strict" | "smart"
  /**
   * What to do where another worker has the job, or another job of the import writes to the same target: `refuse` (the default) fails as
   * `Busy`, `wait` goes on as soon as the way is free, and returns the job as it is where the other worker has brought it to its end.
   */
  readonly onBusy?: "refuse" | "wait"
  /** Reads all of a source that would be read incrementally, as if there were no bookmark. */
  readonly full?: boolean
  /** `false` leaves the definition's mirrors out of this job: what is missing in the feed stays as it is. */
  readonly mirrors?: false
  /** Called at safe points of long work, at most a few times a second. */
  readonly onProgress?: (progress: Progress) => Effect.Effect<void>
}

/** How far a phase is. */
export interface Progress {
  readonly job: string
  readonly phase: "read" | "plan" | "commit" | "verify" | "undo"
  /** Rows in `read`, records in the others. */
  readonly done: number
  /** How many there are in all, where that is known. */
  readonly total: number | null
}

/** One record of a plan. */
export interface RecordChange {
  readonly entity: string
  readonly key: string
  readonly ref: string | null
  readonly action: "create" | "update" | "unchanged" | "refuse" | "delete"
  readonly changes: ReadonlyArray<{ readonly field: string; readonly before: unknown; readonly after: unknown }>
  /** Fields that keep what the target has, by the entity's ownership, although the feed has something else; only where there are any. */
  readonly kept?: ReadonlyArray<KeptField>
  readonly issues: ReadonlyArray<Issue>
}

/** What is referred to and exists nowhere, once, with how many rows want it. */
export interface Candidate {
  readonly entity: string
  readonly key: string
  readonly rows: number
  readonly firstRef: string
  /** A record is created for it: by smart mode, or because that was decided. */
  readonly created: boolean
  /** The decision that the validation went by; only where there was one. */
  readonly decided?: UsedDecision
}

/** What becomes of a candidate: a record is created for it, it is read as another key (`map`), or the rows that refer to it are rejected. */
export type Verdict = "create" | "map" | "reject"

/** A decision that a validation went by: what it says, who decided it when, and its version. */
export interface UsedDecision {
  readonly verdict: Verdict
  /** With `map`, the key that was read instead. */
  readonly as: string | null
  readonly by: string
  readonly at: string
  readonly version: number
}

/** A record that an undo leaves as it is. */
export interface LeftRecord {
  readonly entity: string
  readonly key: string
  /** The row that brought it. */
  readonly ref: string
  /** Somebody changed it since, something else refers to it now, or the target refuses to have it back as it was. */
  readonly kind: "changed" | "referenced" | "refused"
  /** For people. */
  readonly message: string
  /** Fields that somebody changed: what is there now, and what the job had written. */
  readonly fields: ReadonlyArray<{ readonly field: string; readonly now: unknown; readonly written: unknown }>
}

/** What an undo would do with the records that a job wrote: give back what was there, keep what somebody touched, fail. */
export interface UndoPreview {
  readonly reversed: number
  readonly kept: number
  readonly errored: number
  /** In reference order. */
  readonly entities: { readonly [entity: string]: { readonly reversed: number; readonly kept: number; readonly errored: number } }
  /** What would be left as it is; at most as many as the import's limit `issues`. */
  readonly left: ReadonlyArray<LeftRecord>
  /** Of a parent job: what would become of each of its jobs that has written something, in the order in which they are taken back. */
  readonly partitions?: ReadonlyArray<PartitionUndo>
}

/** What an undo of a parent job would do with one of its children, told of each by itself. */
export interface PartitionUndo {
  readonly partition: string
  readonly job: string
  readonly reversed: number
  readonly kept: number
  readonly errored: number
  /** Why it cannot be taken back, for people; `null` where it can. */
  readonly refused: string | null
}
