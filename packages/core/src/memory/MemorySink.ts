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
  type CommitContext,
  type CommitSession,
  type Sink,
  SinkError,
  type UndoContext,
  type UndoneBatch,
  type UndoSession,
  undone as undoneCode,
} from "../Sink.ts"
import { type Applied, applyBatch, mismatches, noteWritten, planBatch } from "./batches.ts"
import { copyOf, type Image, putBack, type Refuse, type Tables, tableOf, wholeFingerprint } from "./records.ts"
import { removeBatch } from "./removing.ts"
import { revertBatch } from "./reverting.ts"
import * as Written from "./written.ts"

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

// as long as it would be when it is written down
const sizeOf = (kept: unknown): number =>
  JSON.stringify(kept, (_, value: unknown) => (value instanceof Map ? [...value] : value)).length

const nameOf = (batch: Batch): string => `${batch.entity.name}/${batch.part}`

const inside = <A>(all: Map<string, Map<string, A>>, job: string): Map<string, A> => {
  const found = all.get(job) ?? new Map<string, A>()
  all.set(job, found)
  return found
}

/** A sink with empty tables. */
export const make = (options: Options = {}): MemorySink => {
  const tables: Tables = new Map()
  const lastWritten: Written.Written = new Map()
  const checkpoints = new Map<string, Map<string, Applied>>()
  const undone = new Map<string, Map<string, UndoneBatch>>()
  const tokens = new Map<string, number>()
  const refuse: Refuse = options.refuse ?? (() => undefined)
  const refused = (
    { entity, part }: Batch,
    { code, index, message }: { readonly index: number; readonly message: string; readonly code?: string },
  ) =>
    new SinkError({
      reason: "DataRefused",
      message,
      isRetryable: false,
      ...(code === undefined ? {} : { code }),
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
            keys: (entity, limit) => Effect.sync(() => [...(tables.get(entity.name) ?? noRecords).keys()].slice(0, limit)),
            missing: (entity, scope, has) =>
              Effect.sync(() => {
                const table = tables.get(entity.name) ?? noRecords
                const inScope = [...table].filter(([, values]) =>
                  scope.every(({ position, value }) => values[position] === value),
                )
                return {
                  inScope: inScope.length,
                  records: Stream.fromIterable(
                    inScope.flatMap(([key, values]) =>
                      has(key) ? [] : [{ values, fingerprint: wholeFingerprint(entity, values) }],
                    ),
                  ),
                }
              }),
            stage: () => Effect.void,
            plan: (entity, batches) =>
              Stream.map(batches, (batch) => planBatch(tables.get(entity.name) ?? noRecords, entity, batch, lastWritten)),
          }),
    commit: (context) => Effect.map(claim(context), () => commitSession(context)),
    undo: (context) => Effect.map(context.preview ? Effect.void : claim(context), () => undoSession(context)),
    forget: ({ jobs, preview }) =>
      Effect.sync(() => {
        const found = new Map<string, number>()
        for (const job of jobs) {
          const kept = [...(checkpoints.get(job) ?? []), ...(undone.get(job) ?? [])]
          if (kept.length === 0) continue
          found.set(job, sizeOf(kept))
          if (preview) continue
          checkpoints.delete(job)
          undone.delete(job)
        }
        return found
      }),
    keepsEdits: true,
  }

  function commitSession(context: CommitContext): CommitSession {
    const done = inside(checkpoints, context.job)
    // atomic: all is written to a copy, which takes the place of the tables at the end
    const atomic = context.transaction === "atomic"
    const working = atomic ? copyOf(tables) : tables
    const noted = atomic ? Written.copyOf(lastWritten) : lastWritten
    const pending = new Map<string, Applied>()
    const apply = (batch: Batch, planned: Plan.PlannedBatch): Effect.Effect<Applied, SinkError> =>
      Effect.suspend(() => {
        const abort = context.onConflict === "abort"
        const result = Plan.isDeletion(planned)
          ? removeBatch(working, context.entities, batch, planned, abort)
          : applyBatch(tableOf(working, batch.entity.name), batch, planned, abort, refuse)
        return "message" in result ? Effect.fail(refused(batch, result)) : Effect.succeed(result)
      })
    return {
      checkpoint: new Map([...done].map(([name, { applied }]) => [name, applied])),
      apply: (batch, planned) =>
        Effect.map(Effect.andThen(checked(context), apply(batch, planned)), (result) => {
          const into = atomic ? pending : done
          into.set(nameOf(batch), result)
          noteWritten(noted, tableOf(working, batch.entity.name), batch.entity, result.images.values())
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
        for (const [name, records] of noted) lastWritten.set(name, records)
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
    const noted = copied ? Written.copyOf(lastWritten) : lastWritten
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
          const images: ReadonlyMap<number, Image> = written.get(nameOf(batch))?.images ?? new Map()
          const result = revertBatch(all, batch, images)
          const back = [...images].flatMap(([index, image]) => (result.outcomes[index] === undoneCode.reversed ? [image] : []))
          noteWritten(noted, tableOf(working, batch.entity.name), batch.entity, back)
          const into = copied ? pending : done
          into.set(nameOf(batch), result)
          return result
        }),
      complete: Effect.map(checked(context), () => {
        if (!copied) return
        for (const [name, table] of working) tables.set(name, table)
        for (const [name, records] of noted) lastWritten.set(name, records)
        for (const [name, result] of pending) done.set(name, result)
      }),
    }
  }
}
