/**
 * What went wrong, as one sentence for people.
 */
import { Cause } from "effect"
import { scrub } from "./scrub.ts"
import { visible } from "./table.ts"

/** A request that makes no sense to this program: exit code 64. */
export class UsageError {
  readonly _tag = "UsageError"
  constructor(readonly message: string) {}
}

/** Whether an error says that the request makes no sense: the tag alone counts, so that an extra needs nothing of this package. */
export const isMisuse = (error: unknown): error is { readonly message: string } =>
  typeof error === "object" &&
  error !== null &&
  (error as { readonly _tag?: unknown })._tag === "UsageError" &&
  typeof (error as { readonly message?: unknown }).message === "string"

const sentence = (text: string): string => {
  const line = visible(scrub(text.trim()))
  return /[.!?]$/.test(line) ? line : `${line}.`
}

const messageOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return String(error)
  const { message } = error as { readonly message?: unknown }
  return typeof message === "string" && message !== "" ? message : String((error as { readonly _tag?: unknown })._tag ?? error)
}

// what to do about a refusal of the engine, where that is not what the command said itself
const advice = (error: unknown): string =>
  (error as { readonly _tag?: unknown; readonly reason?: unknown })?._tag === "EngineError" &&
  (error as { readonly reason?: unknown }).reason === "Busy"
    ? " Nothing was written by this command. Let the other one finish; `commit`, `resume`, `again` and `undo` wait for it with --wait."
    : ""

/** The sentence for a typed error. */
export const ofError = (error: unknown): string => `${sentence(messageOf(error))}${advice(error)}`

/** The sentence for whatever stopped a command, with the stack where it is a bug. */
export const ofCause = (cause: Cause.Cause<unknown>): string => {
  const failed = cause.reasons.find(Cause.isFailReason)
  if (failed !== undefined) return ofError(failed.error)
  const defect = Cause.squash(cause)
  const stack = defect instanceof Error && defect.stack !== undefined ? `\n${scrub(defect.stack)}` : ""
  return `This is a bug, not your data: ${sentence(messageOf(defect))}${stack}`
}
