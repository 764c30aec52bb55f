/**
 * The job of an undo, as it is found and made, and what it says of other jobs.
 */
import { Effect, Option } from "effect"
import * as Issue from "../Issue.ts"
import * as Job from "../Job.ts"
import { JobStore } from "../JobStore.ts"
import * as Summary from "../Summary.ts"
import * as jobs from "./jobs.ts"

/** Whether a job came to an end that leaves all that it wrote counted. */
export const ended = ({ status }: Job.Job): boolean => status === "success" || status === "partial"

/** How many records a job has counted as written. */
export const written = ({ counts }: Job.Job): number =>
  // jobs that were stored before a commit could delete have no such count
  counts.created + counts.updated + (counts.deleted ?? 0)

/** The id of the nth undo of a job. */
export const undoId = (of: string, number: number): string => `${of}-undo${number === 1 ? "" : `-${number}`}`

/** The undo of a job that is under way, broke off or has ended, and the id of the next one where there is none. */
export const find = (of: string) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    // one id for all who ask at the same time: the job store lets one of them create it
    for (let number = 1; ; number++) {
      const id = undoId(of, number)
      const job = Option.getOrUndefined(yield* store.get(id))
      if (job === undefined || job.status !== "cancelled") return { id, job }
    }
  })

/** Whether a job has written something; one whose commit broke off may have written more than it could count. */
export const hasWritten = (job: Job.Job): boolean =>
  job.plan !== null && job.token > 0 && (ended(job) || written(job) > 0 || job.failure?.retryable === true)

/** When a job came to its end, in an order. */
export const place = (job: Job.Job): string => `${job.updatedAt} ${job.createdAt} ${job.id}`

/** Creates it, unless somebody else was faster. */
export const create = (of: Job.Job, id: string, startedBy: string, children?: Job.Undo["children"]) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const now = yield* jobs.isoNow
    const job: Job.Job = {
      ...of,
      id,
      status: "pending",
      startedBy,
      createdAt: now,
      updatedAt: now,
      source: { kind: "undo", name: of.id, sha256: null, bytes: null, details: {} },
      cursor: null,
      bookmark: null,
      counts: Summary.empty,
      timings: {},
      failure: null,
      earlier: null,
      token: 0,
      lease: null,
      request: null,
      purged: null,
      // a child's undo is no partition, and a parent's no parent
      parent: null,
      partition: null,
      partitions: null,
      undo: { of: of.id, reversed: 0, kept: 0, errored: 0, ...(children === undefined ? {} : { children }) },
      version: 0,
    }
    yield* Effect.catchIf(
      store.create(job),
      (error) => error.reason === "AlreadyExists",
      () => Effect.void,
    )
  })

/** Says that a job is taken back, whoever says it first. */
export const markUndone = (id: string) =>
  Effect.gen(function* () {
    const job = yield* jobs.getJob(null, id)
    if (job.status !== "undone") yield* jobs.save(job, { status: "undone" })
  }).pipe(Effect.retry({ times: 5, while: (error) => error._tag === "JobStoreError" && error.reason === "Stale" }))

/** A warning for each job that wrote to the same target behind this one. */
export const cameLater = (of: Job.Job) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const found = yield* store.find({
      import: of.import,
      status: ["success", "partial", "failed", "cancelled"],
      limit: Number.MAX_SAFE_INTEGER,
    })
    return found
      .filter(
        (it) =>
          it.id !== of.id && it.undo === null && !Job.isParent(it) && it.target === of.target && it.token > 0 && written(it) > 0,
      )
      .filter((it) => place(it) > place(of))
      .toReversed()
      .map(({ id, status }) =>
        Issue.make({
          severity: "warning",
          code: "undo.later",
          value: id,
          message: `job ${id} came later (${status}); what it changed is kept`,
        }),
      )
  })
