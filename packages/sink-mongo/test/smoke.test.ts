import { describe, expect, it } from "vitest"
import { batchOf, counts, run, Station, stations, useScenes } from "./support.ts"

describe("smoke", () => {
  const { scene } = useScenes()
  for (const transaction of ["atomic", "batched"] as const)
    it(`runs ${transaction}`, async () => {
      const s = scene()
      const batches = [batchOf(Station, 0, stations(0, 1000)), batchOf(Station, 1, stations(1000, 500))]
      const planned = await s.plan(batches)
      const done = await run(s.commit(batches, planned, { transaction }))
      expect(counts(done).created).toBe(1500)
      expect(done.mismatches).toEqual([])
      const next = [batchOf(Station, 0, stations(0, 1000, { power: 50 })), batches[1]!]
      const again = await s.plan(next)
      expect(again[0]!.updates.length).toBe(1000)
      const second = await run(s.commit(next, again, { transaction, job: "job2" }))
      expect(counts(second)).toMatchObject({ updated: 1000, unchanged: 500 })
      expect(second.mismatches).toEqual([])
      expect((await s.documents()).length).toBe(1500)
    })
})
