/**
 * A request that the engine turns down.
 *
 * @module
 */
import { Data } from "effect"

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
