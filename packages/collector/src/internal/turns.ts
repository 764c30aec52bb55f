/**
 * The runs of a collector over one folder take turns: the id of each follows from the one before it, and a job store creates a job of an id only once.
 * So of two processes that begin at the same moment one begins, whatever their clocks say, and the other finds the run that has begun.
 */
import { createHash } from "node:crypto"
import type { Job, JobStore } from "@waybill/core"
import { Effect } from "effect"

interface Of {
  readonly name: string
  readonly folder: string
}

/** The kind of source that the parent jobs have. */
export const kind = "folder"

/** The newest run over the folder, and the one that is under way or broke off. */
export const known = (store: JobStore.JobStore["Service"], { folder, name }: Of) =>
  Effect.gen(function* () {
    const ofFolder = (jobs: ReadonlyArray<Job.Job>) => jobs.filter(({ source }) => source.kind === kind && source.name === folder)
    const runs = { import: name, kind, parent: null }
    // the newest first, and only then what is running: one that began in between took the turn that follows from the newest
    const few = yield* store.find({ ...runs, limit: 10 })
    const found = ofFolder(few)
    // a name that many folders share
    const all =
      found.length > 0 || few.length < 10 ? found : ofFolder(yield* store.find({ ...runs, limit: Number.MAX_SAFE_INTEGER }))
    const running = ofFolder(yield* store.find({ ...runs, status: ["running"] }))
    return { newest: all[0], running: running[0] ?? all.find(({ status }) => status === "running") }
  })

/** The id of the run after another one, or of the first. */
export const after = ({ folder, name }: Of, before: string | undefined): string =>
  `drop-${createHash("sha256")
    .update(JSON.stringify([name, folder, before ?? null]))
    .digest("hex")
    .slice(0, 16)}`
