/**
 * A sealed part that is not what was sealed.
 *
 * @module
 */
import { Data } from "effect"

/** A sealed part of a job is missing, or its bytes are not those that were sealed. */
export class IntegrityError extends Data.TaggedError("IntegrityError")<{
  /** The part's name in the snapshot store. */
  readonly part: string
  readonly message: string
}> {}
