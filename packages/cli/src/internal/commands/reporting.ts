/**
 * Writes what became of a job: its report for people, the job itself for scripts.
 */
import { Engine, type Job, JobStore } from "@waybill/core"
import { Effect } from "effect"
import * as Report from "../../Report.ts"
import { type Context, writeJson } from "../Command.ts"
import { many } from "../format.ts"

const firstIssues = 10

/** A command that may be typed next. */
type Next = Report.Details["next"][number]

// what to do with a job in its status
const nextOf = ({ program }: Context, job: Job.Job, kept: number): ReadonlyArray<Next> => {
  const next: Array<Next> = []
  if (kept > firstIssues) next.push({ why: "see every issue", type: `${program} issues ${job.id}` })
  if (job.status === "pending") {
    const { created, rejected, updated } = job.counts
    const without = rejected > 0 ? `, without the ${many(rejected, "rejected row")}` : ""
    next.push({
      why: created + updated === 0 ? "nothing is left to write; settle the job" : `write exactly this${without}`,
      type: `${program} commit ${job.id}`,
    })
  }
  if (job.status === "running" || (job.status === "failed" && job.failure?.retryable === true && job.plan !== null))
    next.push({ why: "try the commit again, from the same snapshot", type: `${program} commit ${job.id}` })
  return next
}

/** See the file's first sentence. `further` comes after what the job's status suggests. */
export const report = (context: Context, job: Job.Job, further: ReadonlyArray<Next> = []) =>
  Effect.gen(function* () {
    yield* context.progress.clear
    if (context.json) return yield* writeJson(context, job)
    const store = yield* JobStore.JobStore
    const total = job.counts.errors + job.counts.warnings
    const issues = total === 0 ? [] : yield* store.issues(job.id, { limit: firstIssues })
    const candidates = job.snapshot === null ? [] : yield* Engine.candidates(job.id)
    const next = [...nextOf(context, job, total), ...further]
    yield* context.host.out(Report.job(job, { issues, candidates, next }, context.look))
  })
