/** The engine over collections: what the server refuses is left out of a batch, and a whole job is taken back. */
import { Cell, Engine, Entity, Field, Import, JobStore, type Sink } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, References, Schema } from "effect"
import { Double } from "mongodb"
import { describe, expect, it } from "vitest"
import { type Scene, useScenes } from "./support.ts"

const { scene } = useScenes()

const Thing = Entity.make("thing", {
  schema: { code: Field.text(), title: Field.text(), power: Field.number() },
  key: "code",
})

const thingsOf = (sink: Sink.Sink, transaction: Sink.Transaction, batch: number) =>
  Import.make({
    name: "things",
    row: Schema.Struct({ code: Cell.text(), title: Cell.text(), power: Cell.number() }),
    entities: [Thing],
    map: Import.columns(Thing),
    allowPartial: true,
    transaction,
    limits: { batch },
    sink,
  })

const feed = (rows: ReadonlyArray<ReadonlyArray<unknown>>) =>
  TestSource.make({ columns: ["code", "title", "power"], rows, pageRows: 1_000 })

const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(
    (effect as Effect.Effect<A, E>).pipe(
      Effect.provide(Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)),
      Effect.provideService(References.MinimumLogLevel, "None"),
    ),
  )

const issuesOf = (id: string) => Effect.flatMap(JobStore.JobStore, (store) => store.issues(id))

const refuseAbove = (s: Scene, power: number) =>
  Effect.promise(() => s.db.command({ collMod: s.name("thing"), validator: { power: { $lt: power } } }))

const byCode = async (s: Scene) => (await s.documents("thing")).sort((a, b) => (a["code"] < b["code"] ? -1 : 1))

describe("a batch of 5,000 of which the server refuses 3", () => {
  const rows = Array.from({ length: 5_000 }, (_, at) => [`T${at}`, `Thing ${at}`, at % 2_000 === 7 ? 500 : 5])
  const commit = async (transaction: Sink.Transaction) => {
    const s = scene()
    await s.insert([{ code: "mine", title: "Mine", power: new Double(1) }], "thing")
    return run(
      Effect.gen(function* () {
        const d = thingsOf(s.sink, transaction, 5_000)
        const pending = yield* Engine.validate(d, feed(rows))
        expect(pending.counts).toMatchObject({ created: 5_000, failed: 0 })
        yield* refuseAbove(s, 100)
        const job = yield* Engine.commit(d, pending.id)
        const issues = (yield* issuesOf(job.id)).map(({ code, ref }) => [ref, code])
        return { issues, job, codes: (yield* Effect.promise(() => byCode(s))).map((it) => String(it["code"])) }
      }),
    )
  }
  const refs = [8, 2_008, 4_008].map((label) => [`test:${label}`, "sink.121"])

  it("takes 4,997 of them in, and tells the 3 with their refs (batched)", async () => {
    const { codes, issues, job } = await commit("batched")
    expect(job).toMatchObject({ status: "partial", counts: { created: 4_997, failed: 3 } })
    expect(issues).toEqual(refs)
    expect(codes).toHaveLength(4_998)
    expect(codes).not.toContain("T2007")
  })

  it("takes none of them in, and tells the 3 with their refs (atomic)", async () => {
    const { codes, issues, job } = await commit("atomic")
    expect(job).toMatchObject({ status: "failed", counts: { created: 0 } })
    expect(issues).toEqual(refs)
    expect(codes).toEqual(["mine"])
  })
})

describe.each(["atomic", "batched"] as const)("an undo of a job (%s)", (transaction) => {
  it("gives back what nobody touched, keeps the rest, and lets the file be imported again", async () => {
    const s = scene()
    await s.insert(
      [
        { code: "T2", own: [1, null], title: "Before", power: "strange" },
        { code: "Z9", title: "Other", power: new Double(9) },
      ],
      "thing",
    )
    const before = await byCode(s)
    const source = feed([1, 2, 3, 4].map((at) => [`T${at}`, `Thing ${at}`, at]))
    await run(
      Effect.gen(function* () {
        const d = thingsOf(s.sink, transaction, 2)
        const job = yield* Engine.run(d, source)
        expect(job).toMatchObject({ status: "success", counts: { created: 3, updated: 1 } })
        yield* Effect.promise(() => s.db.collection(s.name("thing")).updateOne({ code: "T4" }, { $set: { title: "Edited" } }))
        const preview = yield* Engine.previewUndo(d, job.id)
        expect(preview).toMatchObject({ reversed: 3, kept: 1, errored: 0 })
        const undo = yield* Engine.undo(d, job.id)
        expect(undo).toMatchObject({ status: "partial", undo: { reversed: 3, kept: 1, errored: 0 } })
        expect((yield* issuesOf(undo.id)).map(({ code, value }) => [code, value])).toEqual([["undo.kept", "T4"]])
        const now = yield* Effect.promise(() => byCode(s))
        expect(now.filter((it) => it["code"] !== "T4")).toEqual(before)
        const again = yield* Engine.run(d, source)
        expect(again).toMatchObject({ status: "success", counts: { created: 2, updated: 2, failed: 0 } })
      }),
    )
  })
})
