/**
 * What became of a folder: of each of its files, and of all of it as one summary.
 *
 * @module
 */
import type { Job } from "@waybill/core"

/** What became of a file. */
export interface Outcome {
  /** The path from the folder on. */
  readonly file: string
  /**
   * `done`: imported, with or without rows left out; `skipped`: its content had been imported before; `quarantined`: refused, for reasons that lie in
   * it; `left`: it stays in the folder, because something else stood in the way; `gone`: somebody took it away before it was imported.
   */
  readonly kind: "done" | "skipped" | "quarantined" | "left" | "gone"
  /** The job that imported or refused it; for `skipped` the earlier one. */
  readonly job: string | null
  /** Where it is now, where that is known. */
  readonly to: string | null
  /** Why it was not imported, or not wholly. */
  readonly reason: string | null
}

/** See the file's first sentence. */
export interface Collected {
  /** The parent job; `null` where there was nothing to import. */
  readonly job: Job.Job | null
  /** Whether it went on with a job that had broken off. Files that came since wait for the next run. */
  readonly resumed: boolean
  /** Files of the job. */
  readonly files: number
  /** Size of all that lay in the folder for it when the run began. */
  readonly bytes: number
  readonly outcomes: ReadonlyArray<Outcome>
  /** Links, and what can be read by nobody. It stays where it is. */
  readonly refused: ReadonlyArray<{ readonly name: string; readonly why: string }>
  /** Files that no pattern is for. They stay where they are. */
  readonly unmatched: ReadonlyArray<string>
}

const kinds = ["done", "skipped", "quarantined", "left", "gone"] as const

/** How many files came to each end. */
export const counts = ({ outcomes }: Collected): { readonly [kind in Outcome["kind"]]: number } => {
  const of = { done: 0, skipped: 0, quarantined: 0, left: 0, gone: 0 }
  for (const { kind } of outcomes) of[kind]++
  return of
}

// names and messages of others, each on one line
const line = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "\ufffd")

const listed = (title: string, lines: ReadonlyArray<string>, most: number): string =>
  lines.length === 0
    ? ""
    : `\n${title}\n${lines
        .slice(0, most)
        .map((it) => `  ${line(it)}\n`)
        .join("")}${lines.length > most ? `  … and ${lines.length - most} more\n` : ""}`

/** The summary as text, with at most so many lines for each list. */
export const report = (collected: Collected, most = 20): string => {
  const { bytes, files, job, outcomes, refused, resumed, unmatched } = collected
  const of = counts(collected)
  const head = `${files} files, ${bytes} bytes: ${kinds.map((kind) => `${of[kind]} ${kind}`).join(", ")}\n`
  const parent = job === null ? "" : `job ${job.id} is ${job.status}${resumed ? ", gone on with after it broke off" : ""}\n`
  const named = ({ file, reason }: Outcome): string => `${file}${reason === null ? "" : `: ${reason}`}`
  const of_ = (kind: Outcome["kind"]): ReadonlyArray<string> => outcomes.filter((it) => it.kind === kind).map(named)
  return [
    head,
    parent,
    listed("Quarantined", of_("quarantined"), most),
    listed("Left in the folder", of_("left"), most),
    listed("Gone", of_("gone"), most),
    listed("Done with something left out", outcomes.filter((it) => it.kind === "done" && it.reason !== null).map(named), most),
    listed(
      "Not collected",
      refused.map(({ name, why }) => `${name}: ${why}`),
      most,
    ),
    listed("Without a pattern", unmatched, most),
  ].join("")
}
