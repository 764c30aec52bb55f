/**
 * A sink in memory: the contract in its smallest form, for tests and for trying an import out.
 *
 * @module
 */
import { Effect, Stream } from "effect"
import type { Batch } from "../Batch.ts"
import * as Canonical from "../Canonical.ts"
import * as Entity from "../Entity.ts"
import * as Fingerprint from "../Fingerprint.ts"
import * as Plan from "../Plan.ts"
import {
  type AppliedBatch,
  type CommitContext,
  type CommitSession,
  type Mismatch,
  outcome,
  type Sink,
  SinkError,
} from "../Sink.ts"

/** The records of the entities, by entity name and key text. Tests look into it and change it. */
export type Tables = Map<string, Map<string, Entity.Values>>

/** A memory sink, with its tables. */
export interface MemorySink extends Sink {
  readonly tables: Tables
}

/** What {@link make} takes. */
export interface Options {
  /** Whether it has transactions over all batches; it has by default. */
  readonly atomic?: boolean
}

// a plan reads only: it makes no table either
const noRecords: ReadonlyMap<string, Entity.Values> = new Map()

interface Checkpoint {
  readonly applied: AppliedBatch
}

const fingerprint = (values: Entity.Values): string => Fingerprint.of(values.map((value) => (value === undefined ? [] : [value])))

// absent fields stay as they are
const merge = (current: Entity.Values, values: Entity.Values): Entity.Values =>
  values.map((value, at) => (value === undefined ? current[at] : value))

const differing = (entity: Entity.Any, current: Entity.Values, values: Entity.Values): ReadonlyArray<number> =>
  entity.compared.filter((at) => values[at] !== undefined && Canonical.stringify(values[at]) !== Canonical.stringify(current[at]))

/** A sink with empty tables. */
export const make = (options: Options = {}): MemorySink => {
  const tables: Tables = new Map()
  const checkpoints = new Map<string, Map<string, Checkpoint>>()
  const tokens = new Map<string, number>()
  const tableOf = (all: Tables, name: string): Map<string, Entity.Values> => {
    let table = all.get(name)
    if (table === undefined) {
      table = new Map()
      all.set(name, table)
    }
    return table
  }
  return {
    kind: "memory",
    target: "memory",
    tables,
    plan: ({ preferred }) =>
      preferred === "atomic" && options.atomic === false
        ? Effect.fail(
            new SinkError({
              reason: "SchemaMismatch",
              message: "this sink has no transactions; choose batched",
              isRetryable: false,
            }),
          )
        : Effect.succeed({
            transaction: preferred ?? (options.atomic === false ? "batched" : "atomic"),
            existing: (entity, keys) =>
              Effect.sync(() => {
                const table = tables.get(entity.name) ?? noRecords
                return keys.map((key) =>
                  table.has(
                    Entity.keyText(
                      key,
                      key.map((_, at) => at),
                    ),
                  ),
                )
              }),
            stage: () => Effect.void,
            plan: (entity, batches) =>
              Stream.map(batches, (batch) => planBatch(tables.get(entity.name) ?? noRecords, entity, batch)),
          }),
    commit: (context) => openCommit(context),
  }

  function openCommit(context: CommitContext): Effect.Effect<CommitSession, SinkError> {
    return Effect.suspend(() => {
      if ((tokens.get(context.job) ?? 0) > context.token)
        return Effect.fail(new SinkError({ reason: "Fenced", message: `job ${context.job} was taken over`, isRetryable: false }))
      tokens.set(context.job, context.token)
      const done = checkpoints.get(context.job) ?? new Map<string, Checkpoint>()
      checkpoints.set(context.job, done)
      // atomic: all is written to a copy, which takes the place of the tables at the end
      const atomic = context.transaction === "atomic"
      const working: Tables = atomic ? new Map([...tables].map(([name, table]) => [name, new Map(table)])) : tables
      const applied = new Map<string, AppliedBatch>()
      return Effect.succeed<CommitSession>({
        checkpoint: new Map([...done].map(([name, checkpoint]) => [name, checkpoint.applied])),
        apply: (batch, planned) =>
          Effect.suspend(() => {
            if (tokens.get(context.job) !== context.token)
              return Effect.fail(
                new SinkError({ reason: "Fenced", message: `job ${context.job} was taken over`, isRetryable: false }),
              )
            const result = applyBatch(tableOf(working, batch.entity.name), batch, planned, context.onConflict === "abort")
            applied.set(`${batch.entity.name}/${batch.part}`, result)
            if (!atomic) done.set(`${batch.entity.name}/${batch.part}`, { applied: result })
            return Effect.succeed(result)
          }),
        complete: Effect.sync(() => {
          if (!atomic) return
          for (const [name, table] of working) tables.set(name, table)
          for (const [name, result] of applied) done.set(name, { applied: result })
        }),
        verify: (entity, records) =>
          records.pipe(
            Stream.map(({ batch }) => {
              const known = done.get(`${entity.name}/${batch.part}`)
              return known === undefined ? [] : mismatches(tableOf(tables, entity.name), batch, known.applied)
            }),
            Stream.flatMap((found) => Stream.fromArray(found)),
          ),
      })
    })
  }
}

const planBatch = (table: ReadonlyMap<string, Entity.Values>, entity: Entity.Any, batch: Batch): Plan.PlannedBatch => {
  const actions = new Uint8Array(batch.count)
  const updates: Array<Plan.Update> = []
  for (const [index, values] of batch.records().entries()) {
    const current = table.get(Entity.keyText(values, entity.keyPositions))
    if (current === undefined) {
      actions[index] = Plan.code.create
      continue
    }
    const changed = differing(entity, current, values)
    if (changed.length === 0) continue
    actions[index] = Plan.code.update
    updates.push({
      index,
      fingerprint: fingerprint(current),
      changes: changed.map((at) => ({ field: entity.fields[at]!.name, before: current[at], after: values[at] })),
    })
  }
  return { part: batch.part, actions, updates, refusals: [] }
}

const applyBatch = (
  table: Map<string, Entity.Values>,
  batch: Batch,
  planned: Plan.PlannedBatch,
  abort: boolean,
): AppliedBatch => {
  const { entity } = batch
  const outcomes = new Uint8Array(batch.count)
  const conflicts: Array<AppliedBatch["conflicts"][number]> = []
  const writes: Array<readonly [string, Entity.Values]> = []
  const before = new Map(planned.updates.map((update) => [update.index, update.fingerprint]))
  for (const [index, values] of batch.records().entries()) {
    const action = planned.actions[index]
    if (action === Plan.code.refuse) outcomes[index] = outcome.failed
    if (action !== Plan.code.create && action !== Plan.code.update) continue
    const key = Entity.keyText(values, entity.keyPositions)
    const current = table.get(key)
    const already = current !== undefined && fingerprint(merge(current, values)) === fingerprint(current)
    const asSeen =
      action === Plan.code.create ? current === undefined : current !== undefined && fingerprint(current) === before.get(index)
    if (!already && !asSeen) {
      outcomes[index] = outcome.conflict
      const message =
        current === undefined
          ? "it is no longer in the target"
          : action === Plan.code.create
            ? "it has appeared in the target since the plan was made"
            : "it was changed in the target since the plan was made"
      conflicts.push({ index, message })
      continue
    }
    outcomes[index] = action === Plan.code.create ? outcome.created : outcome.updated
    writes.push([key, current === undefined ? values : merge(current, values)])
  }
  if (conflicts.length === 0 || !abort) for (const [key, values] of writes) table.set(key, values)
  else
    for (let at = 0; at < outcomes.length; at++)
      if (outcomes[at] === outcome.created || outcomes[at] === outcome.updated) outcomes[at] = 0
  return { outcomes, conflicts }
}

const mismatches = (table: ReadonlyMap<string, Entity.Values>, batch: Batch, applied: AppliedBatch): ReadonlyArray<Mismatch> => {
  const found: Array<Mismatch> = []
  for (const [index, values] of batch.records().entries()) {
    if (applied.outcomes[index] !== outcome.created && applied.outcomes[index] !== outcome.updated) continue
    const key = Entity.keyText(values, batch.entity.keyPositions)
    const current = table.get(key)
    if (current === undefined) found.push({ key, kind: "missing", fields: [] })
    else {
      const fields = differing(batch.entity, current, values).map((at) => batch.entity.fields[at]!.name)
      if (fields.length > 0) found.push({ key, kind: "different", fields })
    }
  }
  return found
}
