/**
 * One attempt at a commit: batches applied through a session of the sink, counted, and read back.
 */
import { Effect, Fiber, Stream } from "effect"
import type { Import } from "../Import.ts"
import type { IntegrityError } from "../IntegrityError.ts"
import * as Issue from "../Issue.ts"
import type { Failure } from "../Job.ts"
import * as Plan from "../Plan.ts"
import { type AppliedBatch, type CommitSession, outcome, type PlannedRecords, SinkError } from "../Sink.ts"
import type { EntityPlan, PlanManifest } from "../Snapshot.ts"
import type { SnapshotStoreError } from "../SnapshotStore.ts"
import { openBatch, type SealedEntity } from "./planning.ts"
import * as RefLog from "./RefLog.ts"
import type { Tally } from "./Tally.ts"
import type { Vault } from "./Vault.ts"
import type { Halted, WorldError } from "./worldError.ts"

/** One entity of the plan with all it takes to apply it. */
export interface Sealed extends SealedEntity {
  readonly plan: EntityPlan
}

/** Why sealed parts could not be read. */
export type Reading = SnapshotStoreError | IntegrityError

/** What an attempt works with. */
export interface Attempt {
  readonly definition: Import
  readonly plan: PlanManifest
  /** In reference order. */
  readonly sealed: ReadonlyArray<Sealed>
  readonly vault: Vault
  readonly session: CommitSession
  /** Without outcomes. */
  readonly tally: Tally
  /** Passed before each batch that is sent to the target. */
  readonly safePoint: Effect.Effect<void, Halted>
}

/** Whether a commit of a batch has anything to do. */
export const hasWork = (of: Sealed, part: number): boolean => {
  const { create, update } = of.plan.parts[part]!.counts
  return create + update > 0
}

/** See the file's first sentence. */
export class Committing {
  private conflicts = 0
  private mismatches = 0
  private firstMismatch = ""
  private done = 0
  private readonly definition: Import
  private readonly vault: Vault
  private readonly session: CommitSession
  private readonly tally: Tally
  private readonly atomic: boolean

  constructor(
    private readonly all: Attempt,
    private readonly progress: (done: number) => Effect.Effect<void>,
  ) {
    this.definition = all.definition
    this.vault = all.vault
    this.session = all.session
    this.tally = all.tally
    this.atomic = all.plan.transaction === "atomic"
    // what the plan settled needs no batch to be applied
    for (const { entity, plan } of all.sealed)
      for (const { counts } of plan.parts) {
        this.tally.entity(entity.name).unchanged += counts.unchanged
        this.tally.entity(entity.name).failed += counts.refuse
      }
  }

  /** Whether there were conflicts, and they stop the commit. */
  get isAborting(): boolean {
    return this.conflicts > 0 && this.definition.onConflict === "abort"
  }

  /**
   * Applies the batches of one entity in their order. Conflicts that stop the commit stop it at once where batches stay; else the
   * rest of the entity is looked at as well, to find them all, but no other entity, which may refer to what was not written.
   */
  entity(of: Sealed): Effect.Effect<void, WorldError> {
    const self = this
    return Effect.gen(function* () {
      const known = (part: number) => self.session.checkpoint.get(`${of.entity.name}/${part}`)
      const isDue = (part: number) => hasWork(of, part) && known(part) === undefined
      let ahead: Fiber.Fiber<PlannedRecords, Reading> | undefined
      for (const part of of.plan.parts.keys()) {
        if (self.isAborting && !self.atomic) return
        if (hasWork(of, part)) {
          let applied = known(part)
          if (applied === undefined) {
            yield* self.all.safePoint
            const records = yield* ahead === undefined ? self.prepare(of, part) : Fiber.join(ahead)
            const next = of.plan.parts.findIndex((_, at) => at > part && isDue(at))
            // read and made ready while the target works on this one
            ahead = next < 0 ? undefined : yield* Effect.forkChild(self.prepare(of, next))
            applied = yield* self.apply(of, part, records)
          }
          yield* self.count(of, part, applied)
        }
        self.done += of.records[part]!.lines
        yield* self.progress(self.done)
      }
    })
  }

  private apply(of: Sealed, part: number, { batch, planned }: PlannedRecords): Effect.Effect<AppliedBatch, WorldError> {
    return Effect.catchTag(this.session.apply(batch, planned), "SinkError", (error) =>
      Effect.flatMap(this.nameRefused(error, of, part), Effect.fail),
    )
  }

  /** Makes it durable. */
  get complete(): Effect.Effect<void, WorldError> {
    return Effect.catchTag(this.session.complete, "SinkError", (error) => Effect.flatMap(this.nameRefused(error), Effect.fail))
  }

  // says which row the server refuses, and keeps that as an issue; a sink may tell it later than with the batch it is in
  private nameRefused(error: SinkError, sent?: Sealed, sentPart?: number): Effect.Effect<SinkError, Reading> {
    const { refused } = error
    if (error.reason !== "DataRefused" || refused === undefined || refused.index === null) return Effect.succeed(error)
    const { index } = refused
    const of = this.all.sealed.find(({ entity }) => entity.name === refused.entity)
    const part = refused.part ?? (of === sent ? sentPart : undefined)
    if (of === undefined || part === undefined) return Effect.succeed(error)
    return Effect.map(this.refs(of, part), (refs) => {
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
    this.tally.stop(this.atomic)
    return {
      code: "conflict",
      message: `${this.conflicts} records in the target are no longer what the plan saw; ${
        this.atomic ? "nothing was written" : "their batches were not written"
      }. Validate again, or choose to leave conflicts out.`,
      retryable: false,
    }
  }

  /** Reads back what was applied, and compares. */
  verify(of: Sealed): Effect.Effect<void, WorldError> {
    const records = Stream.fromIterable(of.plan.parts.keys(), { chunkSize: 1 }).pipe(
      Stream.filter((part) => hasWork(of, part)),
      Stream.mapEffect((part) => this.read(of, part)),
    )
    if (of.plan.parts.every((_, part) => !hasWork(of, part))) return Effect.void
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

  private prepare(of: Sealed, part: number): Effect.Effect<PlannedRecords, Reading> {
    return Effect.tap(this.read(of, part), ({ batch, planned }) => Effect.sync(() => this.session.prepare?.(batch, planned)))
  }

  private read(of: Sealed, part: number): Effect.Effect<PlannedRecords, Reading> {
    return Effect.zipWith(openBatch(this.vault, of, part), this.vault.open(of.plan.parts[part]!), (batch, bytes) => {
      return { batch, planned: Plan.read(part, batch.count, Buffer.from(bytes).toString("utf8")) }
    })
  }

  private refs(of: Sealed, part: number): Effect.Effect<RefLog.RefLog, Reading> {
    return Effect.map(this.vault.open(of.refs[part]!), (bytes) => RefLog.read(Buffer.from(bytes).toString("utf8")))
  }
}
