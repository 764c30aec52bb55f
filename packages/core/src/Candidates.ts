/**
 * Candidates and what people decide about them. A decision is remembered for the import and the entity, in the decision store, and holds for
 * every later validation: the job at hand stays as it is, its input is to be validated again.
 *
 * @module
 */
import { Effect } from "effect"
import { type Decision, DecisionStore, type Verdict } from "./DecisionStore.ts"
import { EngineError } from "./EngineError.ts"
import type { Import } from "./Import.ts"
import type { IntegrityError } from "./IntegrityError.ts"
import { isCommittable } from "./internal/commitJob.ts"
import { byKey, keyValues, standing } from "./internal/decisions.ts"
import * as inspection from "./internal/inspection.ts"
import * as jobs from "./internal/jobs.ts"
import * as PlanSessions from "./internal/PlanSessions.ts"
import { hasRecord, lookAtRecords, type Standing, standingOf, wantedKeys } from "./internal/sealedCandidates.ts"
import { Stopped } from "./internal/worldError.ts"
import type { JobStore, JobStoreError } from "./JobStore.ts"
import type { Candidate } from "./Run.ts"
import type { SinkError } from "./Sink.ts"
import type { SnapshotStore, SnapshotStoreError } from "./SnapshotStore.ts"

export type { Decision, Verdict } from "./DecisionStore.ts"
export { type Standing, standingOf } from "./internal/sealedCandidates.ts"

/** A candidate of a job, with what a person needs to decide about it. */
export interface Listed extends Candidate {
  readonly standing: Standing
  /** Keys that may have been meant, the nearest first, at most five; only of open and rejected ones. */
  readonly nearest: ReadonlyArray<string>
  /** What is remembered about it now, which may have been decided after its job; `null` where nothing is. */
  readonly remembered: Decision | null
}

/** What may go wrong: there is no such job or candidate, what was asked makes no sense, a store or the target fails. */
export type CandidatesError = EngineError | JobStoreError | SnapshotStoreError | IntegrityError | SinkError

/** How many keys of the target are looked at for the nearest ones. */
const keysLookedAt = 100_000

/**
 * The candidates of a job, by entity and key, with the nearest keys among the records of its snapshot and of the target, where the sink can list
 * them. Of the target 100,000 keys of an entity are looked at, and nearest keys are offered for the first 200 open and rejected candidates. Those
 * of records that the job is still to delete are not among them.
 */
export const list = (
  definition: Import,
  jobId: string,
): Effect.Effect<ReadonlyArray<Listed>, CandidatesError, JobStore | SnapshotStore> =>
  Effect.gen(function* () {
    const job = yield* jobs.getJob(definition, jobId)
    const found = [...(yield* inspection.candidates(job))].sort(byKey)
    const placeOf = ({ entity, key }: Pick<Decision, "entity" | "key">): string => JSON.stringify([entity, key])
    const remembered = new Map((yield* standing(definition.name)).map((it) => [placeOf(it), it]))
    const near = wantedKeys(found)
    if (near.size > 0) {
      yield* lookAtRecords(job, near)
      yield* withSession(definition, jobId, (session) =>
        Effect.gen(function* () {
          for (const entity of definition.entities) {
            const wanted = near.get(entity.name)
            if (wanted === undefined) continue
            const keys = yield* session.use((it) => it.keys?.(entity, keysLookedAt) ?? Effect.succeed([]))
            for (const key of keys) wanted.add(key)
          }
        }),
      )
    }
    return found.map(
      (it): Listed => ({
        ...it,
        standing: standingOf(it),
        nearest: near.get(it.entity)?.of(it.key) ?? [],
        remembered: remembered.get(placeOf(it)) ?? null,
      }),
    )
  })

/** What is decided about which candidate. */
export interface Question {
  readonly entity: string
  readonly key: string
  readonly verdict: Verdict
  /** With `map`: the key of the record that is meant. */
  readonly as?: string
  /** Who decides; kept with the decision. */
  readonly by: string
  /** The version of the decision that this one takes the place of, 0 for none: another one is refused as `Stale`. By default, the one that is there. */
  readonly version?: number
}

/**
 * Decides about a candidate of a job, and remembers it. Refused as `NotFound` where the job has no such candidate, and as `WrongDecision` where no record
 * can be created for it, or none of the other key is in the job's snapshot or in the target, or the one that is there is what a mirror of the job is
 * still to delete. Fails as `Stale` where somebody else decided meanwhile.
 */
export const decide = (
  definition: Import,
  jobId: string,
  { as, by, entity: name, key, verdict, version }: Question,
): Effect.Effect<Decision, CandidatesError, JobStore | SnapshotStore> =>
  Effect.gen(function* () {
    const job = yield* jobs.getJob(definition, jobId)
    const refuse = (reason: "NotFound" | "WrongDecision", message: string) =>
      Effect.fail(new EngineError({ reason, job: jobId, message }))
    const entity = definition.entities.find((it) => it.name === name)
    const found = yield* inspection.candidates(job)
    if (entity === undefined || !found.some((it) => it.entity === name && it.key === key))
      return yield* refuse(
        "NotFound",
        `job ${jobId} has no candidate ${name} ${JSON.stringify(key)}; list its candidates to see those it has`,
      )
    if (verdict === "create" && (entity.create === undefined || entity.key.length > 1))
      return yield* refuse(
        "WrongDecision",
        `no ${name} can be created for ${JSON.stringify(key)}: ${entity.create === undefined ? "the entity has no create function" : "its key has several fields"}; read it as another key, or reject its rows`,
      )
    if (verdict === "map") {
      const values = as === undefined ? undefined : keyValues(entity, as)
      if (as === undefined || values === undefined || as === key)
        return yield* refuse(
          "WrongDecision",
          `${JSON.stringify(key)} cannot be read as ${as === undefined ? "nothing" : JSON.stringify(as)}: expected another key of ${name}`,
        )
      const isThere =
        (yield* withSession(definition, jobId, (session) => session.use((it) => it.existing(entity, [values]))))[0] === true ||
        (yield* hasRecord(job, name, as, (action) => action !== "refuse" && action !== "delete"))
      if (!isThere)
        return yield* refuse(
          "WrongDecision",
          `${JSON.stringify(key)} cannot be read as ${JSON.stringify(as)}: there is no ${name} of that key, neither in the snapshot of job ${jobId} nor in the target`,
        )
      const deletes = definition.mirrors.some((it) => it.entity === entity && it.missing === "delete")
      if (deletes && isCommittable(job) && (yield* hasRecord(job, name, as, (action) => action === "delete")))
        return yield* refuse(
          "WrongDecision",
          `${JSON.stringify(key)} cannot be read as ${JSON.stringify(as)}: the commit of job ${jobId} will delete the ${name} of that key, for the feed has it no more; choose another key, or cancel the job before you decide`,
        )
    }
    return yield* save(definition.name, { entity: name, key, by }, verdict, verdict === "map" ? as! : null, version)
  })

/** The decisions of an import that hold, by entity and key. */
export const decisions = (imported: string): Effect.Effect<ReadonlyArray<Decision>, JobStoreError> => standing(imported)

/** Takes a decision back: the next validation asks again. Returns what is kept of it, or `null` where there was none that held. */
export const forget = (
  imported: string,
  question: Pick<Question, "entity" | "key" | "by" | "version">,
): Effect.Effect<Decision | null, JobStoreError> =>
  Effect.flatMap(standing(imported), (all) =>
    all.some(({ entity, key }) => entity === question.entity && key === question.key)
      ? save(imported, question, null, null, question.version)
      : Effect.succeed(null),
  )

const save = (
  imported: string,
  { by, entity, key }: Pick<Question, "entity" | "key" | "by">,
  verdict: Verdict | null,
  as: string | null,
  version: number | undefined,
): Effect.Effect<Decision, JobStoreError> =>
  Effect.gen(function* () {
    const store = yield* DecisionStore
    const known = (yield* store.list(imported)).find((it) => it.entity === entity && it.key === key)?.version ?? 0
    return yield* store.save({
      import: imported,
      entity,
      key,
      verdict,
      as,
      by,
      at: yield* jobs.isoNow,
      version: version ?? known,
    })
  })

const withSession = <A, E>(
  definition: Import,
  jobId: string,
  use: (session: PlanSessions.PlanSessions) => Effect.Effect<A, E>,
): Effect.Effect<A, E | SinkError | EngineError> =>
  Effect.scoped(Effect.flatMap(PlanSessions.open(definition, jobId), use)).pipe(
    Effect.mapError((error) =>
      error instanceof Stopped ? new EngineError({ reason: "Unsupported", job: jobId, message: error.failure.message }) : error,
    ),
  ) as Effect.Effect<A, E | SinkError | EngineError>
