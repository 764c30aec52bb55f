/**
 * A job store in memory.
 *
 * @module
 */
import { Effect, Layer, Option } from "effect"
import type { Issue } from "../Issue.ts"
import * as jobQuery from "../internal/jobQuery.ts"
import type { Job } from "../Job.ts"
import { JobStore, JobStoreError } from "../JobStore.ts"

const error = (reason: JobStoreError["reason"], message: string): JobStoreError =>
  new JobStoreError({ reason, message, isRetryable: false })

/** A new, empty store. */
export const make = (): JobStore["Service"] => {
  const jobs = new Map<string, { job: Job; readonly issues: Array<Issue> }>()
  return {
    create: (job) =>
      Effect.suspend(() => {
        if (jobs.has(job.id)) return Effect.fail(error("AlreadyExists", `there is a job ${job.id} already`))
        jobs.set(job.id, { job, issues: [] })
        return Effect.void
      }),
    get: (id) => Effect.sync(() => Option.fromNullishOr(jobs.get(id)?.job)),
    save: (job, issues = []) =>
      Effect.suspend(() => {
        const stored = jobs.get(job.id)
        if (stored === undefined) return Effect.fail(error("NotFound", `there is no job ${job.id}`))
        if (stored.job.version !== job.version)
          return Effect.fail(
            error("Stale", `job ${job.id} was saved by somebody else: version ${stored.job.version}, not ${job.version}`),
          )
        stored.job = { ...job, version: job.version + 1 }
        stored.issues.push(...issues)
        return Effect.succeed(stored.job)
      }),
    find: (query) =>
      Effect.sync(() =>
        jobQuery.select(
          query,
          [...jobs.values()].map(({ job }) => job),
        ),
      ),
    issues: (id, { limit = Number.POSITIVE_INFINITY, offset = 0 } = {}) =>
      Effect.suspend(() => {
        const stored = jobs.get(id)
        return stored === undefined
          ? Effect.fail(error("NotFound", `there is no job ${id}`))
          : Effect.succeed(stored.issues.slice(offset, offset + limit))
      }),
  }
}

/** The store as a layer. */
export const layer: Layer.Layer<JobStore> = Layer.sync(JobStore, make)
