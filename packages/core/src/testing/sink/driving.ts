/**
 * Plans and commits as the engine makes them, for laws: sealed batches, one session after the other.
 */
import * as assert from "node:assert/strict"
import { Cause, Effect, Exit, Stream } from "effect"
import * as Batch from "../../Batch.ts"
import * as Canonical from "../../Canonical.ts"
import type { Any } from "../../Entity.ts"
import type { Value } from "../../Field.ts"
import * as Ownership from "../../Ownership.ts"
import * as Plan from "../../Plan.ts"
import {
  type AppliedBatch,
  type CommitContext,
  type CommitSession,
  type Mismatch,
  type PlannedRecords,
  type Sink,
  SinkError,
  type Transaction,
} from "../../Sink.ts"
import type { Fields, Harness, Target } from "./Harness.ts"

/** An entity with the records of an import, batch by batch. */
export type Input = ReadonlyArray<readonly [Any, ReadonlyArray<ReadonlyArray<Fields>>]>

/** The batches of entities in reference order, each with its plan. */
export type Planned = ReadonlyArray<readonly [Any, ReadonlyArray<PlannedRecords>]>

/** Batches, sealed. */
export const sealed = (entity: Any, batches: ReadonlyArray<ReadonlyArray<Fields>>): ReadonlyArray<Batch.Batch> => {
  let first = 0
  return batches.map((records, part) => {
    const values = records.map((record) => entity.fields.map(({ name }) => record[name]))
    const bytes = Buffer.from(values.map((it) => `${Batch.writeLine(entity, it)}\n`).join(""))
    const batch = Batch.make({ entity, part, first, count: records.length, bytes })
    first += records.length
    return batch
  })
}

/** The entities of an import: those of the input and all that they refer to, in reference order. */
export const entitiesOf = (input: ReadonlyArray<readonly [Any, unknown]>): ReadonlyArray<Any> => {
  const found = new Set<Any>()
  const add = (entity: Any): void => {
    for (const reference of entity.references) add(reference.entity)
    found.add(entity)
  }
  for (const [entity] of input) add(entity)
  return [...found]
}

/** Plans an import, within a scope that is the session's. The plan is written and read again, as between validate and commit. */
export const planWithin = (
  sink: Sink,
  input: Input,
  { preferred = null, staged = true }: { readonly preferred?: Transaction | null; readonly staged?: boolean } = {},
) =>
  Effect.gen(function* () {
    const all = input.map(([entity, records]) => [entity, sealed(entity, records)] as const)
    const session = yield* sink.plan({ job: "plan", entities: entitiesOf(input), preferred })
    if (staged) for (const [, batches] of all) for (const batch of batches) yield* session.stage(batch)
    const planned: Array<readonly [Any, ReadonlyArray<PlannedRecords>]> = []
    for (const [entity, batches] of all) {
      const parts = yield* Stream.runCollect(session.plan(entity, Stream.fromIterable(batches)))
      assert.deepEqual(
        parts.map((it) => [it.part, it.actions.length]),
        batches.map((it) => [it.part, it.count]),
        "a plan for each batch, with an action for each record",
      )
      planned.push([
        entity,
        parts.map((it, at) => {
          const sealedPlan = Plan.read(it.part, it.actions.length, Plan.write(Ownership.settle(entity, it)))
          return { batch: Ownership.effective(batches[at]!, sealedPlan), planned: sealedPlan }
        }),
      ])
    }
    return { planned: planned as Planned, session }
  })

/** Plans an import. */
export const plan = (sink: Sink, input: Input, options?: Parameters<typeof planWithin>[2]): Effect.Effect<Planned, unknown> =>
  Effect.scoped(Effect.map(planWithin(sink, input, options), ({ planned }) => planned))

/** What a commit came to. */
export interface Committed {
  /** By `entity/part`. */
  readonly applied: ReadonlyMap<string, AppliedBatch>
  readonly mismatches: ReadonlyArray<Mismatch>
}

/** What a commit is to be done with. */
export type Options = Partial<Omit<CommitContext, "entities">> & {
  /** Stops before the batch of this number among all, as a process that dies; nothing is completed then. */
  readonly dieBefore?: number
  /** Runs between the commit and its verification. */
  readonly beforeVerify?: Effect.Effect<unknown, unknown>
}

/** Opens a commit session. */
export const open = (sink: Sink, planned: Planned, { beforeVerify: _, dieBefore: __, ...context }: Options = {}) =>
  sink.commit({
    job: "job",
    token: 1,
    planHash: "plan",
    transaction: "batched",
    onConflict: "abort",
    entities: entitiesOf(planned),
    ...context,
  })

/** The batches that have something to do. */
export const busy = (parts: ReadonlyArray<PlannedRecords>): ReadonlyArray<PlannedRecords> =>
  parts.filter((it) => !Plan.isIdle(it.planned))

/** Applies all batches that the checkpoint does not have, in their order; stops where a batch has conflicts under `abort`. */
export const applyAll = (session: CommitSession, planned: Planned, { dieBefore, onConflict = "abort" }: Options = {}) =>
  Effect.gen(function* () {
    const applied = new Map<string, AppliedBatch>()
    let number = 0
    for (const [entity, parts] of planned)
      for (const { batch, planned: it } of busy(parts)) {
        if (number++ === dieBefore) return { applied, isDone: false }
        const key = `${entity.name}/${batch.part}`
        const known = session.checkpoint.get(key)
        if (known === undefined) session.prepare?.(batch, it)
        const result = known ?? (yield* session.apply(batch, it))
        applied.set(key, result)
        if (result.conflicts.length > 0 && onConflict === "abort") return { applied, isDone: false }
      }
    return { applied, isDone: true }
  })

/** Commits in a session of its own: applies, completes and verifies. */
export const commit = (sink: Sink, planned: Planned, options: Options = {}): Effect.Effect<Committed, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const session = yield* open(sink, planned, options)
      const { applied, isDone } = yield* applyAll(session, planned, options)
      if (!isDone) return { applied, mismatches: [] }
      yield* session.complete
      if (options.beforeVerify !== undefined) yield* options.beforeVerify
      const mismatches: Array<Mismatch> = []
      for (const [entity, parts] of planned)
        mismatches.push(...(yield* Stream.runCollect(session.verify(entity, Stream.fromIterable(busy(parts))))))
      return { applied, mismatches }
    }),
  )

/** The error that an effect ends in; anything but a SinkError breaks the law. */
export const errorOf = (effect: Effect.Effect<unknown, unknown>): Effect.Effect<SinkError> =>
  Effect.map(Effect.exit(effect), (exit) => {
    if (Exit.isSuccess(exit)) return assert.fail("there was no error")
    const failure = exit.cause.reasons[0]
    if (failure === undefined || !Cause.isFailReason(failure)) return assert.fail(`a defect: ${Cause.pretty(exit.cause)}`)
    if (!(failure.error instanceof SinkError)) return assert.fail(`not a SinkError: ${String(failure.error)}`)
    return failure.error
  })

// one text for each value: numbers by their value, members of json in one order
const comparable = (kind: string, value: Value): string =>
  value === undefined || value === null
    ? "null"
    : kind === "decimal" && typeof value === "string" && value.includes(".")
      ? `"${value.replace(/\.?0+$/, "")}"`
      : Canonical.stringify(value)

/** The records in a form in which equal ones are equal: by key, all fields, absent as null, 1.50 as 1.5. */
export const comparables = (entity: Any, records: ReadonlyArray<Fields>): ReadonlyArray<string> =>
  records.map((record) => entity.fields.map(({ kind, name }) => `${name} ${comparable(kind, record[name])}`).join(", ")).sort()

/** The target has exactly these records of an entity. */
export const holds = (
  target: Target,
  entity: Any,
  records: ReadonlyArray<Fields>,
  message?: string,
): Effect.Effect<void, unknown> =>
  Effect.map(target.contents(entity), (found) =>
    assert.deepEqual(comparables(entity, found), comparables(entity, records), message),
  )

/** Runs a check on a new target for each way in which the sink can commit. */
export const eachWay = (
  { can, open: openTarget }: Harness,
  check: (target: Target, transaction: Transaction) => Effect.Effect<void, unknown>,
): Effect.Effect<void, unknown> =>
  Effect.forEach(
    (["batched", "atomic"] as const).filter((it) => can[it] === true),
    (transaction) => Effect.scoped(Effect.flatMap(openTarget, (target) => check(target, transaction))),
    { discard: true },
  )

/** Runs a check on a new target, batched where the sink can. */
export const once = (
  { can, open: openTarget }: Harness,
  check: (target: Target, transaction: Transaction) => Effect.Effect<void, unknown>,
): Effect.Effect<void, unknown> =>
  Effect.scoped(Effect.flatMap(openTarget, (target) => check(target, can.batched === true ? "batched" : "atomic")))
