/** Commits that are cut off at a command: the next session goes on from there. */
import type { Sink } from "@waybill/core"
import { Exit } from "effect"
import type { Db, Document } from "mongodb"
import { describe, expect, it } from "vitest"
import * as MongoSink from "../src/MongoSink.ts"
import { atSomeCommands, type Cut, cutOff } from "./cutOff.ts"
import { batchOf, commitWith, counts, run, type Scene, Station, standalone, stations, useScenes } from "./support.ts"

const { database, scene } = useScenes()

const batches = [
  batchOf(Station, 0, stations(100, 4)),
  batchOf(Station, 1, [...stations(0, 3, { power: 50 }), ...stations(104, 2), ...stations(3, 1)]),
  batchOf(Station, 2, stations(4, 2, { power: null })),
]
const expected = { created: 6, updated: 5, unchanged: 1, deleted: 0, conflict: 0, failed: 0 }

/** How many of the batches a collection shows as applied, part by part; a batch that is neither there nor not is an error. */
const appliedParts = (documents: ReadonlyArray<Document>): ReadonlyArray<boolean> => {
  const power = new Map(documents.map((it) => [it["code"], it["power"]]))
  return [
    ["S100", "S101", "S102", "S103"].map((code) => power.has(code)),
    [...["S0", "S1", "S2"].map((code) => power.get(code) === 50), power.has("S104"), power.has("S105")],
    ["S4", "S5"].map((code) => power.get(code) === null),
  ].map((signs) => {
    expect(new Set(signs).size, "a batch is applied in part").toBe(1)
    return signs[0]!
  })
}

const sinkOn = (s: Scene, db: Db) =>
  MongoSink.make({
    db,
    collections: { station: s.name("station") },
    bookkeeping: { jobs: s.name("jobs"), batches: s.name("batches") },
  })

const prepared = async () => {
  const s = scene()
  await s.insert(stations(0, 6))
  return { s, planned: await s.plan(batches) }
}

const ways: ReadonlyArray<readonly [string, Sink.Transaction, boolean]> = [
  ["atomic", "atomic", false],
  ["batched", "batched", false],
  ["batched without transactions", "batched", true],
]
describe.each(ways)("a commit that is cut off, %s", (_, transaction, alone) => {
  const commitCut = (s: Scene, planned: Parameters<typeof commitWith>[2], cut: Cut | null) =>
    cutOff({ database, alone, isLast: cut && ((_, number) => number === cut.at), before: cut?.before ?? "it goes out" }, (db) =>
      commitWith(sinkOn(s, db), batches, planned, { transaction }),
    )

  it("before a command goes out or its answer comes in, whichever it is: a new session goes on, and ends with the same counts", async () => {
    const whole = await prepared()
    const undisturbed = await commitCut(whole.s, whole.planned, null)
    expect(Exit.map(undisturbed.exit, counts)).toEqual(Exit.succeed(expected))

    await atSomeCommands(undisturbed.sent, async (cut) => {
      const { planned, s } = await prepared()
      const { exit } = await commitCut(s, planned, cut)
      const done = alone ? [] : appliedParts(await s.documents())
      if (transaction === "atomic") expect(new Set(done).size, "an atomic commit is applied in part").toBe(1)
      // the last commands only say goodbye
      if (cut.at <= undisturbed.sent - 4) expect(Exit.isFailure(exit), JSON.stringify(cut)).toBe(true)
      if (Exit.isSuccess(exit)) expect(done.every((it) => it)).toBe(true)
      const sink = alone ? sinkOn(s, standalone(s.db)) : s.sink
      const second = await run(commitWith(sink, batches, planned, { transaction, token: 2 }))
      if (!alone) expect(second.checkpoint).toEqual(done.flatMap((it, part) => (it ? [`station/${part}`] : [])))
      expect(counts(second), JSON.stringify(cut)).toEqual(expected)
      expect(second.mismatches).toEqual([])
      expect(appliedParts(await s.documents())).toEqual([true, true, true])
      expect((await s.documents()).length).toBe(12)
    })
  })
})
