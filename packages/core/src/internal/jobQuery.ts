/**
 * Which jobs a query means, for stores that look at jobs one by one.
 */
import type { Job } from "../Job.ts"
import type { Query } from "../JobStore.ts"

/** How many jobs a query gives that names no limit. */
export const defaultLimit = 100

const matches = (query: Query, job: Job): boolean =>
  (query.import === undefined || job.import === query.import) &&
  (query.sourceSha256 === undefined || job.source.sha256 === query.sourceSha256) &&
  (query.startedBy === undefined || job.startedBy === query.startedBy) &&
  (query.kind === undefined || job.source.kind === query.kind) &&
  (query.bookmark === undefined || job.bookmark?.of === query.bookmark) &&
  (query.status === undefined || query.status.includes(job.status)) &&
  (query.parent === undefined || (job.parent ?? null) === query.parent) &&
  (query.since === undefined || job.createdAt >= query.since) &&
  (query.before === undefined || job.createdAt < query.before)

/** The jobs that a query means, newest first. */
export const select = (query: Query, jobs: Iterable<Job>): ReadonlyArray<Job> =>
  [...jobs]
    .filter((job) => matches(query, job))
    .sort((a, b) => (a.createdAt === b.createdAt ? (a.id < b.id ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1))
    .slice(0, query.limit ?? defaultLimit)
