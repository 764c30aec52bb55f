/**
 * A report error says why a report cannot be written.
 *
 * @module
 */
import { Data } from "effect"

/** Why a report cannot be written; `message` is for people and never holds a secret. */
export class ReportError extends Data.TaggedError("ReportError")<{
  /**
   * `TooLarge`: more than the format or a limit allows. `Unsupported`: the file is of a kind that cannot be marked up. `WrongSource`: the
   * file is not the one that the job read. `Output`: the report cannot be put where it should go.
   */
  readonly reason: "TooLarge" | "Unsupported" | "WrongSource" | "Output"
  readonly message: string
  readonly cause?: unknown
}> {}
