/**
 * Limits: what an import may use up, enforced before the damage. Reaching one is a typed error that names it.
 *
 * @module
 */
import { Data, Duration } from "effect"

/** The limits of an import. `null` is no limit. */
export interface Limits {
  /** Largest source in bytes, checked before its rows are read; 1 GiB by default. */
  readonly bytes: number | null
  /** Most rows that are read; 10 million by default. */
  readonly rows: number | null
  /** Most issues that are kept with the job; all are counted. 10,000 by default. */
  readonly issues: number
  /** Most rejected rows before a validation stops reading; no limit by default. */
  readonly maxRejected: number | null
  /** Most records that the mirrors of one job may delete, all together; no limit by default. */
  readonly maxDeleted: number | null
  readonly validateTimeout: Duration.Duration | null
  readonly commitTimeout: Duration.Duration | null
  /** Records in a batch, the unit of snapshot parts and of commits: 5,000 by default. */
  readonly batch: number
}

/** The limits of an import that sets none. */
export const defaults: Limits = {
  bytes: 1024 ** 3,
  rows: 10_000_000,
  issues: 10_000,
  maxRejected: null,
  maxDeleted: null,
  validateTimeout: Duration.hours(2),
  commitTimeout: Duration.hours(2),
  batch: 5_000,
}

/** A limit was reached; the job is `failed`, nothing was written to the target by the phase that reached it (commits roll back or keep whole batches). */
export class LimitReached extends Data.TaggedError("LimitReached")<{
  readonly limit: keyof Limits
  readonly allowed: string
  readonly message: string
}> {}
