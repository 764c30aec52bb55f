/**
 * What the tests share: a pool and a schema of their own, batches of records, and a plan and a commit as the engine makes them.
 */
import { Batch, Entity, Plan, Sink } from "@waybill/core"
import { usePostgres } from "@waybill-internal/databases/testing"
import { Effect, type Scope, Stream } from "effect"
import pg from "pg"
import { afterAll, beforeAll } from "vitest"

/** A pool on the private database of the test file. */
export const useDatabase = () => {
  const database = usePostgres()
  let pool: pg.Pool | undefined
  let schemas = 0
  beforeAll(() => {
    if (!database.available) return
    pool = new pg.Pool({ connectionString: database.url, max: 8 })
    pool.on("error", () => {})
  })
  afterAll(async () => {
    await pool?.end()
  })
  const made = (): pg.Pool => {
    if (pool === undefined) throw new Error("only inside of tests")
    return pool
  }
  return {
    get url() {
      return database.url
    },
    get pool() {
      return made()
    },
    /** The rows of a statement. */
    rows: async (statement: string): Promise<ReadonlyArray<any>> => (await made().query(statement)).rows as ReadonlyArray<any>,
    /** A new schema; in `ddl`, `$S` stands for its name. */
    schema: async (ddl: string): Promise<string> => {
      const name = `s${++schemas}`
      await made().query(`CREATE SCHEMA ${name}; ${ddl.replaceAll("$S", name)}`)
      return name
    },
  }
}

/** The batches of an entity, as they are sealed: `undefined` in a record is an absent field. */
export const batches = (
  entity: Entity.Any,
  records: ReadonlyArray<Readonly<Record<string, unknown>>>,
  size = 5_000,
): ReadonlyArray<Batch.Batch> => {
  const made: Array<Batch.Batch> = []
  for (let first = 0; first < records.length; first += size) {
    const some = records.slice(first, first + size)
    const lines = some.map(
      (record) =>
        `${Batch.writeLine(
          entity,
          entity.fields.map((field) => record[field.name] as never),
        )}\n`,
    )
    const part = first / size
    made.push(Batch.make({ entity, part, first, count: some.length, bytes: Buffer.from(lines.join("")) }))
  }
  return made
}

/** Entities with their batches, in reference order. */
export type Input = ReadonlyArray<readonly [Entity.Any, ReadonlyArray<Batch.Batch>]>

/** The plan of all batches. */
export type Planned = ReadonlyMap<Entity.Any, ReadonlyArray<Sink.PlannedRecords>>

export const entitiesOf = (input: Input): ReadonlyArray<Entity.Any> => Entity.inReferenceOrder(input.map(([entity]) => entity))

/** Plans within a scope that is still open afterwards. */
export const planWithin = (
  sink: Sink.Sink,
  input: Input,
  options: { readonly preferred?: Sink.Transaction; readonly staged?: boolean } = {},
): Effect.Effect<Planned, Sink.SinkError, Scope.Scope> =>
  Effect.gen(function* () {
    const session = yield* sink.plan({ job: "plan", entities: entitiesOf(input), preferred: options.preferred ?? null })
    if (options.staged !== false) for (const [, all] of input) for (const batch of all) yield* session.stage(batch)
    const planned = new Map<Entity.Any, ReadonlyArray<Sink.PlannedRecords>>()
    for (const entity of entitiesOf(input)) {
      const all = input.find(([it]) => it === entity)![1]
      const parts = yield* Stream.runCollect(session.plan(entity, Stream.fromIterable(all)))
      // sealed and read again, as between validate and commit
      planned.set(
        entity,
        parts.map((part, at) => ({
          batch: all[at]!,
          planned: Plan.read(part.part, all[at]!.count, Plan.write(part)),
        })),
      )
    }
    return planned
  })

/** Plans. */
export const plan = (...args: Parameters<typeof planWithin>): Promise<Planned> =>
  Effect.runPromise(Effect.scoped(planWithin(...args)))

/** What a commit came to. */
export interface Committed {
  readonly applied: ReadonlyMap<string, Sink.AppliedBatch>
  readonly counts: { readonly created: number; readonly updated: number; readonly conflict: number; readonly failed: number }
  readonly conflicts: ReadonlyArray<string>
  readonly mismatches: ReadonlyArray<Sink.Mismatch>
}

let jobs = 0

/** What {@link commitWithin} takes besides the plan. */
export interface CommitOptions {
  readonly job?: string
  readonly token?: number
  readonly transaction?: Sink.Transaction
  readonly onConflict?: Sink.ConflictPolicy
  /** Called before each batch. */
  readonly before?: (key: string) => Effect.Effect<unknown>
  /** Called between the commit and its verification. */
  readonly beforeVerify?: Effect.Effect<unknown>
}

/** Commits as the engine does: what the checkpoint has is not sent; conflicts under `abort` end it before `complete`. */
export const commitWithin = (
  sink: Sink.Sink,
  planned: Planned,
  options: CommitOptions = {},
): Effect.Effect<Committed, Sink.SinkError, Scope.Scope> =>
  Effect.gen(function* () {
    const onConflict = options.onConflict ?? "abort"
    const session = yield* sink.commit({
      job: options.job ?? `job-${++jobs}`,
      token: options.token ?? 1,
      planHash: "",
      transaction: options.transaction ?? "atomic",
      onConflict,
      entities: [...planned.keys()],
    })
    const applied = new Map<string, Sink.AppliedBatch>()
    for (const [entity, parts] of planned)
      for (const { batch, planned } of parts) {
        if (Plan.isIdle(planned)) continue
        const key = `${entity.name}/${batch.part}`
        if (options.before !== undefined) yield* options.before(key)
        applied.set(key, session.checkpoint.get(key) ?? (yield* session.apply(batch, planned)))
      }
    const counts = { created: 0, updated: 0, conflict: 0, failed: 0 }
    for (const { outcomes } of applied.values())
      for (const code of outcomes) {
        if (code === Sink.outcome.created) counts.created++
        if (code === Sink.outcome.updated) counts.updated++
        if (code === Sink.outcome.conflict) counts.conflict++
        if (code === Sink.outcome.failed) counts.failed++
      }
    const conflicts = [...applied.values()].flatMap((it) => it.conflicts.map(({ index, message }) => `${index}: ${message}`))
    const mismatches: Array<Sink.Mismatch> = []
    if (conflicts.length === 0 || onConflict === "skip") {
      yield* session.complete
      if (options.beforeVerify !== undefined) yield* options.beforeVerify
      for (const [entity, parts] of planned)
        mismatches.push(
          ...(yield* Stream.runCollect(
            session.verify(entity, Stream.fromIterable(parts.filter((it) => !Plan.isIdle(it.planned)))),
          )),
        )
    }
    return { applied, counts, conflicts, mismatches }
  })

/** Commits. */
export const commit = (...args: Parameters<typeof commitWithin>): Promise<Committed> =>
  Effect.runPromise(Effect.scoped(commitWithin(...args)))

/** What an undo came to. */
export interface Undone {
  readonly undone: ReadonlyMap<string, Sink.UndoneBatch>
  readonly counts: { readonly reversed: number; readonly kept: number; readonly errored: number }
  /** `entity index kind: message`, and the fields that changed: `field: now, not written`. */
  readonly left: ReadonlyArray<string>
}

/** What {@link undoWithin} takes besides the plan. */
export interface UndoOptions {
  readonly job: string
  readonly as?: string
  readonly token?: number
  readonly transaction?: Sink.Transaction
  readonly preview?: boolean
  /** Called before each batch. */
  readonly before?: (key: string) => Effect.Effect<unknown>
}

/** Undoes as the engine does: the last entity and the last batch first, what the checkpoint has is not sent. */
export const undoWithin = (
  sink: Sink.Sink,
  planned: Planned,
  options: UndoOptions,
): Effect.Effect<Undone, Sink.SinkError, Scope.Scope> =>
  Effect.gen(function* () {
    const preview = options.preview ?? false
    const session = yield* sink.undo!({
      job: options.as ?? `undo of ${options.job}`,
      token: options.token ?? 1,
      of: { job: options.job, planHash: "" },
      preview,
      transaction: options.transaction ?? "atomic",
      entities: [...planned.keys()],
    })
    const undone = new Map<string, Sink.UndoneBatch>()
    for (const [entity, parts] of [...planned].reverse())
      for (const { batch, planned } of [...parts].reverse()) {
        if (Plan.isIdle(planned)) continue
        const key = `${entity.name}/${batch.part}`
        if (options.before !== undefined) yield* options.before(key)
        undone.set(key, session.checkpoint.get(key) ?? (yield* session.revert(batch, planned)))
      }
    if (!preview) yield* session.complete
    const counts = { reversed: 0, kept: 0, errored: 0 }
    const left: Array<string> = []
    for (const [key, batch] of undone) {
      for (const code of batch.outcomes) {
        if (code === Sink.undone.reversed) counts.reversed++
        if (code === Sink.undone.kept) counts.kept++
        if (code === Sink.undone.errored) counts.errored++
      }
      for (const { fields, index, kind, message } of batch.left) {
        const changed = fields.map((it) => `${it.field}: ${JSON.stringify(it.now)}, not ${JSON.stringify(it.written)}`)
        left.push(`${key} ${index} ${kind}: ${[message, ...changed].join("; ")}`)
      }
    }
    return { undone, counts, left }
  })

/** Undoes. */
export const undo = (...args: Parameters<typeof undoWithin>): Promise<Undone> =>
  Effect.runPromise(Effect.scoped(undoWithin(...args)))

/** The error that an effect fails with. */
export const errorOf = <A>(effect: Effect.Effect<A, Sink.SinkError, Scope.Scope>): Promise<Sink.SinkError> =>
  Effect.runPromise(Effect.scoped(Effect.flip(effect)))

/** How many records have which action, over all batches of an entity. */
export const tallyOf = (planned: Planned, entity: Entity.Any): ReturnType<typeof Plan.tally> => {
  const sum = { unchanged: 0, create: 0, update: 0, refuse: 0 }
  for (const part of planned.get(entity) ?? []) {
    const counts = Plan.tally(part.planned)
    for (const name of Object.keys(sum) as Array<keyof typeof sum>) sum[name] += counts[name]
  }
  return sum
}

/** All changes of an entity's plan, as `field: before → after`. */
export const changesOf = (planned: Planned, entity: Entity.Any): ReadonlyArray<string> =>
  (planned.get(entity) ?? []).flatMap(({ batch, planned }) =>
    planned.updates.flatMap(({ changes, index }) =>
      changes.map(
        ({ after, before, field }) => `${batch.first + index} ${field}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`,
      ),
    ),
  )

/** All refusals of an entity's plan, as `position code column`. */
export const refusalsOf = (planned: Planned, entity: Entity.Any): ReadonlyArray<string> =>
  (planned.get(entity) ?? []).flatMap(({ batch, planned }) =>
    planned.refusals.flatMap(({ index, issues }) => issues.map((it) => `${batch.first + index} ${it.code} ${it.column}`)),
  )
