/**
 * A sink in memory: the contract in its smallest form, for tests and for trying an import out.
 *
 * @module
 */
import { Effect, Stream } from "effect"
import type { Batch } from "../Batch.ts"
import * as Entity from "../Entity.ts"
import * as Plan from "../Plan.ts"
import {
  type AppliedBatch,
  type CommitContext,
  type CommitSession,
  type Mismatch,
  outcome,
  type Sink,
  SinkError,
  type UndoContext,
  type UndoneBatch,
  type UndoSession,
} from "../Sink.ts"
import {
  copyOf,
  differing,
  fingerprint,
  type Image,
  merge,
  putBack,
  type Refuse,
  type Tables,
  tableOf,
  writeAll,
} from "./records.ts"
import { revertBatch } from "./reverting.ts"

export type { Refuse, Tables } from "./records.ts"

/** A memory sink, with its tables. */
export interface MemorySink extends Sink {
  readonly tables: Tables
}

/** What {@link make} takes. */
export interface Options {
  /** Whether it has transactions over all batches; it has by default. */
  readonly atomic?: boolean
  /** What the target does not take; it takes everything by default. */
  readonly refuse?: Refuse
  /** Whether it tells which record of a batch it refuses; it does by default. */
  readonly namesRefused?: boolean
}

// a plan reads only: it makes no table either
const noRecords: ReadonlyMap<string, Entity.Values> = new Map()

interface Applied {
  readonly applied: AppliedBatch
  /** By position in the batch. */
  readonly images: ReadonlyMap<number, Image>
}

const nameOf = (batch: Batch): string => `${batch.entity.name}/${batch.part}`

const inside = <A>(all: Map<string, Map<string, A>>, job: string): Map<string, A> => {
  const found = all.get(job) ?? new Map<string, A>()
  all.set(job, found)
  return found
}

/** A sink with empty tables. */
export const make = (options: Options = {}): MemorySink => {
  const tables: Tables = new Map()
  const checkpoints = new Map<string, Map<string, Applied>>()
  const undone = new Map<string, Map<string, UndoneBatch>>()
  const tokens = new Map<string, number>()
  const refuse: Refuse = options.refuse ?? (() => undefined)
  const refused = ({ entity, part }: Batch, { index, message }: { readonly index: number; readonly message: string }) =>
    new SinkError({
      reason: "DataRefused",
      message,
      isRetryable: false,
      refused: { entity: entity.name, index: options.namesRefused === false ? null : index, part, constraint: null },
    })
  const fenced = (job: string) => new SinkError({ reason: "Fenced", message: `job ${job} was taken over`, isRetryable: false })
  const checked = ({ job, token }: { readonly job: string; readonly token: number }): Effect.Effect<void, SinkError> =>
    Effect.suspend(() => (tokens.get(job) === token ? Effect.void : Effect.fail(fenced(job))))
  const claim = ({ job, token }: { readonly job: string; readonly token: number }): Effect.Effect<void, SinkError> =>
    Effect.suspend(() => {
      if ((tokens.get(job) ?? 0) > token) return Effect.fail(fenced(job))
      tokens.set(job, token)
      return Effect.void
    })
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
            missing: (entity, scope, has) =>
              Effect.sync(() => {
                const table = tables.get(entity.name) ?? noRecords
                const inScope = [...table].filter(([, values]) =>
                  scope.every(({ position, value }) => values[position] === value),
                )
                return {
                  inScope: inScope.length,
                  records: Stream.fromIterable(inScope.flatMap(([key, values]) => (has(key) ? [] : [values]))),
                }
              }),
            stage: () => Effect.void,
            plan: (entity, batches) =>
              Stream.map(batches, (batch) => planBatch(tables.get(entity.name) ?? noRecords, entity, batch)),
          }),
    commit: (context) => Effect.map(claim(context), () => commitSession(context)),
    undo: (context) => Effect.map(context.preview ? Effect.void : claim(context), () => undoSession(context)),
  }

  function commitSession(context: CommitContext): CommitSession {
    const done = inside(checkpoints, context.job)
    // atomic: all is written to a copy, which takes the place of the tables at the end
    const atomic = context.transaction === "atomic"
    const working = atomic ? copyOf(tables) : tables
    const pending = new Map<string, Applied>()
    const apply = (batch: Batch, planned: Plan.PlannedBatch): Effect.Effect<Applied, SinkError> =>
      Effect.suspend(() => {
        const abort = context.onConflict === "abort"
        const result = applyBatch(tableOf(working, batch.entity.name), batch, planned, abort, refuse)
        return "message" in result ? Effect.fail(refused(batch, result)) : Effect.succeed(result)
      })
    return {
      checkpoint: new Map([...done].map(([name, { applied }]) => [name, applied])),
      apply: (batch, planned) =>
        Effect.map(Effect.andThen(checked(context), apply(batch, planned)), (result) => {
          const into = atomic ? pending : done
          into.set(nameOf(batch), result)
          return result.applied
        }),
      probe: (batch, planned) =>
        Effect.map(Effect.andThen(checked(context), apply(batch, planned)), ({ images }) =>
          putBack(
            tableOf(working, batch.entity.name),
            [...images.values()].map(({ before, key }) => [key, before]),
          ),
        ),
      complete: Effect.map(atomic ? checked(context) : Effect.void, () => {
        if (!atomic) return
        for (const [name, table] of working) tables.set(name, table)
        for (const [name, result] of pending) done.set(name, result)
      }),
      verify: (entity, records) =>
        records.pipe(
          Stream.map(({ batch }) => {
            const known = done.get(nameOf(batch))
            return known === undefined ? [] : mismatches(tableOf(tables, entity.name), batch, known.applied)
          }),
          Stream.flatMap((found) => Stream.fromArray(found)),
        ),
    }
  }

  function undoSession(context: UndoContext): UndoSession {
    const written = checkpoints.get(context.of.job) ?? new Map<string, Applied>()
    const done = context.preview ? new Map(undone.get(context.job)) : inside(undone, context.job)
    const copied = context.preview || context.transaction === "atomic"
    const working = copied ? copyOf(tables) : tables
    const pending = new Map<string, UndoneBatch>()
    const all = {
      tables: working,
      entities: context.entities,
      refuse,
      images: (entity: Entity.Any) =>
        [...written].flatMap(([name, { images }]) =>
          name.slice(0, name.lastIndexOf("/")) === entity.name ? [...images.values()] : [],
        ),
    }
    return {
      checkpoint: new Map(done),
      revert: (batch) =>
        Effect.map(context.preview ? Effect.void : checked(context), () => {
          const result = revertBatch(all, batch, written.get(nameOf(batch))?.images ?? new Map())
          const into = copied ? pending : done
          into.set(nameOf(batch), result)
          return result
        }),
      complete: Effect.map(checked(context), () => {
        if (!copied) return
        for (const [name, table] of working) tables.set(name, table)
        for (const [name, result] of pending) done.set(name, result)
      }),
    }
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
  refuse: Refuse,
): Applied | { readonly index: number; readonly message: string } => {
  const { entity } = batch
  const outcomes = new Uint8Array(batch.count)
  const conflicts: Array<AppliedBatch["conflicts"][number]> = []
  const writes: Array<{ readonly index: number; readonly key: string; readonly values: Entity.Values }> = []
  const images = new Map<number, Image>()
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
    writes.push({ index, key, values: current === undefined ? values : merge(current, values) })
    images.set(index, { key, before: current, written: values })
  }
  if (conflicts.length === 0 || !abort) {
    const refused = writeAll(table, entity, writes, refuse)
    return refused ?? { applied: { outcomes, conflicts }, images }
  }
  for (let at = 0; at < outcomes.length; at++)
    if (outcomes[at] === outcome.created || outcomes[at] === outcome.updated) outcomes[at] = 0
  return { applied: { outcomes, conflicts }, images: new Map() }
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
