/**
 * Validation, from the first page to the sealed plan.
 */
import { type Cause, Clock, Duration, Effect, Queue, Stream } from "effect"
import * as Decode from "../Decode.ts"
import * as Fingerprint from "../Fingerprint.ts"
import type { Import, Mode } from "../Import.ts"
import * as Issue from "../Issue.ts"
import type { Job } from "../Job.ts"
import { LimitReached } from "../Limits.ts"
import type { Progress, RunOptions } from "../Run.ts"
import { type Content, names, type PlanManifest, type SnapshotManifest } from "../Snapshot.ts"
import type { SnapshotStore } from "../SnapshotStore.ts"
import type { Cursor, Page, Source } from "../Source.ts"
import { Collector, type Full } from "./Collector.ts"
import { Aliases, type Decisions, usedDecisions } from "./decisions.ts"
import * as missing from "./missing.ts"
import { nearColumns, sentence } from "./nearColumns.ts"
import { Pending, writeCandidates } from "./Pending.ts"
import * as PlanSessions from "./PlanSessions.ts"
import * as pages from "./pages.ts"
import * as planning from "./planning.ts"
import type { RawPages } from "./RawPages.ts"
import { Reader } from "./Reader.ts"
import * as references from "./references.ts"
import { Sealing } from "./sealing.ts"
import type { Tally } from "./Tally.ts"
import * as Vault from "./Vault.ts"
import { type Halted, Stopped, type WorldError } from "./worldError.ts"

/** What a validation that went through gives its job. */
export interface Validated {
  readonly snapshot: NonNullable<Job["snapshot"]>
  readonly plan: Fingerprint.Sha256
  readonly transaction: PlanManifest["transaction"]
  readonly cursor: Job["cursor"]
  readonly timings: { readonly [phase: string]: number }
}

/** How a validation goes, besides what its import says. */
export interface Course {
  /** Keeps the pages of a source that may say something else when it is asked again. */
  readonly raw: RawPages
  /** Whether pages that were kept are taken before the source is asked. */
  readonly resumed: boolean
  /** How much is left of the time that a validation may take. */
  readonly left: Duration.Duration | null
  readonly safePoint: Effect.Effect<void, Halted>
  /** What was decided about candidates of earlier jobs. */
  readonly decisions: Decisions
}

/** Reads, seals and plans. The tally holds the counts and the issues, whether it goes through or not. */
export const validate = <R>(
  definition: Import,
  source: Source<R>,
  job: Job,
  tally: Tally,
  options: Pick<RunOptions, "mirrors" | "onProgress">,
  course: Course,
): Effect.Effect<Validated, WorldError, R | SnapshotStore> =>
  Effect.gen(function* () {
    const vault = yield* Vault.make(job, definition.retry)
    const session = yield* PlanSessions.open(definition, job.id)
    const collector = new Collector(definition.entities, definition.limits.batch, session.face === "records")
    const pending = new Pending(collector)
    const aliases = Aliases.make(definition, course.decisions)
    const reader = new Reader(definition, job.mode, collector, pending, tally, aliases)
    const sealing = new Sealing(vault, definition.entities)
    const progress = throttled(job.id, options.onProgress)
    const started = yield* Clock.currentTimeMillis
    const cursor = yield* Effect.withSpan(
      read(definition, source, reader, sealing, session, tally, progress, course),
      "waybill.read",
    )
    const isMirrored = definition.mirrors.length > 0 && options.mirrors !== false
    const referred = isMirrored ? missing.deleted(definition) : new Map()
    const resolved = yield* references.resolve(
      session,
      collector,
      pending,
      job.mode === "smart",
      tally,
      definition.sink.unholdable,
      referred,
      course.decisions,
    )
    yield* aliases?.warn(session, (entity, key) => collector.states.get(entity)!.index.find(key) >= 0, tally) ?? Effect.void
    const candidates = [...resolved.candidates, ...(aliases?.candidates() ?? [])]
    for (const full of [...resolved.full, ...collector.rest()]) yield* sealAndStage(sealing, session, full)
    const mirrored = isMirrored ? yield* missing.mirror(definition, session, collector, tally, referred) : missing.nothing
    for (const full of [...mirrored.marks, ...collector.rest()]) yield* sealAndStage(sealing, session, full)
    for (const { full } of mirrored.deletions) yield* sealing.batch(full)
    yield* sealing.finish()
    if (candidates.length > 0)
      sealing.logs.push(yield* vault.seal(names.candidates, writeCandidates(candidates), candidates.length))
    const read_ = yield* Clock.currentTimeMillis
    yield* Effect.logDebug("source read", { job: job.id, rows: tally.processed, rejected: tally.rejected })
    yield* progress("plan", 0, null, true)
    const planned = yield* session
      .use((open) =>
        planning.plan(
          definition,
          open,
          vault,
          sealing.entities,
          collector,
          resolved.missing,
          mirrored.deletions,
          resolved.unwanted,
        ),
      )
      .pipe(Effect.withSpan("waybill.plan"))
    yield* course.safePoint
    for (const issue of planned.issues) tally.issue(issue)
    for (const code of planned.rejected.values()) tally.rejectAfterAll(code)
    if (isMirrored) yield* missing.refuseRejected(definition, tally)
    for (const entity of planned.entities) {
      const counts = tally.entity(entity.name)
      for (const part of entity.parts) {
        counts.created += part.counts.create
        counts.updated += part.counts.update
        counts.unchanged += part.counts.unchanged
        counts.deleted += part.counts.delete ?? 0
        counts.failed += part.counts.refuse
        tally.keptValues(entity.name, part.kept)
      }
    }
    const content = contentOf(definition, job.mode, sealing, tally)
    const hash = Fingerprint.of(content)
    const decisions = usedDecisions(candidates)
    const snapshot: SnapshotManifest = {
      content,
      ...(decisions.length === 0 ? {} : { decisions }),
      source: { ...job.source },
      logs: [...sealing.logs, ...sealing.entities.flatMap((of) => of.refs)],
    }
    const manifest = yield* vault.sealManifest(names.snapshot, snapshot)
    const plan: PlanManifest = {
      format: 1,
      snapshot: hash,
      manifest,
      target: definition.sink.target,
      transaction: session.transaction(),
      entities: planned.entities,
    }
    const planHash = yield* vault.sealManifest(names.plan, plan)
    yield* vault.tidy
    const end = yield* Clock.currentTimeMillis
    return {
      snapshot: { hash, manifest },
      plan: planHash,
      transaction: plan.transaction,
      cursor,
      timings: { read: read_ - started, plan: end - read_, validate: end - started },
    }
  }).pipe(
    Effect.scoped,
    phaseTimeout("validateTimeout", definition.limits.validateTimeout, course.left),
    Effect.withSpan("waybill.validate"),
  )

/** Ends a phase that takes longer than its limit, or than what is left of it. */
export const phaseTimeout =
  (limit: "validateTimeout" | "commitTimeout", allowed: Duration.Duration | null, left = allowed) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | LimitReached, R> =>
    allowed === null || left === null
      ? effect
      : Effect.timeoutOrElse(effect, {
          duration: left,
          orElse: () => {
            const shown = Duration.format(allowed)
            return Effect.fail(
              new LimitReached({
                limit,
                allowed: shown,
                message: `it took longer than ${shown}, the limit ${limit} of this import`,
              }),
            )
          },
        })

/** Calls `onProgress` at most four times a second, and always when `now` is set. */
export const throttled = (job: string, onProgress: RunOptions["onProgress"]) => {
  let last = 0
  return (phase: Progress["phase"], done: number, total: number | null, now = false): Effect.Effect<void> => {
    if (onProgress === undefined) return Effect.void
    return Effect.flatMap(Clock.currentTimeMillis, (time) => {
      if (!now && time - last < 250) return Effect.void
      last = time
      return onProgress({ job, phase, done, total })
    })
  }
}

type ProgressOf = ReturnType<typeof throttled>

const contentOf = (definition: Import, mode: Mode, sealing: Sealing, tally: Tally): Content => ({
  format: 1,
  import: definition.name,
  revision: definition.revision,
  definition: definition.definition,
  mode,
  entities: sealing.entities.map(({ entity, records }) => ({
    name: entity.name,
    fields: entity.fields.map(({ kind, name }) => ({ name, kind })),
    key: entity.key,
    records: records.reduce((sum, part) => sum + part.lines, 0),
    parts: records,
  })),
  candidates: Object.fromEntries(sealing.entities.map(({ entity }) => [entity.name, tally.entity(entity.name).candidates])),
})

const sealAndStage = (sealing: Sealing, session: PlanSessions.PlanSessions, full: Full): Effect.Effect<void, WorldError> =>
  Effect.all([sealing.batch(full), session.stage(full)], { concurrency: 2, discard: true })

// the pages of the source, decoded here while full batches are sealed and staged beside
const read = <R>(
  definition: Import,
  source: Source<R>,
  reader: Reader,
  sealing: Sealing,
  session: PlanSessions.PlanSessions,
  tally: Tally,
  progress: ProgressOf,
  { raw, resumed, safePoint }: Course,
): Effect.Effect<Cursor | null, WorldError, R> =>
  Effect.gen(function* () {
    let cursor: Cursor | null = null
    const queue = yield* Queue.bounded<Full, Cause.Done>(4)
    const take = (page: Page): Effect.Effect<void, WorldError> =>
      Effect.gen(function* () {
        yield* safePoint
        yield* checkPage(definition, reader, tally, page)
        const result = reader.page(page)
        page.release?.()
        cursor = page.cursor
        for (const notice of page.notices ?? []) tally.issue(Issue.make({ severity: "warning", ref: page.place, ...notice }))
        for (const full of result.full) yield* Queue.offer(queue, full)
        yield* sealing.log(result)
        yield* checkLimits(definition, tally)
        yield* progress("read", tally.processed, null)
        // lets the other fiber send what it has before the next page keeps the thread
        yield* Effect.yieldNow
      })
    const producer = Effect.gen(function* () {
      const from = resumed ? yield* raw.replay(take) : null
      yield* pages.readAll(definition, source, (page) => Effect.andThen(raw.keep(page), take(page)), from)
      yield* Queue.end(queue)
    })
    const consumer = Stream.fromQueue(queue).pipe(Stream.runForEach((full) => sealAndStage(sealing, session, full)))
    yield* Effect.all([producer, consumer], { concurrency: 2, discard: true })
    return cursor
  })

const checkPage = (definition: Import, reader: Reader, tally: Tally, page: Page): Effect.Effect<void, LimitReached | Stopped> => {
  const missing = tally.pages === 0 ? reader.missingColumns(page) : []
  const near = tally.pages === 0 && page.columns !== null ? nearColumns(Decode.columnsOf(definition.row), page.columns) : []
  if (missing.length > 0) {
    const guesses = near.filter((it) => missing.includes(it.missing)).map((it) => ` ${sentence(it)}`)
    const message = `${page.place} has no column ${missing.join(", ")}; found ${page.columns?.join(", ")}.${guesses.join("")}`
    tally.issue(Issue.make({ code: "column.missing", ref: page.place, column: missing[0]!, message }))
    return Effect.fail(new Stopped({ code: "column.missing", message, retryable: false }))
  }
  // a column that may be left out is read as empty, which may not be what was meant
  for (const it of near)
    tally.issue(
      Issue.make({
        severity: "warning",
        code: "column.near",
        ref: page.place,
        column: it.missing,
        message: `there is no column ${it.missing}, so it counts as empty. ${sentence(it)}`,
        value: it.found,
      }),
    )
  const { rows } = definition.limits
  return rows !== null && tally.processed + page.rows.length > rows
    ? Effect.fail(
        new LimitReached({
          limit: "rows",
          allowed: String(rows),
          message: `the source has more than ${rows} rows, the limit of this import; nothing was written`,
        }),
      )
    : Effect.void
}

const checkLimits = (definition: Import, tally: Tally): Effect.Effect<void, LimitReached> => {
  const { maxRejected } = definition.limits
  return maxRejected !== null && tally.rejected > maxRejected
    ? Effect.fail(
        new LimitReached({
          limit: "maxRejected",
          allowed: String(maxRejected),
          message: `more than ${maxRejected} rows were rejected, the limit of this import; nothing was written`,
        }),
      )
    : Effect.void
}
