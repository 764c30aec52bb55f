/**
 * Writes what became of a job: its report for people, the job itself for scripts.
 */
import { Engine, type Issue, Job, JobStore, Partitions, SnapshotStore } from "@waybill/core"
import { Effect } from "effect"
import * as Report from "../../Report.ts"
import { adviceOf } from "../advice.ts"
import { type Context, writeJson } from "../Command.ts"
import { many } from "../format.ts"

const firstIssues = 10

/** What may be done next. */
type Next = Report.Details["next"][number]

// what to do with a job in its status
const nextOf = ({ program }: Context, job: Job.Job, kept: number): ReadonlyArray<Next> => {
  const next: Array<Next> = []
  // the issues of a parent are those of its children
  if (kept > firstIssues && !Job.isParent(job)) next.push({ why: "see every issue", type: `${program} issues ${job.id}` })
  next.push(...adviceOf(job).map((why) => ({ why })))
  if (job.status === "pending") {
    const { created, deleted = 0, rejected, updated } = job.counts
    const without = rejected > 0 ? `, without the ${many(rejected, "rejected row")}` : ""
    next.push({
      why: created + updated + deleted === 0 ? "nothing is left to write; settle the job" : `write exactly this${without}`,
      type: `${program} commit ${job.id}`,
    })
  }
  if (job.undo !== null)
    return job.status === "running" || (job.status === "failed" && job.failure?.retryable === true)
      ? [...next, { why: "go on with it", type: `${program} undo ${job.undo.of}` }]
      : next
  if (Job.isParent(job)) return [...next, ...nextOfParent(program, job)]
  if (job.status === "validating")
    next.push({ why: "where nobody works on it, go on, with the arguments of its import", type: `${program} resume ${job.id} …` })
  if (job.status === "running" || (job.status === "failed" && job.failure?.retryable === true && job.plan !== null))
    next.push({ why: "try the commit again, from the same snapshot", type: `${program} commit ${job.id}` })
  return next
}

// a parent is gone on with as a whole; what failed for good is corrected, and its partition run again
const nextOfParent = (program: string, job: Job.Job): ReadonlyArray<Next> => {
  const broken = job.status === "validating" || job.status === "running"
  const again = job.status === "partial" || job.status === "failed"
  return [
    ...(broken || (again && job.failure?.retryable === true)
      ? [{ why: "go on with what is not done, with the arguments of its import", type: `${program} resume ${job.id} …` }]
      : []),
    ...(again
      ? [{ why: "once what is wrong is corrected, run one partition again", type: `${program} again ${job.id} PARTITION …` }]
      : []),
    { why: "list the jobs of its partitions", type: `${program} jobs --parent ${job.id}` },
  ]
}

/** What a report leaves out or adds. */
export interface Reporting {
  /** What may be typed after what the job's status suggests. */
  readonly further?: ReadonlyArray<Next>
  /** The job as its preview showed it: then only what is new is listed. */
  readonly preview?: Job.Job
}

const issuesIn = ({ counts }: Job.Job): number => counts.errors + counts.warnings

// the first issues of a job, errors before warnings
const firstOf = (id: string) =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const some = yield* store.issues(id, { limit: 1_000 })
    return [...some.filter(isError), ...some.filter((issue) => !isError(issue))].slice(0, firstIssues)
  })

const isError = ({ severity }: Issue.Issue): boolean => severity === "error"

/** See the file's first sentence. */
export const report = (context: Context, job: Job.Job, { further = [], preview }: Reporting = {}) =>
  Effect.gen(function* () {
    yield* context.progress.clear
    if (context.json) return yield* writeJson(context, job)
    const store = yield* JobStore.JobStore
    const total = issuesIn(job)
    const known = preview === undefined ? 0 : issuesIn(preview)
    const issues =
      total === known
        ? []
        : preview === undefined
          ? yield* firstOf(job.id)
          : yield* store.issues(job.id, { offset: known, limit: firstIssues })
    const snapshots = yield* SnapshotStore.SnapshotStore
    const isKept = job.snapshot !== null && job.purged === null && (yield* snapshots.list(job.undo?.of ?? job.id)).length > 0
    const candidates = !isKept || preview !== undefined || job.undo !== null ? [] : yield* Engine.candidates(job.id)
    const next = [...nextOf(context, job, total - known), ...further]
    const details = {
      issues,
      candidates,
      next,
      sincePreview: preview !== undefined,
      isPurged: job.snapshot !== null && !isKept,
      ...(Job.isParent(job) ? { partitions: yield* Partitions.states(job.id) } : {}),
    }
    yield* context.host.out(Report.job(job, details, context.look))
  })
