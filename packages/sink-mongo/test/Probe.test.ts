import type { Sink } from "@waybill/core"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { batchOf, bytesOf, openCommit, run, Station, standalone, stations, useScenes } from "./support.ts"

const { client, last, scene } = useScenes()

describe("a probe", () => {
  it("fails and succeeds as apply would, writes nothing, and leaves the session as it was", async () => {
    const s = scene()
    await client()
      .db(s.db.databaseName)
      .createCollection(s.name("station"), { validator: { power: { $gt: 0 } } })
    await s.insert(stations(0, 1))
    const bad = batchOf(Station, 0, [...stations(0, 1, { power: 50 }), ...stations(10, 1), ...stations(11, 1, { power: -1 })])
    const good = batchOf(Station, 1, [...stations(0, 1, { power: 50 }), ...stations(10, 1)])
    const planned = await s.plan([bad, good])
    const before = await bytesOf(s.db, s.name("station"))
    await run(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* openCommit(s.sink, [bad])
          const refused = { reason: "DataRefused", code: "121", refused: { index: 2, constraint: "validator" } }
          expect(yield* Effect.flip(session.apply(bad, planned[0]!))).toMatchObject(refused)
          expect(yield* Effect.flip(session.probe!(bad, planned[0]!))).toMatchObject(refused)
          yield* session.probe!(good, planned[1]!)
          yield* session.probe!(good, planned[1]!)
          expect(yield* Effect.promise(() => bytesOf(s.db, s.name("station")))).toEqual(before)
          expect([...(yield* session.apply(good, planned[1]!)).outcomes]).toEqual([2, 1])
        }),
      ),
    )
  })

  it("is only there where a batch can be taken back by itself", async () => {
    const s = scene()
    const one = [batchOf(Station, 0, stations(0, 1))]
    const has = (sink: Sink.Sink, transaction: Sink.Transaction) =>
      run(Effect.scoped(Effect.map(openCommit(sink, one, { transaction }), ({ probe }) => probe !== undefined)))
    expect(await has(s.sink, "batched")).toBe(true)
    expect(await has(s.sink, "atomic")).toBe(false)
    expect(await has(scene({ db: standalone(s.db), at: last() }).sink, "batched")).toBe(false)
  })
})
