/**
 * What is marked in a partner's own file: the issues of a job, by the row they are about.
 */
import { Inspection, type Issue, type Job, Ref, type Source } from "@waybill/core"
import { Effect, Stream } from "effect"
import { ReportError } from "../ReportError.ts"

/** The issues of each row of a place, by its number. */
export type Marks = ReadonlyMap<number, ReadonlyArray<Issue.Issue>>

/** The job, if this is the file that it read. */
export const jobOf = <R>(jobId: string, source: Source.Source<R>) =>
  Effect.gen(function* () {
    const job = yield* Inspection.job(jobId)
    const { name, sha256 } = yield* source.identify
    if (job.source.sha256 === sha256 && job.source.kind === source.kind) return job
    return yield* Effect.fail(
      new ReportError({
        reason: "WrongSource",
        message: `job ${jobId} read ${job.source.name} (${job.source.kind}, SHA-256 ${job.source.sha256 ?? "unknown"}); ${name} (${source.kind}, ${sha256 ?? "unknown"}) is another file, in which its marks would be in the wrong places`,
      }),
    )
  })

/** The issues of the rows of one place of a job; all of them are in memory. */
export const ofPlace = (job: Job.Job, place: string) =>
  Effect.gen(function* () {
    const marks = new Map<number, Array<Issue.Issue>>()
    yield* Stream.runForEachArray(Inspection.issues(job.id), (issues) =>
      Effect.sync(() => {
        for (const issue of issues) {
          const at = issue.ref === null ? undefined : Ref.parse(issue.ref)
          if (at === undefined || at.place !== place || typeof at.label !== "number") continue
          const some = marks.get(at.label)
          if (some === undefined) marks.set(at.label, [issue])
          else some.push(issue)
        }
      }),
    )
    return marks as Marks
  })
