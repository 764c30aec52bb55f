/**
 * A request that the engine turns down.
 *
 * @module
 */
import { Data } from "effect"

/** A request that the engine turns down before anything happens, or, for `TakenOver`, gives up because the job is another worker's now. */
export class EngineError extends Data.TaggedError("EngineError")<{
  /**
   * `AlreadyImported`: the same bytes were imported with the same definition (`force` overrides). `NotFound`: no such job.
   * `WrongStatus`: the job's status forbids it. `WrongImport`: the job is of another import, or of another definition of it.
   * `WrongSource`: a validation can only be resumed with its own source. `Busy`: another worker has the job, or another job of the
   * import writes to the target; `lease` says who and until when. `TakenOver`: another worker has taken the job over meanwhile.
   * `Purged`: what was kept of the job is gone, as its import's retention says.
   * `Unsupported`: the sink cannot do it: an undo needs one that keeps what was there before.
   * `WrongDecision`: what was decided about a candidate cannot be done.
   */
  readonly reason:
    | "AlreadyImported"
    | "NotFound"
    | "WrongStatus"
    | "WrongImport"
    | "WrongSource"
    | "Busy"
    | "TakenOver"
    | "Purged"
    | "Unsupported"
    | "WrongDecision"
  readonly message: string
  /** The job it is about; the earlier one for `AlreadyImported`, the one at work for `Busy`. */
  readonly job: string
  /** For `Busy`, of a run: the job that it had validated, and cancelled because it could not be committed. */
  readonly cancelled?: string
  /** For `Busy`: who has it, until when. */
  readonly lease?: { readonly worker: string; readonly until: string }
}> {}
