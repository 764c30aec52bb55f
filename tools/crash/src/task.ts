/**
 * What a worker process is told to do, and what it tells.
 *
 * @module
 */

/** Sent to a worker process, once. */
export interface Task {
  readonly kind: "postgres" | "mongo"
  readonly url: string
  /** The name of the database. */
  readonly database: string
  readonly records: number
  readonly batch: number
  /** How many workers there were before: this one comes when their leases have run out. */
  readonly number: number
  /** Whether to go on with the job that is there, in its validation or its commit, or only up to the sealed plan. */
  readonly until: "sealed" | "end"
}

/** Sent by it: that it begins, and how the job is when it has done all it can. */
export type Message =
  | { readonly _tag: "Begun" }
  | { readonly _tag: "Done"; readonly status: string; readonly failure: string | null; readonly counts: object }
  | { readonly _tag: "Failed"; readonly reason: string }
