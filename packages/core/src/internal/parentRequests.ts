/**
 * What people ask of a parent job: to cancel or to pause it and its children.
 */
import { Clock, Effect } from "effect"
import { EngineError } from "../EngineError.ts"
import * as Job from "../Job.ts"
import type { JobStoreError } from "../JobStore.ts"
import type { Of } from "../Partition.ts"
import { given } from "./Control.ts"
import * as jobs from "./jobs.ts"
import * as parents from "./parentJob.ts"
import * as requests from "./requests.ts"

const retryingStale = <A, E, R>(effect: Effect.Effect<A, E | JobStoreError, R>) =>
  Effect.retry(effect, { while: (error: E | JobStoreError) => (error as { readonly reason?: unknown }).reason === "Stale" })

// a child that came to its end meanwhile has nothing left to be asked
const unlessEnded = <A, E, R>(effect: Effect.Effect<A, E | EngineError, R>) =>
  Effect.catchIf(
    effect,
    (error): error is EngineError & E => error instanceof EngineError && error.reason === "WrongStatus",
    () => Effect.void,
  )

const ask = (id: string, request: "cancel" | "pause") =>
  retryingStale(
    Effect.gen(function* () {
      const parent = yield* parents.get(null, id)
      const now = yield* Clock.currentTimeMillis
      if (Job.isHeld(parent, now) && parent.request !== "cancel") return yield* jobs.save(parent, { request })
      return parent
    }),
  )

const wrongStatus = (job: Job.Job, what: string) =>
  Effect.fail(
    new EngineError({
      reason: "WrongStatus",
      job: job.id,
      message: `job ${job.id} is ${job.status}; there is nothing to ${what}`,
    }),
  )

/**
 * Gives a parent up, and those of its children that are not at their end; what others have written stays, and each of them can be undone.
 */
export const cancel = (id: string, of?: Of) =>
  Effect.gen(function* () {
    const asked = yield* parents.get(null, id)
    if (parents.hasEnded(asked.status)) return yield* wrongStatus(asked, "cancel")
    // first, so that its worker begins no other child
    const parent = yield* ask(id, "cancel")
    for (const { job } of yield* parents.states(parent as parents.Parent))
      if (job !== null && !parents.hasEnded(job.status))
        yield* unlessEnded(requests.cancel(job.id, of === undefined ? undefined : parents.importOf(of, job)))
    return yield* retryingStale(
      Effect.gen(function* () {
        const now = yield* parents.get(null, id)
        const time = yield* Clock.currentTimeMillis
        if (Job.isHeld(now, time) || parents.hasEnded(now.status)) return now
        const { counts, timings } = parents.follow(yield* parents.states(now), now.partitions.commits)
        return yield* jobs.save(now, { status: "cancelled", counts, timings, token: now.token + 1, ...given })
      }),
    )
  })

/** Has the workers of a parent and of its children give them back at their next safe points; to resume the parent goes on with all of it. */
export const pause = (id: string) =>
  Effect.gen(function* () {
    const asked = yield* parents.get(null, id)
    if (asked.status !== "validating" && asked.status !== "running") return yield* wrongStatus(asked, "pause")
    const parent = yield* ask(id, "pause")
    for (const { job } of yield* parents.states(parent as parents.Parent))
      if (job !== null && (job.status === "validating" || job.status === "running")) yield* unlessEnded(requests.pause(job.id))
    return parent as Job.Job
  })
