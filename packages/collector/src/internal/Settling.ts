/**
 * Settling puts a file where it belongs once its job is at its end: it looks whether it is still the same file, and moves it with its reason.
 */
import * as path from "node:path"
import type { Job, JobStore, Partition } from "@waybill/core"
import { Effect, Option } from "effect"
import type { Outcome } from "../Collected.ts"
import * as moving from "./moving.ts"
import { codeOf, isSame, type Print, printOf } from "./print.ts"
import { listed, reason } from "./reason.ts"
import type { Found } from "./walk.ts"

interface Places {
  readonly folder: string
  readonly done: string
  readonly quarantine: string
}

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

  /** Whether a file still is the one that was hashed. */
  async isWhatItWas(file: Found): Promise<boolean> {
    return isSame(this.prints.get(file.name), await printOf(file.path))
  }

  /** Moves the file of a partition, if its job is at its end, and tells what became of it. */
  settle(state: Partition.State): Effect.Effect<Outcome> {
    return Effect.gen({ self: this }, function* () {
      const intended = ending(state)
      const about = yield* this.about(state)
      const issues = about === null ? [] : yield* this.jobs.issues(about.id, { limit: listed })
      const text = about === null ? undefined : reason(state.partition, about, issues)
      return yield* Effect.tryPromise({ try: () => this.put(state, intended, text), catch: (cause) => cause as Error })
    }).pipe(
      Effect.catch((cause) => {
        const file = state.partition
        const why = `${ending(state).kind === "left" ? "it could not be looked at" : "it could not be moved"}: ${cause.message}`
        const outcome: Outcome = { ...ending(state), kind: "left", reason: why }
        return Effect.as(Effect.logWarning("a file stays in the folder", { file, why }), outcome)
      }),
    )
  }

  // the job whose reason lies beside a file: its own, or the earlier one that left out something of the same content
  private about({ job, refused, status }: Partition.State) {
    return Effect.gen({ self: this }, function* () {
      if (job !== null) return job.status === "success" ? null : job
      const earlier = refused === null || status !== "partial" ? Option.none<Job.Job>() : yield* this.jobs.get(refused.job)
      return Option.getOrNull(earlier)
    })
  }

  private async put(state: Partition.State, intended: Outcome, text: string | undefined): Promise<Outcome> {
    const { done, folder, quarantine } = this.places
    const from = path.join(folder, ...state.partition.split("/"))
    const print = await printOf(from)
    if (intended.kind === "left") return print === undefined ? gone(intended) : intended
    const to = path.join(intended.kind === "quarantined" ? quarantine : done, ...state.partition.split("/"))
    const job = state.job?.id ?? intended.job ?? ""
    if (print === undefined) return this.moved(intended, text, { job, to })
    if (!(await this.isUnchanged(state, from, print)))
      return intended.kind === "quarantined"
        ? { ...intended, kind: "left", reason: `another file has its name now, which waits for the next run; ${intended.reason}` }
        : { ...intended, reason: intended.reason ?? "another file has its name now, which waits for the next run" }
    try {
      return { ...intended, to: await moving.move({ from, to, job, reason: text }) }
    } catch (cause) {
      // taken away this very moment
      if (codeOf(cause) === "ENOENT" && (await printOf(from)) === undefined) return this.moved(intended, text, { job, to })
      throw cause
    }
  }

  // one that is no longer in the folder was moved before this run, or taken away by somebody else
  private async moved(intended: Outcome, text: string | undefined, to: Pick<moving.Move, "job" | "to">): Promise<Outcome> {
    const there = text === undefined ? undefined : await moving.findOwn(to)
    return there === undefined && intended.kind === "quarantined" ? gone(intended) : { ...intended, to: there ?? null }
  }

  // a file that somebody put in the place of the one that was imported is not moved in its stead
  private async isUnchanged(state: Partition.State, from: string, now: Print): Promise<boolean> {
    const before = this.prints.get(state.partition)
    if (before !== undefined) return isSame(before, now)
    const noted = state.job?.source.details["file"] as { readonly sha256?: string } | undefined
    return noted?.sha256 !== undefined && (await moving.hashOf(from)) === noted.sha256
  }
}

const gone = (of: Outcome): Outcome => ({
  ...of,
  kind: "gone",
  reason: `it is not in the folder any more${of.reason === null ? "" : `; ${of.reason}`}`,
})

/** Where the state of its job leads a file. */
export const ending = ({ job, partition, refused, status }: Partition.State): Outcome => {
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
