/**
 * Dead letters: rows that were rejected, kept raw with their refs and issues, and sent again through the whole import once a rule, the
 * definition or the source's codec was mended. Accepted ones leave the list of their job; the rest stay, and nothing is deleted.
 *
 * @module
 */
import { Effect, Stream } from "effect"
import type { Json } from "./Canonical.ts"
import * as Engine from "./Engine.ts"
import { EngineError } from "./EngineError.ts"
import type { Import } from "./Import.ts"
import type { IntegrityError } from "./IntegrityError.ts"
import type { Issue } from "./Issue.ts"
import * as inspection from "./internal/inspection.ts"
import * as jobs from "./internal/jobs.ts"
import type { Job } from "./Job.ts"
import { JobStore } from "./JobStore.ts"
import type { Label } from "./Ref.ts"
import type { RunOptions } from "./Run.ts"
import type { SnapshotStore } from "./SnapshotStore.ts"
import { type Page, type PageIssue, type Source, SourceError } from "./Source.ts"

/** A row that was rejected. */
export interface DeadLetter {
  readonly ref: string
  /** The place and the label that make the ref. */
  readonly at: readonly [place: string, label: Label]
  /** The row as it came: cells in the order of columns, or a value of the source's own. */
  readonly row: { readonly columns: ReadonlyArray<string>; readonly cells: ReadonlyArray<Json> } | { readonly value: Json }
  /** What the source itself found wrong with it. */
  readonly source?: ReadonlyArray<Omit<PageIssue, "row">>
  /** What is wrong with it, all of it. */
  readonly issues: ReadonlyArray<Issue>
}

type Stores = JobStore | SnapshotStore
type ReadError = Engine.RunError | IntegrityError

/** The kind of source that a replay reads; `details.of` of its identity names the job whose rows they are. */
export const kind = "replay"

const pageRows = 500

// replays of a job that put rows into the target, the earliest first
const replaysOf = ({ id, import: name }: Job) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const found = yield* store.find({ import: name, status: ["success", "partial"], limit: 1_000_000 })
    return found.filter(({ source }) => source.kind === kind && source.details["of"] === id).reverse()
  })

/**
 * The rows that a job rejected, in their order, without those that a committed replay of them accepted. Rows that were rejected only
 * while the plan was made are not among them: their records, with the reasons, are in the plan ({@link Engine.changes}).
 */
export const list = (jobId: string): Stream.Stream<DeadLetter, ReadError, Stores> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const job = yield* jobs.getJob(null, jobId)
      let letters = inspection.deadLetters(job) as Stream.Stream<DeadLetter, ReadError, Stores>
      for (const replay of yield* replaysOf(job)) {
        const again = yield* inspection.rejectedRefs(replay)
        letters = Stream.filter(letters, ({ ref }) => again.has(ref))
      }
      return letters
    }),
  )

/**
 * Validates the dead letters of a job by an import of the same name, mended or not: the job that comes back is committed as any other. Its
 * issues have the refs of the first time. Mirrors are left out: what is not among the rows is not missing. `NotFound` where nothing is left to be sent again.
 */
export const replay = (
  definition: Import,
  jobId: string,
  options: RunOptions = {},
): Effect.Effect<Job, Engine.RunError, Stores> =>
  Effect.gen(function* () {
    const job = yield* jobs.getJob(null, jobId)
    if (job.import !== definition.name)
      return yield* Effect.fail(
        new EngineError({
          reason: "WrongImport",
          job: jobId,
          message: `job ${jobId} is of the import ${job.import}, not of ${definition.name}`,
        }),
      )
    const first = yield* Stream.runHead(list(jobId)).pipe(
      Effect.catchTag("IntegrityError", (error) =>
        Effect.fail(new EngineError({ reason: "NotFound", job: jobId, message: error.message })),
      ),
    )
    if (first._tag === "None")
      return yield* Effect.fail(
        new EngineError({
          reason: "NotFound",
          job: jobId,
          message: `job ${jobId} has no rejected rows that wait to be sent again`,
        }),
      )
    const context = yield* Effect.context<Stores>()
    const source = sourceOf(jobId, Stream.provideContext(list(jobId), context))
    // a few rows of a feed say nothing about what the feed has no more
    return yield* Engine.validate(definition, source, { ...options, mirrors: false })
  })

const sourceOf = (jobId: string, letters: Stream.Stream<DeadLetter, ReadError>): Source => ({
  kind,
  identify: Effect.succeed({ name: `rejected rows of ${jobId}`, sha256: null, bytes: null, details: { of: jobId } }),
  read: (from) =>
    letters.pipe(
      Stream.drop(Number(from ?? 0)),
      Stream.mapError(
        (cause) =>
          new SourceError({
            reason: "Malformed",
            message: `the rejected rows of job ${jobId} cannot be read: ${cause.message}`,
            isRetryable: "isRetryable" in cause && cause.isRetryable,
            cause,
          }),
      ),
      Stream.grouped(pageRows),
      Stream.mapAccum(
        () => Number(from ?? 0),
        (before, group) => pagesOf(before, group),
      ),
    ),
})

const layoutOf = ({ at: [place], row }: DeadLetter): string => JSON.stringify([place, "value" in row ? null : row.columns])

// rows of the same place and columns, page by page; the cursor is the number of letters before
const pagesOf = (before: number, letters: ReadonlyArray<DeadLetter>): readonly [number, ReadonlyArray<Page>] => {
  const pages: Array<Page> = []
  let start = 0
  for (let at = 1; at <= letters.length; at++) {
    if (at < letters.length && layoutOf(letters[at]!) === layoutOf(letters[start]!)) continue
    const group = letters.slice(start, at)
    const { at: from, row } = group[0]!
    pages.push({
      columns: "value" in row ? null : row.columns,
      rows: group.map((letter) => ("value" in letter.row ? letter.row.value : letter.row.cells)),
      place: from[0],
      labels: group.map((letter) => letter.at[1]),
      cursor: before + at,
      issues: group.flatMap(({ source }, position) => (source ?? []).map((issue) => ({ ...issue, row: position }))),
    })
    start = at
  }
  return [before + letters.length, pages]
}
