/**
 * An inspection reads what a job found and sealed, for people: its issues, records, candidates, normalizations and rows. It writes nothing.
 *
 * Reports are made of it. Everything is a stream that holds one part in memory at a time; where a function holds more it says how much. Parts are
 * checked against their hashes while they are read (`IntegrityError`). No definition is needed, so jobs of older revisions of an import
 * can be looked into, as long as their parts are kept ({@link "./Retention.ts"}). A job that sealed nothing has its issues and counts, and the
 * other streams are empty.
 *
 * @module
 */
import { Effect, Option, Stream } from "effect"
import type { Json } from "./Canonical.ts"
import type { DeadLetter } from "./DeadLetters.ts"
import type { RunError } from "./Engine.ts"
import { EngineError } from "./EngineError.ts"
import type { IntegrityError } from "./IntegrityError.ts"
import type { Issue } from "./Issue.ts"
import { aliasRule } from "./internal/decisions.ts"
import * as inspection from "./internal/inspection.ts"
import * as jobs from "./internal/jobs.ts"
import { type SealedCandidate, sealedCandidates } from "./internal/sealedCandidates.ts"
import type { Job } from "./Job.ts"
import { JobStore } from "./JobStore.ts"
import type { Change } from "./Normalize.ts"
import * as Ref from "./Ref.ts"
import { names } from "./Snapshot.ts"
import type { SnapshotStore } from "./SnapshotStore.ts"
import { isSame, type Page, type Source, type SourceError, sentence } from "./Source.ts"

type Stores = JobStore | SnapshotStore

/** Why a job cannot be looked into: there is no such job, a store failed, or a part is not what was sealed. */
export type InspectionError = RunError | IntegrityError

type Inspected<A> = Stream.Stream<A, InspectionError, Stores>

const ofJob = <A>(jobId: string, read: (job: Job) => Inspected<A>): Inspected<A> =>
  Stream.unwrap(Effect.map(jobs.getJob(null, jobId), read))

/** The job itself; `NotFound` where there is none. */
export const job = (jobId: string): Effect.Effect<Job, RunError, JobStore> => jobs.getJob(null, jobId)

const issuesAtOnce = 1_000

const kept = (jobId: string): Inspected<Issue> =>
  Stream.unwrap(
    Effect.map(JobStore, (store) =>
      Stream.paginate(0, (offset) =>
        Effect.map(store.issues(jobId, { offset, limit: issuesAtOnce }), (found) => {
          const next = found.length === issuesAtOnce ? offset + issuesAtOnce : undefined
          return [found, Option.fromNullishOr(next)] as const
        }),
      ),
    ),
  )

const identityOf = ({ code, column, entity, message, ref, value }: Issue): string =>
  JSON.stringify([ref, code, column, entity, message, value])

/**
 * The issues of a job: those that the job store keeps, in the order they were found, then the errors that went beyond the limit `issues` of the
 * import, from the rejected rows and the plan. Warnings beyond the limit are only counted: `job.counts` says how many there are in all.
 * Those that the job store keeps are held in memory, as many as the limit.
 */
export const issues = (jobId: string): Inspected<Issue> =>
  ofJob(jobId, (of) => {
    const known = new Set<string>()
    let count = 0
    const total = of.counts.errors + of.counts.warnings
    const first = Stream.map(kept(jobId), (issue) => {
      count++
      known.add(identityOf(issue))
      return issue
    })
    const beyond = Stream.suspend(() => {
      if (count >= total) return Stream.empty
      const ofRows = Stream.map(inspection.deadLetters(of), (letter) => (letter as DeadLetter).issues)
      const ofPlan = Stream.map(inspection.records(Effect.succeed(of)), (record) => record.issues)
      return Stream.concat(ofRows, ofPlan).pipe(
        Stream.flatMap((some) => Stream.fromIterable(some)),
        Stream.filter((issue) => !known.has(identityOf(issue))),
      )
    })
    return Stream.concat(first, beyond)
  })

/** One record of a plan: what a commit does with it, its values, and field by field what an update changes. */
export type PlannedRecord = inspection.PlannedRecord

/** The records of a job's plan, entity by entity in reference order. {@link "./Engine.ts"}'s `changes` is the same for a definition at hand. */
export const records = (jobId: string): Inspected<PlannedRecord> => ofJob(jobId, (of) => inspection.records(Effect.succeed(of)))

/** A candidate as its job sealed it: where it stands, and near keys among the job's own records. {@link "./Candidates.ts"} knows those of the target too. */
export type Candidate = SealedCandidate

/** What rows refer to and exists nowhere, by entity and key. All candidates of the job are in memory; the records are read where one is open. */
export const candidates = (jobId: string): Inspected<Candidate> =>
  ofJob(jobId, (of) => Stream.unwrap(Effect.map(sealedCandidates(of), Stream.fromIterable)))

/** Every change that a normalization made, in the order of the rows. */
export const normalizations = (jobId: string): Inspected<Change> => ofJob(jobId, inspection.normalizations)

/**
 * The rows that a job rejected while it read them, raw, in their order; also those that a replay accepted since, which `DeadLetters.list`
 * leaves out. Rows that only the plan rejected are not among them; {@link rows} has them.
 */
export const rejected = (jobId: string): Inspected<DeadLetter> =>
  ofJob(jobId, (of) => inspection.deadLetters(of) as Inspected<DeadLetter>)

/** A row of the job's source, read again. */
export interface Row {
  readonly ref: string
  readonly label: Ref.Label
  /** The row as the source delivered it: cells in the order of its page's columns, or a value of the source's own. */
  readonly raw: unknown
  /** The same with what the normalizations changed. */
  readonly normalized: unknown
  /** Whether it has an error: nothing of it is written. */
  readonly isRejected: boolean
  /** Its issues; of a row that is not rejected those that the job store keeps. */
  readonly issues: ReadonlyArray<Issue>
}

/** Rows that the source delivered together. */
export interface Rows {
  /** The names of the cells, or `null` where rows are values of the source's own. */
  readonly columns: ReadonlyArray<string> | null
  readonly place: string
  readonly rows: ReadonlyArray<Row>
}

/**
 * All rows of a job's source, read again and put together with what the job found: the only way to the rows that were accepted, since a
 * snapshot holds what they became. The source must be the one that was validated, by its hash, and one that has a hash (`WrongSource`
 * otherwise). The issues of the job store and the refusals of the plan are held in memory, the rest page by page.
 */
export const rows = <R>(jobId: string, source: Source<R>): Stream.Stream<Rows, InspectionError | SourceError, Stores | R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const of = yield* job(jobId)
      const identity = yield* source.identify
      if (identity.sha256 === null || !isSame(identity, of.source))
        return yield* Effect.fail(
          new EngineError({
            reason: "WrongSource",
            job: jobId,
            message: `job ${jobId} read ${of.source.name} (${sentence(of.source)}), but was given ${identity.name} (${sentence(identity)}); expected the same bytes, read in the same way`,
          }),
        )
      const known = yield* issuesByRef(of)
      const letters = yield* inspection.openLog<DeadLetter>(of, names.rejectedFolder)
      const changes = yield* inspection.openLog<Change>(of, inspection.normalizationFolder)
      return Stream.mapEffect(source.read(null), (page) =>
        Effect.gen(function* () {
          const found: Array<Row> = []
          for (const [at, label] of page.labels.entries()) {
            const ref = Ref.make(page.place, label)
            const own: Array<Change> = []
            for (;;) {
              const change = changes.peek()
              if (change === undefined && changes.hasMore()) yield* changes.more
              else if (change?.ref === ref) {
                own.push(change)
                changes.next()
              } else break
            }
            while (letters.peek() === undefined && letters.hasMore()) yield* letters.more
            const letter = letters.peek()?.ref === ref ? letters.peek() : undefined
            if (letter !== undefined) letters.next()
            found.push(rowOf(page, at, ref, own, letter, known.get(ref)))
          }
          page.release?.()
          return { columns: page.columns, place: page.place, rows: found }
        }),
      )
    }),
  )

// issues of rows that no dead letter has: warnings, and what was found behind the reading
const issuesByRef = (of: Job): Effect.Effect<ReadonlyMap<string, ReadonlyArray<Issue>>, InspectionError, Stores> =>
  Effect.gen(function* () {
    const byRef = new Map<string, Array<Issue>>()
    const note = (issue: Issue): void => {
      if (issue.ref === null) return
      const some = byRef.get(issue.ref)
      if (some === undefined) byRef.set(issue.ref, [issue])
      else if (!some.some((it) => identityOf(it) === identityOf(issue))) some.push(issue)
    }
    yield* Stream.runForEachArray(kept(of.id), (some) => Effect.sync(() => some.forEach(note)))
    yield* Stream.runForEachArray(inspection.records(Effect.succeed(of)), (some) =>
      Effect.sync(() => {
        for (const record of some) record.issues.forEach(note)
      }),
    )
    return byRef
  })

const rowOf = (
  page: Page,
  at: number,
  ref: string,
  changes: ReadonlyArray<Change>,
  letter: DeadLetter | undefined,
  others: ReadonlyArray<Issue> = [],
): Row => {
  const issues = letter?.issues ?? others
  return {
    ref,
    label: page.labels[at]!,
    raw: page.rows[at],
    normalized: normalized(page.columns, page.rows[at], changes),
    isRejected: letter !== undefined || issues.some(({ code, severity }) => severity === "error" || code === "row.rejected"),
    issues,
  }
}

const normalized = (columns: ReadonlyArray<string> | null, raw: unknown, all: ReadonlyArray<Change>): unknown => {
  // an alias changes a record, not its row
  const changes = all.filter(({ rule }) => rule !== aliasRule)
  if (changes.length === 0) return raw
  if (columns === null) {
    const members: Record<string, Json> = Object.assign(Object.create(null), raw)
    for (const { after, column } of changes) members[column] = after
    return members
  }
  const cells = [...(raw as ReadonlyArray<unknown>)]
  for (const { after, column } of changes) cells[columns.indexOf(column)] = after
  return cells
}
