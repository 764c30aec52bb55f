/** Fields that are not all the feed's, in collections: nested paths, breaks at any command, and that others pay nothing. */
import { Cell, Engine, Entity, Field, Import, Ownership, Plan, type Sink } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Exit, Layer, References, Schema, Stream } from "effect"
import type { CommandStartedEvent } from "mongodb"
import { describe, expect, inject, it } from "vitest"
import * as MongoSink from "../src/MongoSink.ts"
import { cutOff } from "./cutOff.ts"
import { batchOf, commitWith, planWith, run, type Scene, standalone, undoWith, useScenes } from "./support.ts"

const { database, scene } = useScenes()

const Station = Entity.make("station", {
  schema: {
    code: Field.text(),
    name: Field.text(),
    power: Field.nullable(Field.decimal({ precision: 8, scale: 2 })),
    note: Field.optional(Field.nullable(Field.text())),
  },
  key: "code",
  ownership: { power: "keepEdits", note: "keepEdits", name: "whenEmpty" },
})
const fields = { power: "specs.max.power", note: "specs.note" }

const sinkOf = (s: Scene, db = s.db): Sink.Sink =>
  MongoSink.make({
    db,
    collections: { station: { name: s.name("station"), fields } },
    bookkeeping: { jobs: s.name("jobs"), batches: s.name("batches"), images: s.name("images"), written: s.name("written") },
  })

const records = (power: string, note: string | null) => ["A", "B", "C", "D"].map((code) => ({ code, name: "N", power, note }))
const batchesOf = (power: string, note: string | null) => {
  const all = records(power, note)
  return [batchOf(Station, 0, all.slice(0, 2)), batchOf(Station, 1, all.slice(2))]
}

// the batches and plans as the engine sends them
const planned = async (sink: Sink.Sink, power: string, note: string | null) => {
  const batches = batchesOf(power, note)
  const plans = (await run(planWith(sink, batches))).map((it) => Ownership.settle(Station, it))
  return { plans, batches: batches.map((batch, at) => Ownership.effective(batch, plans[at]!)) }
}

const told = async (sink: Sink.Sink) => {
  const { plans } = await planned(sink, "99.00", "told")
  return plans.flatMap(({ kept = [], part }) =>
    kept.map(({ fields: all, index }) => [
      ["A", "B", "C", "D"][part * 2 + index],
      ...all.map(({ field, why }) => `${field}: ${why}`),
    ]),
  )
}

const ways: ReadonlyArray<readonly [string, Sink.Transaction, boolean]> = [
  ["atomic", "atomic", false],
  ["batched", "batched", false],
  ["on a standalone server", "batched", true],
]

describe.each(ways)("owned fields, %s", (_, transaction, alone) => {
  // lets a worker die at a command of its own; tells whether it came to its end before
  const dyingAt = async (
    s: Scene,
    isLast: (event: CommandStartedEvent, number: number) => boolean,
    answered: boolean,
    work: (sink: Sink.Sink) => Effect.Effect<unknown, Sink.SinkError>,
  ): Promise<boolean> => {
    const before = answered ? "its answer comes in" : "it goes out"
    const { exit, isCut } = await cutOff({ database, alone, isLast, before }, (db) => work(sinkOf(s, db)))
    return Exit.isSuccess(exit) && !isCut
  }

  // before a command goes out and before its answer comes in, in turns, at other commands in each run
  it("are noted with what is written, and set back with what is taken back, wherever a worker dies", {
    timeout: 120_000,
  }, async () => {
    for (let at = 1 + (inject("runSeed") % 11), isDone = false; !isDone; at += 11) {
      const s = scene()
      const sink = sinkOf(s, alone ? standalone(s.db) : s.db)
      const first = await planned(sink, "1.50", null)
      await run(commitWith(sink, first.batches, first.plans, { transaction, job: "first" }))
      const second = await planned(sink, "2.50", "ours")
      const isAnswered = at % 2 === 0
      const isLast = (_: CommandStartedEvent, number: number) => number === at
      const committed = await dyingAt(s, isLast, isAnswered, (it) =>
        commitWith(it, second.batches, second.plans, { transaction }),
      )
      await run(commitWith(sink, second.batches, second.plans, { transaction, token: 2 }))
      expect(await told(sink), `committed, broken off at ${at}`).toEqual([])
      const undone = await dyingAt(s, isLast, isAnswered, (it) => undoWith(it, second.batches, second.plans, { transaction }))
      await run(undoWith(sink, second.batches, second.plans, { transaction, token: 2 }))
      expect(await told(sink), `taken back, broken off at ${at}`).toEqual([])
      // what the job wrote is an edit by now
      await s.db.collection(s.name("station")).updateMany({}, { $set: { "specs.max.power": 2.5 } })
      expect((await told(sink)).flat()).toContain("power: edited")
      isDone = committed && undone
    }
  })

  it.each(["before it goes out", "before its answer comes in"])(
    "are noted where a worker dies at just that, %s",
    async (when) => {
      const s = scene()
      const sink = sinkOf(s, alone ? standalone(s.db) : s.db)
      const first = await planned(sink, "1.50", null)
      const isNoting = ({ command, commandName }: CommandStartedEvent) =>
        commandName === "update" && command["update"] === s.name("written")
      const isWhole = await dyingAt(s, isNoting, when !== "before it goes out", (it) =>
        commitWith(it, first.batches, first.plans, { transaction }),
      )
      expect(isWhole).toBe(false)
      await run(commitWith(sink, first.batches, first.plans, { transaction, token: 2 }))
      expect(await told(sink)).toEqual([])
    },
  )

  it("are kept in nested documents too, and what is kept may change until the commit", async () => {
    const s = scene()
    const sink = sinkOf(s, alone ? standalone(s.db) : s.db)
    const stations = s.db.collection(s.name("station"))
    const first = await planned(sink, "1.50", null)
    await run(commitWith(sink, first.batches, first.plans, { transaction, job: "first" }))
    await stations.updateOne({ code: "A" }, { $set: { "specs.note": "by hand" } })
    await stations.insertOne({ code: "Z", name: "theirs" })
    await stations.updateOne({ code: "B" }, { $set: { name: "" } })
    const second = await planned(sink, "2.50", "ours")
    expect(second.plans[0]!.kept).toEqual([
      { index: 0, fields: [{ field: "note", target: "by hand", feed: "ours", why: "edited" }] },
    ])
    await stations.updateOne({ code: "A" }, { $set: { "specs.note": "by another hand" } })
    const { applied, mismatches } = await run(commitWith(sink, second.batches, second.plans, { transaction }))
    expect(applied.flatMap(({ conflicts }) => conflicts)).toEqual([])
    expect(mismatches).toEqual([])
    expect((await s.documents()).map(({ code, name, specs }) => [code, name, String(specs?.max?.power), specs?.note])).toEqual([
      ["A", "N", "2.50", "by another hand"],
      ["B", "N", "2.50", "ours"],
      ["C", "N", "2.50", "ours"],
      ["D", "N", "2.50", "ours"],
      ["Z", "theirs", "undefined", undefined],
    ])
    expect(await run(planWith(sink, second.batches)).then((all) => all.every(Plan.isIdle))).toBe(true)
  })
})

describe("an import", () => {
  const of = (sink: Sink.Sink, ownership: NonNullable<Entity.Options<typeof Station.schemas>["ownership"]>) => {
    const Own = Entity.make("station", { schema: Station.schemas, key: "code", ownership })
    return Import.make({
      name: "stations",
      row: Schema.Struct({
        code: Cell.text(),
        name: Cell.text(),
        power: Cell.optional(Cell.decimal({ precision: 8, scale: 2 })),
      }),
      entities: [Own],
      map: (row) => [Own.of(row)],
      sink,
    })
  }
  const feed = (...rows: ReadonlyArray<ReadonlyArray<string | null>>) =>
    TestSource.make({ columns: ["code", "name", "power"], rows })
  const engine = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
    Effect.runPromise(
      (effect as Effect.Effect<A, E>).pipe(
        Effect.provide(Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)),
        Effect.provideService(References.MinimumLogLevel, "None"),
      ),
    )
  const names = async (s: Scene) => (await s.db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)

  it("keeps what somebody edited, from the preview to the undo", async () => {
    const s = scene()
    const definition = of(sinkOf(s), { power: "keepEdits" })
    await engine(
      Effect.gen(function* () {
        yield* Engine.run(definition, feed(["A", "One", "1.00"], ["B", "Two", "1.00"]))
        yield* Effect.promise(() =>
          s.db.collection(s.name("station")).updateOne({ code: "A" }, { $set: { "specs.max.power": 7 } }),
        )
        const job = yield* Engine.run(definition, feed(["A", "One!", "2.00"], ["B", "Two", "2.00"]))
        expect(job).toMatchObject({ status: "success", counts: { updated: 2 } })
        expect(job.counts.entities["station"]?.kept).toEqual({ power: 1 })
        expect((yield* Stream.runCollect(Engine.changes(definition, job.id)))[0]?.kept).toMatchObject([
          { field: "power", why: "edited" },
        ])
        expect((yield* Engine.undo(definition, job.id)).undo).toMatchObject({ reversed: 2, kept: 0 })
        const again = yield* Engine.validate(definition, feed(["A", "One", "3.00"], ["B", "Two", "3.00"]))
        expect(again.counts).toMatchObject({ updated: 1, unchanged: 1 })
      }),
    )
    expect(await names(s)).toContain(s.name("written"))
  })

  it("that has no such field makes no collection for it", async () => {
    const s = scene()
    await engine(Engine.run(of(sinkOf(s), { power: "whenEmpty", name: "atCreation" }), feed(["A", "One", "1.00"])))
    expect(await names(s)).toContain(s.name("batches"))
    expect(await names(s)).not.toContain(s.name("written"))
  })
})
