/**
 * Commit: the sealed plan, checked to the last byte, applied batch by batch, verified in the target.
 */
import { Clock, Effect, Stream } from "effect"
import type * as Batch from "../Batch.ts"
import type { RunOptions } from "../Engine.ts"
import type { Import } from "../Import.ts"
import * as Issue from "../Issue.ts"
import type { Failure, Job } from "../Job.ts"
import * as Plan from "../Plan.ts"
import { type AppliedBatch, type CommitSession, outcome, SinkError } from "../Sink.ts"
import { type EntityPlan, names, type PlanManifest, type SnapshotManifest } from "../Snapshot.ts"
import type { SnapshotStore, SnapshotStoreError } from "../SnapshotStore.ts"
import { openBatch, type SealedEntity } from "./planning.ts"
import * as RefLog from "./RefLog.ts"
import type { Tally } from "./Tally.ts"
import * as Vault from "./Vault.ts"
import { phaseTimeout, throttled } from "./validate.ts"
import { retrying, Stopped, type WorldError } from "./worldError.ts"

/** What a commit that came to its end gives its job. */
export interface Committed {
  /** A conflict, a mismatch: the reason why the job is failed all the same. */
  readonly failure: Failure | null
  readonly timings: { readonly [phase: string]: number }
}

// one entity of the plan with all it takes to apply it
interface Sealed extends SealedEntity {
  readonly plan: EntityPlan
}

type Reading = SnapshotStoreError | Vault.IntegrityError

/** Does what the plan says. The tally comes with the rows counted and without outcomes; it leaves with them. */
export const commit = (
  definition: Import,
  job: Job,
  tally: Tally,
  options: Pick<RunOptions, "onProgress">,
): Effect.Effect<Committed, WorldError, SnapshotStore> =>
  Effect.gen(function* () {
    const vault = yield* Vault.make(job.id)
    const started = yield* Clock.currentTimeMillis
    const { plan, sealed } = yield* Effect.withSpan(open(definition, job, vault), "waybill.integrity")
    const checked = yield* Clock.currentTimeMillis
    const total = sealed.reduce((sum, of) => sum + of.records.reduce((inner, part) => inner + part.lines, 0), 0)
    const progress = throttled(job.id, options.onProgress)
    const counting = tally.counts()
    const applied = yield* retrying(definition.retry)(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* definition.sink.commit({
            job: job.id,
            token: job.token,
            planHash: job.plan!,
            transaction: plan.transaction,
            onConflict: definition.onConflict,
            entities: definition.entities,
          })
          const run = new Committing(definition, plan, vault, session, tally, (done) => progress("commit", done, total))
          run.restart(counting)
          for (const of of sealed) yield* run.entity(of)
          if (run.conflicts > 0 && definition.onConflict === "abort")
            return { failure: run.aborted(), applied: checked, verified: checked }
          yield* session.complete
          const applied = yield* Clock.currentTimeMillis
          yield* progress("verify", 0, total, true)
          for (const of of sealed) yield* Effect.withSpan(run.verify(of), "waybill.verify")
          return { failure: run.mismatched(), applied, verified: yield* Clock.currentTimeMillis }
        }),
      ),
    ).pipe(
      Effect.tapError(() => Effect.sync(() => tally.stop(plan.transaction === "atomic"))),
      Effect.withSpan("waybill.apply"),
    )
    return {
      failure: applied.failure,
      timings: {
        integrity: checked - started,
        apply: applied.applied - checked,
        verify: applied.verified - applied.applied,
        commit: (yield* Clock.currentTimeMillis) - started,
      },
    }
  }).pipe(phaseTimeout("commitTimeout", definition.limits.commitTimeout), Effect.withSpan("waybill.commit"))

// reads both manifests and every part once, before the first write: a changed byte anywhere ends the commit here
const open = (
  definition: Import,
  job: Job,
  vault: Vault.Vault,
): Effect.Effect<{ readonly plan: PlanManifest; readonly sealed: ReadonlyArray<Sealed> }, Reading | Stopped> =>
  Effect.gen(function* () {
    const { manifest } = job.snapshot!
    const snapshot = yield* vault.openManifest<SnapshotManifest>(names.snapshot, manifest)
    const plan = yield* vault.openManifest<PlanManifest>(names.plan, job.plan!)
    if (plan.manifest !== manifest || plan.snapshot !== job.snapshot!.hash)
      return yield* Effect.fail(
        new Vault.IntegrityError({ part: names.plan, message: `the plan of job ${job.id} belongs to another snapshot` }),
      )
    if (plan.target !== definition.sink.target)
      return yield* Effect.fail(
        new Stopped({
          code: "target",
          message: `the plan was made against ${plan.target}, but the import now writes to ${definition.sink.target}; validate again`,
          retryable: false,
        }),
      )
    const refs = new Map(snapshot.logs.map((part) => [part.name, part]))
    const sealed = definition.entities.map((entity): Sealed => {
      const { parts } = snapshot.content.entities.find((it) => it.name === entity.name)!
      return {
        entity,
        records: [...parts],
        refs: parts.map((_, part) => refs.get(names.refs(entity.name, part))!),
        plan: plan.entities.find((it) => it.name === entity.name)!,
      }
    })
    const parts = [...snapshot.logs, ...sealed.flatMap((of) => [...of.records, ...of.plan.parts])]
    yield* Effect.forEach(parts, (part) => vault.open(part), { concurrency: 4, discard: true })
    return { plan, sealed }
  })

class Committing {
  conflicts = 0
  private mismatches = 0
  private firstMismatch = ""
  private done = 0

  constructor(
    private readonly definition: Import,
    private readonly plan: PlanManifest,
    private readonly vault: Vault.Vault,
    private readonly session: CommitSession,
    private readonly tally: Tally,
    private readonly progress: (done: number) => Effect.Effect<void>,
  ) {}

  /** Sets the outcomes back to none: an attempt before this one may have counted some. */
  restart(counts: ReturnType<Tally["counts"]>): void {
    this.tally.unprocessed = 0
    for (const name of Object.keys(counts.entities))
      Object.assign(this.tally.entity(name), { created: 0, updated: 0, unchanged: 0, conflict: 0, failed: 0 })
  }

  /** Applies the batches of one entity in their order. */
  entity(of: Sealed): Effect.Effect<void, WorldError> {
    const self = this
    const counts = this.tally.entity(of.entity.name)
    return Effect.gen(function* () {
      for (const [part, sealed] of of.plan.parts.entries()) {
        const { create, refuse, unchanged, update } = sealed.counts
        counts.unchanged += unchanged
        counts.failed += refuse
        if (create + update > 0) {
          const known = self.session.checkpoint.get(`${of.entity.name}/${part}`)
          const applied = known ?? (yield* self.apply(of, part))
          yield* self.count(of, part, applied)
        }
        self.done += of.records[part]!.lines
        yield* self.progress(self.done)
      }
    })
  }

  private apply(of: Sealed, part: number): Effect.Effect<AppliedBatch, WorldError> {
    const self = this
    return Effect.gen(function* () {
      const { batch, planned } = yield* self.read(of, part)
      return yield* Effect.catchTag(self.session.apply(batch, planned), "SinkError", (error) =>
        Effect.flatMap(self.nameRefused(of, error), Effect.fail),
      )
    })
  }

  // says which row the server refuses, and keeps that as an issue
  private nameRefused(of: Sealed, error: SinkError): Effect.Effect<SinkError, Reading> {
    const { refused } = error
    if (error.reason !== "DataRefused" || refused === undefined || refused.index === null) return Effect.succeed(error)
    const { index } = refused
    return Effect.map(this.refs(of, refused.part ?? 0), (refs) => {
      const ref = refs.at(index)
      this.tally.issue(
        Issue.make({
          code: `sink.${error.code ?? "refused"}`,
          entity: of.entity.name,
          ref,
          column: refused.constraint,
          message: error.message,
        }),
      )
      return new SinkError({ ...error, message: `${ref}: ${error.message}` })
    })
  }

  private count(of: Sealed, part: number, applied: AppliedBatch): Effect.Effect<void, Reading> {
    const counts = this.tally.entity(of.entity.name)
    for (const code of applied.outcomes) {
      if (code === outcome.created) counts.created++
      else if (code === outcome.updated) counts.updated++
    }
    if (applied.conflicts.length === 0) return Effect.void
    counts.conflict += applied.conflicts.length
    this.conflicts += applied.conflicts.length
    return Effect.map(this.refs(of, part), (refs) => {
      for (const { index, message } of applied.conflicts)
        this.tally.issue(
          Issue.make({
            severity: this.definition.onConflict === "skip" ? "warning" : "error",
            code: "conflict",
            entity: of.entity.name,
            ref: refs.at(index),
            message,
          }),
        )
    })
  }

  /** The failure of a commit that met conflicts under `abort`. */
  aborted(): Failure {
    const atomic = this.plan.transaction === "atomic"
    this.tally.stop(atomic)
    return {
      code: "conflict",
      message: `${this.conflicts} records in the target are no longer what the plan saw; ${
        atomic ? "nothing was written" : "their batches were not written"
      }. Validate again, or choose to leave conflicts out.`,
      retryable: false,
    }
  }

  /** Reads back what was applied, and compares. */
  verify(of: Sealed): Effect.Effect<void, WorldError> {
    const records = Stream.fromIterable(of.plan.parts.keys(), { chunkSize: 1 }).pipe(
      Stream.filter((part) => of.plan.parts[part]!.counts.create + of.plan.parts[part]!.counts.update > 0),
      Stream.mapEffect((part) => this.read(of, part)),
    )
    if (of.plan.parts.every(({ counts }) => counts.create + counts.update === 0)) return Effect.void
    return this.session.verify(of.entity, records).pipe(
      Stream.runForEach((mismatch) =>
        Effect.sync(() => {
          this.mismatches++
          const message =
            mismatch.kind === "missing"
              ? "it was written, but is not in the target"
              : `it was written, but the target has something else${mismatch.fields.length > 0 ? ` in ${mismatch.fields.join(", ")}` : ""}`
          if (this.firstMismatch === "") this.firstMismatch = `${of.entity.name} ${mismatch.key}: ${message}`
          this.tally.issue(
            Issue.make({
              code: `verify.${mismatch.kind}`,
              entity: of.entity.name,
              column: mismatch.fields.join(", ") || null,
              value: mismatch.key,
              message,
            }),
          )
        }),
      ),
    )
  }

  /** The failure of a commit whose records are not in the target as planned, or null. */
  mismatched(): Failure | null {
    return this.mismatches === 0
      ? null
      : {
          code: "verify",
          message: `${this.mismatches} records are not in the target as they were written; the first: ${this.firstMismatch}`,
          retryable: false,
        }
  }

  private read(of: Sealed, part: number): Effect.Effect<{ batch: Batch.Batch; planned: Plan.PlannedBatch }, Reading> {
    return Effect.zipWith(openBatch(this.vault, of, part), this.vault.open(of.plan.parts[part]!), (batch, bytes) => ({
      batch,
      planned: Plan.read(part, batch.count, Buffer.from(bytes).toString("utf8")),
    }))
  }

  private refs(of: Sealed, part: number): Effect.Effect<RefLog.RefLog, Reading> {
    return Effect.map(this.vault.open(of.refs[part]!), (bytes) => RefLog.read(Buffer.from(bytes).toString("utf8")))
  }
}
