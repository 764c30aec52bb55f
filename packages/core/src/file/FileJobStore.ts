/**
 * A job store in a folder: every save is a file of its own, `FOLDER/<job>/<version>.json`, with the issues that came with it.
 *
 * Making that file is the compare-and-set: a file system lets only one process create a name, so two who read the same version cannot
 * both save the next one. Older versions stay until the job is removed with its folder; they are its history.
 *
 * @module
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { Effect, Layer, Option } from "effect"
import type { Issue } from "../Issue.ts"
import { classify, createWhole, pathOf, versionFile, versionFiles } from "../internal/files.ts"
import * as jobQuery from "../internal/jobQuery.ts"
import type { Job } from "../Job.ts"
import { JobStore, JobStoreError } from "../JobStore.ts"

interface Saved {
  readonly job: Job
  readonly issues: ReadonlyArray<Issue>
}

const failed =
  (what: string) =>
  (cause: unknown): JobStoreError => {
    const { message, reason } = classify(cause)
    return new JobStoreError({ reason, message: `${what}: ${message}`, isRetryable: false, cause })
  }

const noJob = (id: string): JobStoreError =>
  new JobStoreError({ reason: "NotFound", message: `there is no job ${id}`, isRetryable: false })

const textOf = (saved: Saved): string => `${JSON.stringify(saved)}\n`

const filesAtOnce = 64

const isMissing = (cause: unknown): boolean => classify(cause).reason === "NotFound"

/** A store in a folder, which is made on the first write. */
export const make = (folder: string): JobStore["Service"] => {
  const versions = async (id: string): Promise<ReadonlyArray<string>> => {
    const own = pathOf(folder, id)
    return own === undefined ? [] : versionFiles(own)
  }
  const read = async (id: string, name: string): Promise<Saved> =>
    JSON.parse(await fs.readFile(path.join(folder, id, name), "utf8")) as Saved
  const latest = async (id: string): Promise<Job | undefined> => {
    const name = (await versions(id)).at(-1)
    return name === undefined ? undefined : (await read(id, name)).job
  }
  return {
    create: (job) => {
      const own = pathOf(folder, job.id)
      if (own === undefined)
        return Effect.fail(
          new JobStoreError({
            reason: "Unknown",
            message: `cannot create job ${job.id}: it is no name for a folder`,
            isRetryable: false,
          }),
        )
      return Effect.tryPromise({
        try: async () => {
          await fs.mkdir(own, { recursive: true })
          await createWhole(path.join(own, versionFile(job.version)), textOf({ job, issues: [] }))
        },
        catch: failed(`cannot create job ${job.id}`),
      })
    },
    get: (id) =>
      Effect.tryPromise({ try: async () => Option.fromNullishOr(await latest(id)), catch: failed(`cannot read job ${id}`) }),
    save: (job, issues = []) =>
      Effect.gen(function* () {
        const stored = yield* Effect.tryPromise({ try: () => latest(job.id), catch: failed(`cannot read job ${job.id}`) })
        const stale = new JobStoreError({
          reason: "Stale",
          message: `job ${job.id} was saved by somebody else since version ${job.version} was read`,
          isRetryable: false,
        })
        if (stored === undefined) return yield* Effect.fail(noJob(job.id))
        if (stored.version !== job.version) return yield* Effect.fail(stale)
        const next: Job = { ...job, version: job.version + 1 }
        yield* Effect.tryPromise({
          try: () => createWhole(path.join(folder, job.id, versionFile(next.version)), textOf({ job: next, issues })),
          catch: failed(`cannot save job ${job.id}`),
        }).pipe(Effect.mapError((error) => (error.reason === "AlreadyExists" ? stale : error)))
        return next
      }),
    find: (query) =>
      Effect.tryPromise({
        try: async () => {
          const ids = await fs.readdir(folder).catch((cause) => (isMissing(cause) ? [] : Promise.reject(cause)))
          const jobs: Array<Job> = []
          // some at a time: a process may not have all files open at once
          for (let from = 0; from < ids.length; from += filesAtOnce)
            for (const job of await Promise.all(ids.slice(from, from + filesAtOnce).map(latest)))
              if (job !== undefined) jobs.push(job)
          return jobQuery.select(query, jobs)
        },
        catch: failed("cannot list the jobs"),
      }),
    issues: (id, { limit = Number.POSITIVE_INFINITY, offset = 0 } = {}) =>
      Effect.gen(function* () {
        const wrong = failed(`cannot read the issues of job ${id}`)
        const names = yield* Effect.tryPromise({ try: () => versions(id), catch: wrong })
        if (names.length === 0) return yield* Effect.fail(noJob(id))
        const saved = yield* Effect.tryPromise({ try: () => Promise.all(names.map((name) => read(id, name))), catch: wrong })
        return saved.flatMap(({ issues }) => issues).slice(offset, offset + limit)
      }),
  }
}

/** The store as a layer. */
export const layer = (folder: string): Layer.Layer<JobStore> => Layer.sync(JobStore, () => make(folder))
