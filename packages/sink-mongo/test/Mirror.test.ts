/** Mirrors over collections: what is missing is found by key and scope, and nothing else of it is touched. */
import { Cell, Engine, Entity, Field, Import, Mirror, type Sink } from "@waybill/core"
import { MemoryJobStore, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, References, Schema } from "effect"
import { Double, Long } from "mongodb"
import { describe, expect, it } from "vitest"
import { useScenes } from "./support.ts"

const { scene } = useScenes()

const Thing = Entity.make("thing", {
  schema: {
    code: Field.text(),
    country: Field.nullable(Field.text()),
    power: Field.number(),
    place: Field.optional(Field.json()),
    state: Field.text(),
  },
  key: "code",
})

const thingsOf = (sink: Sink.Sink, scope: { country?: string | null } = {}) =>
  Import.make({
    name: "things",
    row: Schema.Struct({ code: Cell.text(), country: Cell.optional(Cell.text()), power: Cell.number() }),
    entities: [Thing],
    map: (row) => [Thing.of({ ...row, state: "listed" })],
    mirrors: [Mirror.mark(Thing, { set: { state: "gone" }, scope, maxShare: 0.5 })],
    sink,
  })

const feed = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => TestSource.make({ columns: ["code", "country", "power"], rows })

const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(
    (effect as Effect.Effect<A, E>).pipe(
      Effect.provide(Layer.merge(MemoryJobStore.layer, MemorySnapshotStore.layer)),
      Effect.provideService(References.MinimumLogLevel, "Warn"),
    ),
  )

describe("a mirror", () => {
  it("marks documents, and leaves all else of them as it is", async () => {
    const s = scene()
    await s.insert(
      [
        { code: "A", country: "PT", power: new Double(1), place: { z: 1, a: [1.5, null] }, state: "listed", note: "mine" },
        { code: "B", country: "PT", power: new Double(2), state: "listed" },
        { code: "C", country: "PT", power: "strange", tags: [Long.fromString("9007199254740993")], state: "listed" },
        { code: "D", country: "PT", power: new Double(4), state: "listed" },
      ],
      "thing",
    )
    const before = await s.documents("thing")
    const rows = [
      ["B", "PT", 2],
      ["D", "PT", 4],
    ]
    const job = await run(Engine.run(thingsOf(s.sink), feed(rows)))
    expect(job).toMatchObject({ status: "success", counts: { updated: 2, unchanged: 2, entities: { thing: { missing: 2 } } } })
    expect(await s.documents("thing")).toEqual(
      before.map((it) => (it["code"] === "A" || it["code"] === "C" ? { ...it, state: "gone" } : it)),
    )
    const again = await run(Engine.run(thingsOf(s.sink), feed(rows)))
    expect(again.counts).toMatchObject({ updated: 0, entities: { thing: { missing: 0 } } })
  })

  it("keeps to its scope, which may be null, and counts its share there", async () => {
    const s = scene()
    const of = (country: string | null) => [1, 2, 3, 4].map((nr) => [`${country ?? "none"}${nr}`, country, nr])
    await run(Engine.run(thingsOf(s.sink), feed([...of("PT"), ...of(null)])))
    await s.insert([{ code: "absent", state: "listed" }], "thing")
    const own = thingsOf(s.sink, { country: null })
    const lost = await run(Engine.run(own, feed(of(null).slice(0, 1))))
    expect(lost).toMatchObject({ status: "failed", failure: { code: "mirror.share" } })
    expect(lost.failure!.message).toContain("3 of 4 records")
    expect((await run(Engine.run(own, feed(of(null).slice(0, 2))))).status).toBe("success")
    const gone = (await s.documents("thing")).filter(({ state }) => state === "gone").map(({ code }) => String(code))
    expect(gone.sort()).toEqual(["none3", "none4"])
  })
})
