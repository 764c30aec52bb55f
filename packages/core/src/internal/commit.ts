/**
 * Commit: the sealed plan, checked to the last byte, applied batch by batch, verified in the target.
 */
import { Cause, Clock, Effect, Option } from "effect"
import type { Import } from "../Import.ts"
import { IntegrityError } from "../IntegrityError.ts"
import type { Failure, Job } from "../Job.ts"
import type { RunOptions } from "../Run.ts"
import { names, type PlanManifest, type SnapshotManifest } from "../Snapshot.ts"
import type { SnapshotStore } from "../SnapshotStore.ts"
import { Committing, type Reading, type Sealed } from "./Committing.ts"
import type { Tally } from "./Tally.ts"
import * as Vault from "./Vault.ts"
import { phaseTimeout, throttled } from "./validate.ts"
import { failureOf, type Halted, retrying, Stopped, type WorldError } from "./worldError.ts"

/** What a commit that came to its end gives its job. */
export interface Committed {
  /** A conflict, a mismatch: the reason why the job is failed all the same. */
  readonly failure: Failure | null
  readonly timings: { readonly [phase: string]: number }
}

/** Does what the plan says. The tally comes with the rows counted and without outcomes; it leaves with them. */
export const commit = (
  definition: Import,
  job: Job,
  tally: Tally,
  options: Pick<RunOptions, "onProgress">,
  /** `opened` becomes true when a session of the sink is there. */
  attempt: { opened: boolean },
  safePoint: Effect.Effect<void, Halted>,
): Effect.Effect<Committed, WorldError, SnapshotStore> => {
  const before = tally.mark()
  // whether what was applied stays: an atomic commit is all or nothing up to here
  let durable = job.transaction !== "atomic"
  return Effect.gen(function* () {
    const vault = yield* Vault.make(job, definition.retry)
    const started = yield* Clock.currentTimeMillis
    const { plan, sealed } = yield* Effect.withSpan(open(definition, job, vault), "waybill.integrity")
    const checked = yield* Clock.currentTimeMillis
    const total = sealed.reduce((sum, of) => sum + of.records.reduce((inner, part) => inner + part.lines, 0), 0)
    const progress = throttled(job.id, options.onProgress)
    const session = (transaction: PlanManifest["transaction"]) =>
      definition.sink.commit({
        job: job.id,
        token: job.token,
        planHash: job.plan!,
        transaction,
        onConflict: definition.onConflict,
        entities: definition.entities,
      })
    let last: Committing | undefined
    const applied = yield* retrying(definition.retry)(
      Effect.scoped(
        Effect.gen(function* () {
          const open = yield* session(plan.transaction)
          attempt.opened = true
          before.outcomes()
          before.issues()
          const run = new Committing({ definition, plan, sealed, vault, session: open, tally, safePoint }, (done) =>
            progress("commit", done, total),
          )
          last = run
          for (const of of sealed) {
            if (run.isAborting) break
            yield* run.entity(of)
          }
          // when nothing of the job refers to them any more, and those first that refer to others
          for (const of of sealed.toReversed()) {
            if (run.isAborting) break
            yield* run.deletions(of)
          }
          if (run.isAborting) return { failure: run.aborted(), applied: checked, verified: checked }
          // what an earlier session has made durable can no longer be given up
          if (plan.transaction === "atomic" && open.checkpoint.size === 0) yield* safePoint
          yield* run.complete
          durable = true
          const applied = yield* Clock.currentTimeMillis
          yield* progress("verify", 0, total, true)
          for (const of of sealed) yield* Effect.withSpan(run.verify(of), "waybill.verify")
          return { failure: run.mismatched(), applied, verified: yield* Clock.currentTimeMillis }
        }),
      ),
    ).pipe(
      Effect.tapError(() => last?.tellRest(session("batched")) ?? Effect.void),
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
  }).pipe(
    phaseTimeout("commitTimeout", definition.limits.commitTimeout),
    Effect.tapCause((cause) =>
      Effect.sync(() => {
        tally.stop(!durable)
        // the commit that is tried again will find its issues again
        const error = Option.getOrUndefined(Cause.findErrorOption(cause))
        if (error === undefined || failureOf(error).retryable) before.issues()
      }),
    ),
    Effect.withSpan("waybill.commit"),
  )
}

/** Reads both manifests and every part once, before the first write: a changed byte anywhere ends the commit, or undo, here. */
export const open = (
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
        new IntegrityError({ part: names.plan, message: `the plan of job ${job.id} belongs to another snapshot` }),
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
