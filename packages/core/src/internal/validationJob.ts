/**
 * The job of a validation: made, held while the source is read and the plan is made, and saved with what became of it.
 */
import { Cause, Clock, Duration, Effect, type Exit, Option } from "effect"
import { EngineError } from "../EngineError.ts"
import type { Import } from "../Import.ts"
import type * as Job from "../Job.ts"
import { JobStore } from "../JobStore.ts"
import { LimitReached } from "../Limits.ts"
import type { RunOptions } from "../Run.ts"
import { type Identity, isSame, type Source, sentence } from "../Source.ts"
import * as Summary from "../Summary.ts"
import * as bookmarks from "./bookmarks.ts"
import { type Control, given, hold, newLease, withTaken } from "./Control.ts"
import * as decided from "./decisions.ts"
import * as jobs from "./jobs.ts"
import * as missing from "./missing.ts"
import * as RawPages from "./RawPages.ts"
import { Tally } from "./Tally.ts"
import { phaseTimeout, type Validated, validate } from "./validate.ts"
import { defectOf, failureOf, retrying, type Stopped, type WorldError } from "./worldError.ts"

const unread = ({ kind, name = kind }: Pick<Source<never>, "kind" | "name">): Identity => ({
  name,
  sha256: null,
  bytes: null,
  details: {},
})

// the source as it is read, from a bookmark on or as a whole; who it is, or why that is not known; and how much of the time that a
// validation may take is left
const identify = <R>(definition: Import, source: Source<R>, pick: bookmarks.Pick) =>
  Effect.gen(function* () {
    const { validateTimeout } = definition.limits
    const started = yield* Clock.currentTimeMillis
    const ask = <A, E, R2>(effect: Effect.Effect<A, E, R2>) =>
      retrying(definition.retry)(effect).pipe(phaseTimeout("validateTimeout", validateTimeout), Effect.result)
    const opened = yield* ask(source.incremental ?? Effect.succeed(null))
    const how = yield* bookmarks.open(source, opened._tag === "Success" ? opened.success : null, pick)
    const result = opened._tag === "Failure" ? opened : yield* ask(how.reading.identify)
    const spent = (yield* Clock.currentTimeMillis) - started
    const left = validateTimeout === null ? null : Duration.millis(Math.max(0, Duration.toMillis(validateTimeout) - spent))
    return { ...how, result, left }
  })

/** Which partition a job imports, and its id, which is the partition's own. */
export type Child = Pick<Job.Job, "id" | "parent" | "partition">

/** Makes a job, and validates. */
export const start = <R>(definition: Import, source: Source<R>, options: RunOptions, child?: Child) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const now = yield* jobs.isoNow
    const { bookmark, left, reached, reading, result } = yield* identify(definition, source, (of) =>
      options.full === true ? Effect.succeed(bookmarks.none) : bookmarks.latest(definition, of),
    )
    const identity = result._tag === "Success" ? result.success : unread(source)
    const decisions = yield* decided.open(definition)
    const earlier = yield* jobs.findEarlier(definition, identity, options.mode ?? definition.mode, decisions.hash)
    if (earlier !== undefined && options.force !== true)
      return yield* Effect.fail(
        new EngineError({
          reason: "AlreadyImported",
          job: earlier.id,
          message: `${identity.name} was imported before with the same definition, by job ${earlier.id} (${earlier.status})`,
        }),
      )
    const foundEarlier = earlier?.id ?? null
    const job: Job.Job = {
      id: child?.id ?? (yield* jobs.newId),
      import: definition.name,
      revision: definition.revision,
      definition: definition.definition,
      status: "validating",
      mode: options.mode ?? definition.mode,
      startedBy: options.startedBy ?? "unknown",
      createdAt: now,
      updatedAt: now,
      source: { ...identity, kind: source.kind },
      target: definition.sink.target,
      cursor: null,
      attempt: 1,
      bookmark,
      snapshot: null,
      plan: null,
      transaction: null,
      counts: Summary.empty,
      timings: {},
      failure: null,
      earlier: foundEarlier,
      token: 0,
      lease: yield* newLease,
      request: null,
      undo: null,
      purged: null,
      parent: child?.parent ?? null,
      partition: child?.partition ?? null,
      partitions: null,
      version: 0,
    }
    return yield* hold(job, (control) =>
      Effect.gen(function* () {
        yield* store.create(job)
        yield* Effect.logInfo("validation begins", { job: job.id, import: job.import, source: identity.name })
        const raw = identity.sha256 === null ? yield* RawPages.make(job, definition.retry) : RawPages.none
        const refused = result._tag === "Failure" ? result.failure : unreadable(definition, identity, options)
        const how = { raw, left, reached, resumed: false, refused, decisions, earlier: foundEarlier }
        return yield* work(definition, reading, control, options, how)
      }),
    )
  })

/** Takes a job whose validation broke off, and does it again under the same id: what the source delivered before is not asked for again. */
export const resume = <R>(definition: Import, source: Source<R> | undefined, jobId: string, options: RunOptions) => {
  const wrongSource = (message: string) => Effect.fail(new EngineError({ reason: "WrongSource", job: jobId, message }))
  return withTaken(
    {
      read: jobs.getJob(definition, jobId),
      begin: (job) =>
        job.status === "validating"
          ? // whoever had it writes elsewhere, however late it does so
            Effect.succeed({ attempt: job.attempt + 1 })
          : Effect.fail(
              new EngineError({
                reason: "WrongStatus",
                job: jobId,
                message: `job ${jobId} is ${job.status}; only a validation that broke off can be resumed with a source`,
              }),
            ),
      alone: false,
      onBusy: options.onBusy,
    },
    (control) =>
      Effect.gen(function* () {
        const job = control.job()
        if (source === undefined)
          return yield* wrongSource(
            `the validation of job ${jobId} broke off; to resume it, its source ${job.source.name} is needed`,
          )
        const { bookmark, left, reached, reading, result } = yield* identify(definition, source, () =>
          Effect.succeed(job.bookmark ?? bookmarks.none),
        )
        const identity = result._tag === "Success" ? result.success : undefined
        const differs =
          identity !== undefined && (!isSame(identity, job.source) || bookmark?.of !== (job.bookmark ?? undefined)?.of)
        if (source.kind !== job.source.kind || differs)
          return yield* wrongSource(
            `job ${jobId} began to read ${job.source.name} (${job.source.kind}, ${sentence(job.source)}), but was given ${identity?.name ?? "another source"} (${source.kind}, ${sentence(identity ?? { sha256: null })}); validate that as a job of its own`,
          )
        yield* Effect.logInfo("validation goes on", { job: jobId, import: job.import, source: job.source.name })
        const hashed = job.source.sha256 !== null
        const raw = hashed ? RawPages.none : yield* RawPages.make(job, definition.retry)
        yield* RawPages.sweep(job, "earlier")
        const decisions = yield* decided.open(definition)
        // others may have imported the same meanwhile, and by other decisions it may be the same as another import
        const earlier = yield* jobs.findEarlier(definition, job.source, job.mode, decisions.hash)
        const refused = result._tag === "Failure" ? result.failure : unreadable(definition, result.success, options)
        const how = { raw, left, reached, resumed: true, refused, decisions, earlier: earlier?.id ?? null }
        return yield* work(definition, reading, control, options, how)
      }),
  )
}

// what forbids to read it
const unreadable = (definition: Import, identity: Identity, { mirrors }: RunOptions): LimitReached | Stopped | null =>
  tooLarge(definition, identity) ?? (mirrors === false ? null : missing.refusedDelta(definition, identity))

const tooLarge = (definition: Import, { bytes, name }: Identity): LimitReached | null => {
  const allowed = definition.limits.bytes
  return allowed === null || bytes === null || bytes <= allowed
    ? null
    : new LimitReached({
        limit: "bytes",
        allowed: String(allowed),
        message: `${name} has ${bytes} bytes, more than the ${allowed} that this import reads; nothing was read`,
      })
}

// validates, and saves what became of it; an interruption leaves the job to be resumed
const work = <R>(
  definition: Import,
  source: Source<R>,
  control: Control,
  options: RunOptions,
  how: {
    readonly raw: RawPages.RawPages
    readonly left: Duration.Duration | null
    readonly reached: bookmarks.Opened<R>["reached"]
    readonly resumed: boolean
    readonly refused: WorldError | null
    readonly decisions: decided.Decisions
    readonly earlier: string | null
  },
) =>
  Effect.gen(function* () {
    const tally = new Tally(definition.limits.issues)
    // named in reference order from the start: people read the counts in this order
    for (const entity of definition.entities) tally.entity(entity.name)
    const exit = yield* Effect.exit(
      how.refused !== null
        ? Effect.fail(how.refused)
        : Effect.map(
            validate(definition, source, control.job(), tally, options, { ...how, safePoint: control.safePoint }),
            (validated) => ({
              ...validated,
              bookmark: how.reached(validated.cursor),
              earlier: how.earlier,
              ...decidedBy(how.decisions),
            }),
          ),
    )
    const ended = yield* settle(definition, control, tally, exit)
    if (ended.status !== "validating") yield* RawPages.sweep(ended, "others")
    yield* Effect.logInfo(ended.status === "validating" ? "validation paused" : "validation ended", {
      job: ended.id,
      status: ended.status,
      failure: ended.failure?.code,
      ...jobs.brief(ended.counts),
    })
    if (exit._tag === "Failure" && Cause.hasDies(exit.cause)) return yield* Effect.die(Cause.squash(exit.cause))
    return ended
  })

// a job that went by none has no such member
const decidedBy = ({ hash }: decided.Decisions): Pick<Job.Job, "decisions"> => (hash === undefined ? {} : { decisions: hash })

type Ended = Exit.Exit<Validated & Pick<Job.Job, "bookmark" | "decisions" | "earlier">, WorldError>

const settle = (definition: Import, control: Control, tally: Tally, exit: Ended) => {
  if (exit._tag === "Success") return conclude(definition, control, tally, exit.value)
  const { cause } = exit
  if (Cause.hasDies(cause)) return stopped(control, tally, { status: "failed", failure: defectOf(cause) })
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error === undefined) return Effect.failCause(cause as Cause.Cause<never>)
  if (error._tag !== "Halted") return stopped(control, tally, { status: "failed", failure: failureOf(error) })
  return error.request === "cancel" ? stopped(control, tally, { status: "cancelled" }) : control.save(given)
}

// the counts of a validation that stopped: rows read have no outcome in the target, records neither
const stopped = (control: Control, tally: Tally, changes: Partial<Job.Job>) => {
  tally.stop(true)
  return control.save({ ...changes, counts: tally.counts(), ...given }, tally.drainIssues())
}

const conclude = (definition: Import, control: Control, tally: Tally, validated: Validated) => {
  const counts = tally.counts()
  const unbalanced = Summary.unbalanced(counts)
  const failure: Job.Failure | null =
    unbalanced.length > 0
      ? jobs.accounting(unbalanced)
      : (tally.errors > 0 || tally.rejected > 0) && !definition.allowPartial
        ? {
            code: "rows.rejected",
            message: `${counts.rejected} of ${counts.processed} rows have errors, and this import takes all rows or none`,
            retryable: false,
          }
        : null
  const status = failure === null ? "pending" : "failed"
  return control.save({ ...validated, counts, status, failure, ...given }, tally.drainIssues())
}
