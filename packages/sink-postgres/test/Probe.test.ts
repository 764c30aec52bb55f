/** A probe fails as `apply` would, naming the record, and leaves nothing: not in the target, not in the stage, not in the ledger. */
import { Entity, Field, Plan, type Sink } from "@waybill/core"
import { Effect, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { PostgresSink } from "../src/index.ts"
import { batches, plan, useDatabase } from "./harness.ts"

const database = useDatabase()

const Item = Entity.make("item", { schema: { key: Field.text(), count: Field.integer() }, key: "key" })
const ddl = `
  CREATE TABLE $S.allowed (count int PRIMARY KEY);
  INSERT INTO $S.allowed SELECT generate_series(0, 99);
  CREATE TABLE $S.item (key text PRIMARY KEY, count int NOT NULL REFERENCES $S.allowed DEFERRABLE INITIALLY DEFERRED CHECK (count >= 0));
  INSERT INTO $S.item VALUES ('k1', 50)`

const items = Array.from({ length: 6 }, (_, at) => ({ key: `k${at}`, count: at }))

const setUp = async (records: ReadonlyArray<object>) => {
  const schema = await database.schema(ddl)
  const sink = PostgresSink.make({ pool: database.pool, schema, tables: { item: PostgresSink.table(`${schema}.item`) } })
  const planned = await plan(sink, [[Item, batches(Item, records as never, 10)]])
  const rows = () => database.rows(`SELECT key, count FROM ${schema}.item ORDER BY key`)
  return { schema, sink, rows, records: planned.get(Item)![0]! }
}

const context = { job: "j", token: 1, planHash: "", onConflict: "abort", entities: [Item] } as const

describe("a probe", () => {
  it("of records that the target takes leaves nothing, and they can be applied and verified", async () => {
    const { records, rows, schema, sink } = await setUp(items)
    const before = await rows()
    const { mismatches, probed } = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sink.commit({ ...context, transaction: "batched" })
          session.prepare?.(records.batch, records.planned)
          // half of the batch, as the engine looks for a bad record
          const half = Plan.refuse(records.planned, new Map([0, 1, 2].map((at) => [at, []])))
          yield* session.probe!(records.batch, half)
          yield* session.probe!(records.batch, records.planned)
          const probed = yield* Effect.promise(() =>
            database.rows(`SELECT (SELECT count(*)::int FROM ${schema}.batch), (SELECT sum(count)::int FROM ${schema}.item)`),
          )
          yield* session.apply(records.batch, half)
          // whatever else the stage has now would be told as missing
          const mismatches = yield* Stream.runCollect(session.verify(Item, Stream.make(records)))
          return { mismatches, probed }
        }),
      ),
    )
    expect(probed).toEqual([{ count: 0, sum: 50 }])
    expect(mismatches).toEqual([])
    expect(await rows()).toEqual([...before, ...items.slice(3)])
  })

  it("fails with the record that is refused, also for what the server looks at only when a transaction ends", async () => {
    const { records, rows, sink } = await setUp(items.map((it, at) => (at === 4 ? { ...it, count: 5_000 } : it)))
    const before = await rows()
    const told = (effect: Effect.Effect<unknown, Sink.SinkError>) =>
      Effect.map(Effect.flip(effect), ({ reason, refused }) => [reason, refused?.index, refused?.constraint])
    const errors = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sink.commit({ ...context, transaction: "batched" })
          return [
            yield* told(session.probe!(records.batch, records.planned)),
            yield* told(session.apply(records.batch, records.planned)),
          ]
        }),
      ),
    )
    expect(errors[0]).toEqual(["DataRefused", 4, "item_count_fkey"])
    expect(errors[0]).toEqual(errors[1])
    expect(await rows()).toEqual(before)
  })

  it("meets a key that has appeared as apply does, and keeps the fence", async () => {
    const { records, rows, schema, sink } = await setUp(items)
    await database.rows(`INSERT INTO ${schema}.item VALUES ('k5', 5)`)
    const before = await rows()
    const reason = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sink.commit({ ...context, transaction: "batched" })
          yield* session.probe!(records.batch, records.planned)
          yield* Effect.scoped(sink.commit({ ...context, token: 2, transaction: "batched" }))
          return (yield* Effect.flip(session.probe!(records.batch, records.planned))).reason
        }),
      ),
    )
    expect(reason).toBe("Fenced")
    expect(await rows()).toEqual(before)
  })

  it("is for batches that stand alone: an atomic session has none", async () => {
    const { sink } = await setUp(items)
    const probe = await Effect.runPromise(
      Effect.scoped(Effect.map(sink.commit({ ...context, transaction: "atomic" }), (session) => session.probe)),
    )
    expect(probe).toBeUndefined()
  })
})
