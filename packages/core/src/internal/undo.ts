/**
 * Undo: what a job wrote is taken back under a job of its own, record by record, unless somebody has touched it since.
 */
import { Clock, Effect } from "effect"
import { EngineError } from "../EngineError.ts"
import type { Import } from "../Import.ts"
import * as Issue from "../Issue.ts"
import type * as Job from "../Job.ts"
import type { LeftRecord, RunOptions, UndoPreview } from "../Run.ts"
import type { Sink, UndoContext } from "../Sink.ts"
import * as Control from "./Control.ts"
import { open } from "./commit.ts"
import * as jobs from "./jobs.ts"
import { checkKept } from "./retention.ts"
import { Tally } from "./Tally.ts"
import { sentence, Undoing } from "./Undoing.ts"
import { cameLater, create, ended, find, hasWritten, markUndone, written } from "./undoJob.ts"
import * as Vault from "./Vault.ts"
import { phaseTimeout, throttled } from "./validate.ts"
import { failureOf, Halted, retrying, Stopped } from "./worldError.ts"

type Undo = NonNullable<Sink["undo"]>

const refuse = (reason: "WrongStatus" | "Unsupported", job: string, message: string): Effect.Effect<never, EngineError> =>
  Effect.fail(new EngineError({ reason, job, message }))

/** That a job has written something, and the sink knows what. */
export const check = (definition: Import, of: Job.Job): Effect.Effect<Undo, EngineError> => {
  if (of.undo !== null) return refuse("WrongStatus", of.id, `job ${of.id} is itself the undo of job ${of.undo.of}`)
  if (of.status === "validating" || of.status === "pending" || of.status === "running" || !hasWritten(of))
    return refuse(
      "WrongStatus",
      of.id,
      of.status === "running"
        ? `job ${of.id} is running; let it come to its end or cancel it, then take it back`
        : `job ${of.id} is ${of.status} and has written nothing that could be taken back`,
    )
  const { sink } = definition
  if (sink.undo === undefined)
    return refuse("Unsupported", of.id, `the sink ${sink.kind} keeps nothing of what was there before; job ${of.id} stays`)
  return Effect.as(checkKept(of), sink.undo)
}

const contextOf = (definition: Import, of: Job.Job, job: string, token: number, preview: boolean): UndoContext => ({
  job,
  token,
  of: { job: of.id, planHash: of.plan! },
  preview,
  transaction: of.transaction ?? "batched",
  entities: definition.entities,
})

const issueOf = (record: LeftRecord): Issue.Issue =>
  Issue.make({
    ...(record.kind === "refused" ? { code: "undo.errored" } : { severity: "warning", code: "undo.kept" }),
    ref: record.ref,
    entity: record.entity,
    column: record.fields.map(({ field }) => field).join(", ") || null,
    value: record.key,
    message: sentence(record),
  })

// what a commit that came to its end has counted, and what one that did not can have written at most
const balance = (of: Job.Job, planned: number, { errored, kept, reversed }: UndoPreview): Effect.Effect<void, Stopped> => {
  const sum = reversed + kept + errored
  const fail = (code: string, message: string) => Effect.fail(new Stopped({ code, message, retryable: false }))
  if (ended(of) ? sum !== written(of) : sum > planned)
    return fail(
      "accounting",
      `job ${of.id} wrote ${ended(of) ? written(of) : `at most ${planned}`} records, but ${sum} have an outcome: ${reversed} reversed, ${kept} kept, ${errored} errored`,
    )
  if (!ended(of) && sum === 0) return fail("undo.nothing", `job ${of.id} has written nothing that could be taken back`)
  return Effect.void
}

interface Working {
  readonly definition: Import
  readonly of: Job.Job
  readonly sinkUndo: Undo
  readonly context: UndoContext
  /** Called when an attempt begins, before anything is told. */
  readonly begin: () => void
  readonly tell: (record: LeftRecord) => void
  readonly between: (done: number, total: number) => Effect.Effect<void, Halted>
}

// reads and checks all that is sealed, then takes it back, as often as the world asks for
const work = ({ begin, between, context, definition, of, sinkUndo, tell }: Working) =>
  Effect.gen(function* () {
    const vault = yield* Vault.make(of, definition.retry)
    const started = yield* Clock.currentTimeMillis
    const { sealed } = yield* Effect.withSpan(open(definition, of, vault), "waybill.integrity")
    const checked = yield* Clock.currentTimeMillis
    const parts = sealed.flatMap(({ plan }) =>
      plan.parts.map(({ counts }) => counts.create + counts.update + (counts.delete ?? 0)),
    )
    const planned = parts.reduce((sum, count) => sum + count, 0)
    const sums = yield* retrying(definition.retry)(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sinkUndo(context)
          begin()
          const run = new Undoing(vault, session, tell, (done) => between(done, planned))
          yield* run.all(sealed)
          const found: UndoPreview = { ...run.sums(), left: [] }
          yield* balance(of, planned, found)
          if (!context.preview) yield* session.complete
          return found
        }),
      ),
    ).pipe(Effect.withSpan("waybill.undo"))
    return { sums, timings: { integrity: checked - started, undo: (yield* Clock.currentTimeMillis) - checked } }
  }).pipe(phaseTimeout("commitTimeout", definition.limits.commitTimeout))

/** What an undo takes. */
export type UndoOptions = Pick<RunOptions, "startedBy" | "onProgress" | "onBusy">

/** Takes a job back. `asked` is passed between batches as well, and fails where more than this undo is to stop. */
export const undo = (
  definition: Import,
  jobId: string,
  options: UndoOptions = {},
  asked: Effect.Effect<void, Halted> = Effect.void,
) =>
  Effect.gen(function* () {
    const of = yield* jobs.getJob(definition, jobId)
    const { id, job: found } = yield* find(jobId)
    if (of.status === "undone")
      return yield* refuse(
        "WrongStatus",
        jobId,
        `job ${jobId} was taken back already${found === undefined ? "" : `, by job ${id}`}`,
      )
    if (found !== undefined && ended(found)) {
      // it came to its end, and the process to its own before it could say so
      yield* markUndone(jobId)
      return found
    }
    const sinkUndo = yield* check(definition, of)
    if (found === undefined) yield* create(of, id, options.startedBy ?? "unknown")
    return yield* Control.withTaken(
      {
        read: jobs.getJob(definition, id),
        begin: (job) =>
          job.status === "pending" || job.status === "running" || job.status === "failed"
            ? Effect.succeed({ status: "running", failure: null })
            : refuse("WrongStatus", id, `the undo ${id} is ${job.status}`),
        alone: true,
        onBusy: options.onBusy,
      },
      (control) =>
        Effect.gen(function* () {
          // looked at again now that retention can see this undo
          const { purged } = yield* jobs.getJob(null, of.id)
          const gone = yield* Effect.result(checkKept({ id: of.id, purged }))
          if (gone._tag === "Success") return yield* run(definition, of, sinkUndo, control, options, asked)
          const failure = { code: "purged", message: gone.failure.message, retryable: false }
          return yield* control.save({ ...Control.given, status: "failed", failure })
        }),
    )
  }).pipe(Effect.annotateLogs({ import: definition.name }))

const run = (
  definition: Import,
  of: Job.Job,
  sinkUndo: Undo,
  control: Control.Control,
  options: Pick<RunOptions, "onProgress">,
  asked: Effect.Effect<void, Halted>,
) =>
  Effect.gen(function* () {
    const { id, token } = control.job()
    yield* Effect.logInfo("undo begins", { job: id, of: of.id })
    const tally = new Tally(definition.limits.issues)
    for (const issue of yield* cameLater(of)) tally.issue(issue)
    const before = tally.mark()
    const progress = throttled(id, options.onProgress)
    const result = yield* Effect.result(
      work({
        definition,
        of,
        sinkUndo,
        context: contextOf(definition, of, id, token, false),
        begin: before.issues,
        tell: (record) => tally.issue(issueOf(record)),
        between: (done, total) => Effect.andThen(Effect.andThen(control.safePoint, asked), progress("undo", done, total)),
      }),
    )
    if (result._tag === "Failure") {
      // what was found is found again by the undo that goes on
      const { failure } = result
      const done = yield* failure instanceof Halted
        ? control.save({ ...Control.given, ...(failure.request === "cancel" ? { status: "cancelled" } : {}) })
        : control.save({ ...Control.given, status: "failed", failure: failureOf(failure) })
      yield* Effect.logInfo("undo stopped", { job: id, status: done.status, failure: done.failure?.code })
      return done
    }
    const { sums, timings } = result.success
    const { errored, kept, reversed } = sums
    const status = kept + errored > 0 ? "partial" : "success"
    const undo = { of: of.id, reversed, kept, errored }
    const done = yield* control.save({ ...Control.given, status, undo, timings, counts: tally.counts() }, tally.drainIssues())
    yield* markUndone(of.id)
    yield* Effect.logInfo("undo ended", { job: id, status, reversed, kept, errored })
    return done
  })

/** What an undo of a job would do, in a transaction that is taken back. */
export const preview = (definition: Import, jobId: string) =>
  Effect.gen(function* () {
    const of = yield* jobs.getJob(definition, jobId)
    if (of.status === "undone") return yield* refuse("WrongStatus", jobId, `job ${jobId} was taken back already`)
    const sinkUndo = yield* check(definition, of)
    const { id, job } = yield* find(jobId)
    const left: Array<LeftRecord> = []
    const { sums } = yield* work({
      definition,
      of,
      sinkUndo,
      context: contextOf(definition, of, id, (job?.token ?? 0) + 1, true),
      begin: () => {
        left.length = 0
      },
      tell: (record) => {
        if (left.length < definition.limits.issues) left.push(record)
      },
      between: () => Effect.void,
    }).pipe(
      // no source is read
      Effect.catchTag("SourceError", Effect.die),
      Effect.mapError((error) =>
        error instanceof Stopped || error instanceof Halted
          ? new EngineError({ reason: "WrongStatus", job: jobId, message: failureOf(error).message })
          : error,
      ),
    )
    return { ...sums, left }
  })
