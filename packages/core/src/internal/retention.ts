/**
 * Which jobs still need what is kept of them.
 */
import { Effect } from "effect"
import { EngineError } from "../EngineError.ts"
import type * as Job from "../Job.ts"
import { JobStore } from "../JobStore.ts"

// may still be committed, taken back further or gone on with, however old it is
const isOpen = ({ failure, status }: Job.Job): boolean =>
  status === "validating" || status === "pending" || status === "running" || (status === "failed" && failure?.retryable === true)

/** Whether all that is kept of a job may go, if no undo of it is under way: it ended, and has not changed since `before`, in milliseconds. */
export const isOver = (job: Job.Job, before: number): boolean => !isOpen(job) && Date.parse(job.updatedAt) <= before

/** The jobs whose undo is under way or broke off, or failed after `before`: it may be gone on with, and needs what is kept of them. */
export const beingUndone = (before: number) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const found = yield* store.find({ status: ["pending", "running", "failed"], limit: Number.MAX_SAFE_INTEGER })
    // an undo of a parent needs what is kept of all that it takes back
    return new Set(
      found.flatMap((job) =>
        job.undo === null || isOver(job, before) ? [] : [job.undo.of, ...(job.undo.children ?? []).map((child) => child.job)],
      ),
    )
  })

/** Fails where what is asked for was purged. */
export const checkKept = (job: Pick<Job.Job, "id" | "purged">): Effect.Effect<void, EngineError> =>
  job.purged === null
    ? Effect.void
    : Effect.fail(
        new EngineError({
          reason: "Purged",
          job: job.id,
          message: `what was kept of job ${job.id} was purged at ${job.purged}: its counts and issues are there, but it can neither be looked into nor taken back`,
        }),
      )
