/**
 * One attempt at a commit: batches applied through a session of the sink, counted, and read back.
 */
import { Effect, Fiber, type Scope, Stream } from "effect"
import type { Import } from "../Import.ts"
import * as Issue from "../Issue.ts"
import type { Failure } from "../Job.ts"
import { type AppliedBatch, type CommitSession, outcome, type PlannedRecords, type SinkError } from "../Sink.ts"
import type { PlanManifest } from "../Snapshot.ts"
import * as halving from "./halving.ts"
import { openPlanned, openRefs, type Reading, Refusing, refusedIn, type Sealed } from "./Refusing.ts"
import type { Tally } from "./Tally.ts"
import type { Vault } from "./Vault.ts"
import type { Halted, WorldError } from "./worldError.ts"

export type { Reading, Sealed } from "./Refusing.ts"

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
  return create + update > 0 || deletes(of, part)
}

/** Whether a commit of a batch deletes; it does nothing else then. */
export const deletes = (of: Sealed, part: number): boolean => (of.plan.parts[part]!.counts.delete ?? 0) > 0

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
  private readonly refusing: Refusing
  // the batch for which an atomic commit was refused
  private refused: {
    readonly of: Sealed
    readonly part: number
    readonly records: PlannedRecords
    readonly error: SinkError
  } | null = null

  constructor(
    private readonly all: Attempt,
    private readonly progress: (done: number) => Effect.Effect<void>,
  ) {
    this.definition = all.definition
    this.vault = all.vault
    this.session = all.session
    this.tally = all.tally
    this.atomic = all.plan.transaction === "atomic"
    this.refusing = new Refusing(all)
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
   * Applies the creates and updates of one entity, its batches in their order. Conflicts that stop the commit stop it at once where batches stay; else the
   * rest of the entity is looked at as well, to find them all, but no other entity, which may refer to what was not written.
   */
  entity(of: Sealed): Effect.Effect<void, WorldError> {
    return this.batches(
      of,
      [...of.plan.parts.keys()].filter((part) => !deletes(of, part)),
    )
  }

  /** Applies the deletions of one entity, in the same way. */
  deletions(of: Sealed): Effect.Effect<void, WorldError> {
    return this.batches(
      of,
      [...of.plan.parts.keys()].filter((part) => deletes(of, part)),
    )
  }

  private batches(of: Sealed, parts: ReadonlyArray<number>): Effect.Effect<void, WorldError> {
    const self = this
    return Effect.gen(function* () {
      const known = (part: number) => self.session.checkpoint.get(`${of.entity.name}/${part}`)
      const isDue = (part: number) => hasWork(of, part) && known(part) === undefined
      let ahead: Fiber.Fiber<PlannedRecords, Reading> | undefined
      for (const [nth, part] of parts.entries()) {
        if (self.isAborting && !self.atomic) return
        if (hasWork(of, part)) {
          let applied = known(part)
          if (applied !== undefined) yield* self.refusing.again(of, part, applied)
          else {
            yield* self.all.safePoint
            const records = yield* ahead === undefined ? self.prepare(of, part) : Fiber.join(ahead)
            const next = parts.slice(nth + 1).find(isDue)
            // read and made ready while the target works on this one
            ahead = next === undefined ? undefined : yield* Effect.forkChild(self.prepare(of, next))
            applied = yield* self.apply(of, part, records)
          }
          yield* self.count(of, part, applied)
        }
        self.done += of.records[part]!.lines
        yield* self.progress(self.done)
      }
    })
  }

  // what the target refuses of a batch is left out where the import allows it; else it is told, and stops the commit
  private apply(of: Sealed, part: number, records: PlannedRecords): Effect.Effect<AppliedBatch, WorldError> {
    const self = this
    return Effect.gen(function* () {
      let left = yield* self.refusing.withoutOrphans(of, records)
      for (;;) {
        const applied = yield* Effect.result(self.session.apply(left.batch, left.planned))
        if (applied._tag === "Success") return applied.success
        const error = applied.failure
        if (error.reason === "DataRefused" && self.atomic) self.refused = { of, part, records, error }
        if (error.reason !== "DataRefused" || self.atomic || self.session.probe === undefined)
          return yield* Effect.flatMap(self.nameRefused(error, of, part), Effect.fail)
        const found = yield* halving.find(left, error, self.session.probe)
        if (found.refused.size === 0) return yield* Effect.flatMap(self.nameRefused(error, of, part), Effect.fail)
        const issues = yield* self.refusing.tell(of, part, found.refused)
        if (!self.definition.allowPartial || !found.isWhole) return yield* Effect.fail(Refusing.stopped(error, issues))
        left = self.refusing.leave(of, left, issues)
      }
    })
  }

  /**
   * Of an atomic commit that was refused for a batch: tells which other records of the batch are refused, found with a session of their own. Not
   * where the batch may need what the same commit was to create before it.
   */
  tellRest(open: Effect.Effect<CommitSession, SinkError, Scope.Scope>): Effect.Effect<void> {
    const { refused } = this
    if (refused === null) return Effect.void
    const { error, of, part, records } = refused
    const creates = (it: Sealed): number =>
      it.plan.parts.reduce((sum, { counts }, at) => sum + (it === of && at === part ? 0 : counts.create), 0)
    const isAlone = of.entity.references.every(({ entity }) => creates(this.all.sealed.find((it) => it.entity === entity)!) === 0)
    if (!isAlone) return Effect.void
    return Effect.scoped(
      Effect.flatMap(open, ({ probe }) =>
        probe === undefined
          ? Effect.void
          : Effect.flatMap(halving.find(records, error, probe), (found) => {
              const rest = new Map([...found.refused].filter(([index]) => index !== error.refused?.index))
              return this.refusing.tell(of, part, rest)
            }),
      ),
    ).pipe(Effect.ignore)
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
    return Effect.map(this.refusing.tell(of, part, new Map([[index, error]])), (issues) => Refusing.stopped(error, issues))
  }

  private count(of: Sealed, part: number, applied: AppliedBatch): Effect.Effect<void, WorldError> {
    const counts = this.tally.entity(of.entity.name)
    // a batch with conflicts under `abort` was not written: no record of it was refused
    if (applied.conflicts.length === 0 || this.definition.onConflict === "skip")
      counts.failed += refusedIn(applied) - of.plan.parts[part]!.counts.refuse
    for (const code of applied.outcomes) {
      if (code === outcome.created) counts.created++
      else if (code === outcome.updated) counts.updated++
      else if (code === outcome.deleted) counts.deleted++
    }
    if (applied.conflicts.length === 0) return Effect.void
    counts.conflict += applied.conflicts.length
    this.conflicts += applied.conflicts.length
    return Effect.map(openRefs(this.vault, of, part), (refs) => {
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
      Stream.mapEffect((part) => openPlanned(this.vault, of, part)),
    )
    if (of.plan.parts.every((_, part) => !hasWork(of, part))) return Effect.void
    return this.session.verify(of.entity, records).pipe(
      Stream.runForEach((mismatch) =>
        Effect.sync(() => {
          this.mismatches++
          const message =
            mismatch.kind === "missing"
              ? "it was written, but is not in the target"
              : mismatch.kind === "present"
                ? "it was deleted, but is in the target"
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
    return Effect.tap(openPlanned(this.vault, of, part), ({ batch, planned }) =>
      Effect.sync(() => this.session.prepare?.(batch, planned)),
    )
  }
}
