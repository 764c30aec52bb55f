/**
 * What is marked in a partner's own file: the issues of a job, by the row they are about.
 */
import { Inspection, type Issue, type Job, Ref, type Source } from "@waybill/core"
import { Effect, Stream } from "effect"
import { nameOf, type Profile } from "../../Profile.ts"
import { ReportError } from "../ReportError.ts"

/** The issues of each row of a place, by its number. */
export type Marks = ReadonlyMap<number, ReadonlyArray<Issue.Issue>>

const wrong = (message: string) => new ReportError({ reason: "WrongSource", message })

/** Fails if this is not the file that the job read. */
export const check = <R>(job: Job.Job, source: Source.Source<R>) =>
  Effect.gen(function* () {
    const { name, sha256 } = yield* source.identify
    if (job.source.sha256 === sha256 && job.source.kind === source.kind) return
    return yield* Effect.fail(
      wrong(
        `job ${job.id} read ${job.source.name} (${job.source.kind}, SHA-256 ${job.source.sha256 ?? "unknown"}); ${name} (${source.kind}, ${sha256 ?? "unknown"}) is another file, in which its marks would be in the wrong places`,
      ),
    )
  })

/** The profile by which a job read its file, one of those given; `undefined` where it went by none. */
export const profileOf = (
  { id, source }: Job.Job,
  profiles: ReadonlyArray<Profile>,
): Effect.Effect<Profile | undefined, ReportError> => {
  const { reading } = source
  if (reading === undefined) return Effect.succeed(undefined)
  const profile = profiles.find(({ sha256 }) => sha256 === reading.sha256)
  if (profile !== undefined) return Effect.succeed(profile)
  const given = profiles.length === 0 ? "no profiles were given" : `those given are ${profiles.map(nameOf).join("; ")}`
  return Effect.fail(
    wrong(
      `job ${id} read ${source.name} by ${reading.name} (SHA-256 ${reading.sha256}), and ${given}: read in another way, its marks would be in the wrong places; give the very profile that the job went by`,
    ),
  )
}

/** The error of a job that read a file of the other kind. */
export const ofOtherKind = ({ id, source }: Job.Job, profile: Profile): ReportError =>
  wrong(`job ${id} read ${source.name} by ${nameOf(profile)}, a profile of ${profile.definition.kind}: mark it up as such`)

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
