/**
 * Jobs as the engine makes, saves and finds them.
 */
import { Clock, Effect, Option, Random } from "effect"
import { EngineError } from "../EngineError.ts"
import type { Import, Mode } from "../Import.ts"
import type { Issue } from "../Issue.ts"
import * as Job from "../Job.ts"
import { JobStore } from "../JobStore.ts"
import { type Identity, isSame } from "../Source.ts"
import type { Counts } from "../Summary.ts"

/** The moment it is, as ISO text in UTC. */
export const isoNow = Effect.map(Clock.currentTimeMillis, (time) => new Date(time).toISOString())

/** A new id, sortable by time, then random: `20240229-103000-k3x9a2`. */
export const newId: Effect.Effect<string> = Effect.gen(function* () {
  const now = yield* isoNow
  const random = yield* Random.nextIntBetween(0, 36 ** 6 - 1)
  return `${now.slice(0, 19).replace(/[-:]/g, "").replace("T", "-")}-${random.toString(36).padStart(6, "0")}`
})

/** Saves a job with changes; a move that {@link Job.moves} has not is a defect, but of a parent, whose status follows from its children. */
export const save = (job: Job.Job, changes: Partial<Job.Job>, issues: ReadonlyArray<Issue> = []) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const to = changes.status ?? job.status
    if (to !== job.status && !Job.isParent(job) && !Job.canMove(job.status, to))
      return yield* Effect.die(new TypeError(`a job does not move from ${job.status} to ${to}`))
    return yield* store.save({ ...job, ...changes, updatedAt: yield* isoNow }, issues)
  })

/**
 * The job that imported, or is about to import, the same bytes, read in the same way, with the same definition and mode into the same target, by
 * decisions about candidates that say the same.
 */
export const findEarlier = (definition: Import, identity: Identity, mode: Mode, decisions: Job.Job["decisions"] | undefined) =>
  Effect.gen(function* () {
    if (identity.sha256 === null) return undefined
    const store = yield* JobStore
    const jobs = yield* store.find({
      import: definition.name,
      sourceSha256: identity.sha256,
      status: ["success", "partial", "pending", "running"],
    })
    return jobs.find(
      (job) =>
        job.definition === definition.definition &&
        job.mode === mode &&
        job.decisions === decisions &&
        job.target === definition.sink.target &&
        isSame(job.source, identity),
    )
  })

/** The job of an id, which must be of this import and this definition of it where one is given. */
export const getJob = (definition: Import | null, id: string) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const found = yield* store.get(id)
    if (Option.isNone(found))
      return yield* Effect.fail(new EngineError({ reason: "NotFound", job: id, message: `there is no job ${id}` }))
    const job = found.value
    if (definition !== null && Job.isParent(job))
      return yield* Effect.fail(
        new EngineError({
          reason: "WrongStatus",
          job: id,
          message: `job ${id} is a parent job, whose partitions have jobs of their own: commit, resume or run it with Partitions`,
        }),
      )
    if (definition !== null && (job.import !== definition.name || job.definition !== definition.definition))
      return yield* Effect.fail(
        new EngineError({
          reason: "WrongImport",
          job: id,
          message:
            job.import === definition.name
              ? `job ${id} was validated with another definition of ${job.import}; validate again`
              : `job ${id} is of the import ${job.import}, not of ${definition.name}`,
        }),
      )
    return job
  })

/** The failure of a job whose counts do not add up. */
export const accounting = (unbalanced: ReadonlyArray<string>): Job.Failure => ({
  code: "accounting",
  message: `the counts do not add up: ${unbalanced.join("; ")}`,
  retryable: false,
})

/** The counts that a log line has. */
export const brief = ({ conflict, created, deleted, failed, processed, rejected, unchanged, updated }: Counts) => ({
  processed,
  created,
  updated,
  unchanged,
  deleted,
  conflict,
  failed,
  rejected,
})
