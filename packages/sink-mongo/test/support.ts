/**
 * What the tests of this package share: a database, collections of each test's own, and the way from records to plan, commit and verify.
 */

import { Batch, Entity, Field, type Plan, Sink } from "@waybill/core"
import { useMongo } from "@waybill-internal/databases/testing"
import { Effect, Result, Stream } from "effect"
import { type CommandStartedEvent, type Db, type Document, MongoClient } from "mongodb"
import { afterAll, beforeAll } from "vitest"
import * as MongoSink from "../src/MongoSink.ts"

/** Stations as the tests import them. */
export const Station = Entity.make("station", {
  schema: {
    code: Field.text(),
    name: Field.text(),
    power: Field.nullable(Field.number()),
    points: Field.optional(Field.integer()),
    location: Field.optional(Field.json()),
    checked: Field.optional(Field.timestamp()),
  },
  key: "code",
  volatile: ["checked"],
})

/** A station's values, by field. */
export interface StationFields {
  readonly code: string
  readonly name: string
  readonly power: number | null
  readonly points?: number
  readonly location?: unknown
  readonly checked?: string
}

/** The values of a record in the order of the entity's fields. */
export const valuesOf = (entity: Entity.Any, record: object): Entity.Values =>
  entity.fields.map(({ name }) => (record as Record<string, Field.Value>)[name])

/** A sealed batch. */
export const batchOf = (entity: Entity.Any, part: number, records: ReadonlyArray<object>): Batch.Batch => {
  const lines = records.map((record) => `${Batch.writeLine(entity, valuesOf(entity, record))}\n`).join("")
  return Batch.make({ entity, part, first: part * 1000, count: records.length, bytes: Buffer.from(lines) })
}

/** Stations from `from` on, so many. */
export const stations = (from: number, count: number, more: Partial<StationFields> = {}): Array<StationFields> =>
  Array.from({ length: count }, (_, at) => ({ code: `S${from + at}`, name: `Station ${from + at}`, power: 22, ...more }))

/** Runs an effect that must not fail. */
export const run = <A, E>(effect: Effect.Effect<A, E>): Promise<A> => Effect.runPromise(effect)

/** Runs an effect and returns its failure. */
export const failure = async <A>(effect: Effect.Effect<A, Sink.SinkError>): Promise<Sink.SinkError> => {
  const result = await Effect.runPromise(Effect.result(effect))
  if (Result.isSuccess(result)) throw new Error(`expected a failure, got ${JSON.stringify(result.success)}`)
  return result.failure
}

/** A target of one test: its own collections in the file's database. */
export interface Scene {
  readonly db: Db
  readonly sink: Sink.Sink
  /** The collection's name of an entity. */
  readonly name: (entity: string) => string
  readonly documents: (entity?: string) => Promise<Array<Document>>
  readonly insert: (documents: ReadonlyArray<object>, entity?: string) => Promise<void>
  readonly plan: (batches: ReadonlyArray<Batch.Batch>, preferred?: Sink.Transaction) => Promise<Array<Plan.PlannedBatch>>
  /** All of a commit in one session; fails as the session fails. */
  readonly commit: (
    batches: ReadonlyArray<Batch.Batch>,
    planned: ReadonlyArray<Plan.PlannedBatch>,
    context?: Partial<Sink.CommitContext>,
  ) => Effect.Effect<Committed, Sink.SinkError>
}

/** What a commit came to. */
export interface Committed {
  readonly applied: ReadonlyArray<Sink.AppliedBatch>
  readonly checkpoint: ReadonlyArray<string>
  readonly mismatches: ReadonlyArray<Sink.Mismatch>
}

/** How many records have each outcome. */
export const counts = ({ applied }: Pick<Committed, "applied">): Record<keyof typeof Sink.outcome, number> => {
  const names = Object.entries(Sink.outcome) as Array<[keyof typeof Sink.outcome, number]>
  const all = applied.flatMap(({ outcomes }) => [...outcomes])
  return Object.fromEntries(names.map(([name, code]) => [name, all.filter((it) => it === code).length])) as never
}

const byEntity = (batches: ReadonlyArray<Batch.Batch>): Map<Entity.Any, Array<number>> => {
  const groups = new Map<Entity.Any, Array<number>>()
  for (const [at, { entity }] of batches.entries()) groups.set(entity, [...(groups.get(entity) ?? []), at])
  return groups
}

/** Plans batches in one session. */
export const planWith = (
  sink: Sink.Sink,
  batches: ReadonlyArray<Batch.Batch>,
  preferred: Sink.Transaction | null = null,
): Effect.Effect<Array<Plan.PlannedBatch>, Sink.SinkError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const groups = byEntity(batches)
      const session = yield* sink.plan({ job: "job", entities: [...groups.keys()], preferred })
      const planned: Array<Plan.PlannedBatch> = []
      for (const [entity, at] of groups) {
        const found = yield* Stream.runCollect(session.plan(entity, Stream.fromIterable(at.map((it) => batches[it]!))))
        for (const [index, it] of at.entries()) planned[it] = found[index]!
      }
      return planned
    }),
  )

/** Opens a commit session on the collections of some batches. */
export const openCommit = (sink: Sink.Sink, batches: ReadonlyArray<Batch.Batch>, context: Partial<Sink.CommitContext> = {}) =>
  sink.commit({
    job: "job",
    token: 1,
    planHash: "plan",
    transaction: "batched",
    onConflict: "abort",
    entities: [...byEntity(batches).keys()],
    ...context,
  })

/** Applies, completes and verifies in one session. */
export const commitWith = (
  sink: Sink.Sink,
  batches: ReadonlyArray<Batch.Batch>,
  planned: ReadonlyArray<Plan.PlannedBatch>,
  context: Partial<Sink.CommitContext> = {},
): Effect.Effect<Committed, Sink.SinkError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const session = yield* openCommit(sink, batches, context)
      const applied: Array<Sink.AppliedBatch> = []
      for (const [at, batch] of batches.entries())
        applied.push(session.checkpoint.get(`${batch.entity.name}/${batch.part}`) ?? (yield* session.apply(batch, planned[at]!)))
      const conflicts = applied.some((it) => it.conflicts.length > 0)
      const checkpoint = [...session.checkpoint.keys()].sort()
      if (conflicts && (context.onConflict ?? "abort") === "abort") return { applied, checkpoint, mismatches: [] }
      yield* session.complete
      const mismatches: Array<Sink.Mismatch> = []
      for (const [entity, at] of byEntity(batches))
        mismatches.push(
          ...(yield* Stream.runCollect(
            session.verify(entity, Stream.fromIterable(at.map((it) => ({ batch: batches[it]!, planned: planned[it]! })))),
          )),
        )
      return { applied, checkpoint, mismatches }
    }),
  )

/** Opens an undo session on the collections of some batches, for what {@link commitWith} did. */
export const openUndo = (sink: Sink.Sink, batches: ReadonlyArray<Batch.Batch>, context: Partial<Sink.UndoContext> = {}) =>
  sink.undo!({
    job: "undo",
    token: 1,
    of: { job: "job", planHash: "plan" },
    preview: false,
    transaction: "batched",
    entities: [...byEntity(batches).keys()],
    ...context,
  })

/** What an undo came to: what became of each batch, in the order of the batches. */
export type Undone = ReadonlyArray<Sink.UndoneBatch>

/** Takes all batches back in one session, the last first. */
export const undoWith = (
  sink: Sink.Sink,
  batches: ReadonlyArray<Batch.Batch>,
  planned: ReadonlyArray<Plan.PlannedBatch>,
  context: Partial<Sink.UndoContext> = {},
): Effect.Effect<Undone, Sink.SinkError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const session = yield* openUndo(sink, batches, context)
      const undone: Array<Sink.UndoneBatch> = []
      for (const [at, batch] of [...batches.entries()].reverse())
        undone[at] = session.checkpoint.get(`${batch.entity.name}/${batch.part}`) ?? (yield* session.revert(batch, planned[at]!))
      if (context.preview !== true) yield* session.complete
      return undone
    }),
  )

/** How many records an undo brought to each end. */
export const undoneCounts = (undone: Undone): Record<keyof typeof Sink.undone, number> => {
  const names = Object.entries(Sink.undone) as Array<[keyof typeof Sink.undone, number]>
  const all = undone.flatMap(({ outcomes }) => [...outcomes])
  return Object.fromEntries(names.map(([name, code]) => [name, all.filter((it) => it === code).length])) as never
}

/** The documents of a collection as they lie there, byte for byte. */
export const bytesOf = async (db: Db, collection: string): Promise<ReadonlyArray<string>> =>
  (
    await db
      .collection(collection)
      .find({}, { raw: true, sort: { _id: 1 } })
      .toArray()
  ).map((it) => Buffer.from(it as unknown as Uint8Array).toString("hex"))

/** The database of a test file; `scene()` makes a test's own collections in it. */
export const useScenes = () => {
  const database = useMongo()
  const commands: Array<CommandStartedEvent> = []
  let client: MongoClient
  let scenes = 0
  beforeAll(() => {
    if (!database.available) return
    client = new MongoClient(database.url, { monitorCommands: true })
    client.on("commandStarted", (event) => commands.push(event))
  })
  afterAll(() => client?.close())
  const scene = (
    options: { readonly collections?: MongoSink.Options["collections"]; readonly db?: Db; readonly at?: number } = {},
  ): Scene => {
    const number = options.at ?? ++scenes
    const db = options.db ?? client.db(database.name)
    const name = (entity: string) => `${entity}_${number}`
    const settings = Object.fromEntries(
      ["station", "operator", "tariff", "thing", ...Object.keys(options.collections ?? {})].map((entity) => {
        const given = options.collections?.[entity]
        return [entity, { ...(typeof given === "object" ? given : {}), name: name(entity) }]
      }),
    )
    const sink = MongoSink.make({
      db,
      collections: settings,
      bookkeeping: { jobs: name("jobs"), batches: name("batches"), images: name("images") },
    })
    return {
      db,
      sink,
      name,
      documents: (entity = "station") =>
        client
          .db(database.name)
          .collection(name(entity))
          .find({}, { sort: { code: 1 } })
          .toArray(),
      insert: async (documents, entity = "station") =>
        void (await client
          .db(database.name)
          .collection(name(entity))
          .insertMany(documents as Array<Document>)),
      plan: (batches, preferred) => run(planWith(sink, batches, preferred)),
      commit: (batches, planned, context) => commitWith(sink, batches, planned, context),
    }
  }
  return {
    scene,
    /** The number of the last scene, for one that shares its collections through another client. */
    last: () => scenes,
    database,
    /** What was sent to the server while something ran. */
    sentDuring: async <A>(action: () => Promise<A>): Promise<ReadonlyArray<CommandStartedEvent>> => {
      const before = commands.length
      await action()
      return commands.slice(before)
    },
    client: () => client,
  }
}

/** The same database as a server without transactions shows it: its answer to `hello` names no replica set. */
export const standalone = (db: Db): Db =>
  Object.assign(Object.create(db) as Db, {
    command: (command: Document) => ("hello" in command ? Promise.resolve({ ok: 1 }) : db.command(command)),
  })
