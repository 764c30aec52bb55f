/**
 * Settling puts a file where it belongs once its job is at its end: it looks whether it is still the same file, and moves it with its reason.
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import type { JobStore, Partition } from "@waybill/core"
import { Effect } from "effect"
import type { Outcome } from "../Collected.ts"
import * as moving from "./moving.ts"
import { listed, reason } from "./reason.ts"
import type { Found } from "./walk.ts"

interface Places {
  readonly folder: string
  readonly done: string
  readonly quarantine: string
}

// what a file system tells of a file that stays what it is
interface Print {
  readonly ino: number
  readonly size: number
  readonly mtimeMs: number
}

const printOf = async (file: string): Promise<Print | undefined> => {
  try {
    const { ino, mtimeMs, size } = await fs.lstat(file)
    return { ino, size, mtimeMs }
  } catch (cause) {
    if ((cause as { readonly code?: string }).code === "ENOENT") return undefined
    throw cause
  }
}

const isSame = (a: Print | undefined, b: Print): boolean => a?.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs

/** See the file's first sentence. */
export class Settling {
  private readonly prints = new Map<string, Print>()

  constructor(
    private readonly places: Places,
    private readonly jobs: JobStore.JobStore["Service"],
  ) {}

  /** Notes which file it is whose content is hashed now. */
  async remember(file: Found, hash: () => Promise<string>): Promise<string> {
    const before = await printOf(file.path)
    const sha256 = await hash()
    if (before !== undefined) this.prints.set(file.name, before)
    return sha256
  }

  /** Moves the file of a partition, if its job is at its end, and tells what became of it. */
  settle(state: Partition.State): Effect.Effect<Outcome> {
    return Effect.gen({ self: this }, function* () {
      const intended = ending(state)
      if (intended.kind === "left") return intended
      const issues =
        intended.reason === null || state.job === null ? [] : yield* this.jobs.issues(state.job.id, { limit: listed })
      const text = intended.reason === null || state.job === null ? undefined : reason(state.partition, state.job, issues)
      return yield* Effect.promise(() => this.put(state, intended, text))
    }).pipe(
      Effect.catchCause((cause) => {
        const file = state.partition
        const why = `it could not be moved: ${String((cause.reasons[0] as { readonly error?: Error; readonly defect?: Error }).defect ?? "the job store does not answer")}`
        const outcome: Outcome = { ...ending(state), kind: "left", reason: why }
        return Effect.as(Effect.logWarning("a file stays in the folder", { file, why }), outcome)
      }),
    )
  }

  private async put(state: Partition.State, intended: Outcome, text: string | undefined): Promise<Outcome> {
    const { done, folder, quarantine } = this.places
    const from = path.join(folder, ...state.partition.split("/"))
    const to = path.join(intended.kind === "quarantined" ? quarantine : done, ...state.partition.split("/"))
    const job = state.job?.id ?? intended.job ?? ""
    const print = await printOf(from)
    // moved before this run
    if (print === undefined) {
      const there = text === undefined ? undefined : await moving.findOwn({ job, to })
      return { ...intended, to: there ?? null }
    }
    if (!(await this.isUnchanged(state, from, print)))
      return { ...intended, reason: intended.reason ?? "another file has its name now, which waits for the next run" }
    return { ...intended, to: await moving.move({ from, to, job, reason: text }) }
  }

  // a file that somebody put in the place of the one that was imported is not moved in its stead
  private async isUnchanged(state: Partition.State, from: string, now: Print): Promise<boolean> {
    const before = this.prints.get(state.partition)
    if (before !== undefined) return isSame(before, now)
    const noted = state.job?.source.details["file"] as { readonly sha256?: string } | undefined
    return noted?.sha256 !== undefined && (await moving.hashOf(from)) === noted.sha256
  }
}

// where the state of its job leads a file
const ending = ({ job, partition, refused, status }: Partition.State): Outcome => {
  const of = (kind: Outcome["kind"], why: string | null): Outcome => ({
    file: partition,
    kind,
    job: job?.id ?? refused?.job ?? null,
    to: null,
    reason: why,
  })
  const failure = job?.failure ?? null
  if (job === null)
    return status === "success" || status === "partial" ? of("skipped", null) : of("left", refused?.message ?? "it was not begun")
  if (status === "success") return of("done", null)
  if (status === "partial")
    return of("done", `${job.counts.rejected} rows and ${job.counts.conflict + job.counts.failed} records were left out`)
  if (status === "failed" && failure?.retryable !== true) return of("quarantined", `${failure?.code}: ${failure?.message}`)
  return of("left", refused?.message ?? (failure === null ? `its job is ${status}` : `${failure.code}: ${failure.message}`))
}
