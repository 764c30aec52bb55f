/** Every call of an import and of an undo on stores and sink in memory, at every moment: it ends as if nothing had interrupted it. */
import { describe, expect, it } from "vitest"
import { matrix, whole } from "../src/matrix.ts"
import { memoryScene } from "../src/memoryScene.ts"
import { trials } from "../src/trials.ts"

it("the import that is tried has something of everything", async () => {
  for (const transaction of ["atomic", "batched"] as const) {
    const { calls, ending } = await whole(memoryScene(), { transaction, hashed: true, goal: "import" })
    expect(ending).toMatchObject({
      status: "partial",
      failure: null,
      counts: { created: 228, updated: 6, unchanged: 7, conflict: 2, rejected: 1, skipped: 1, candidates: 2 },
    })
    expect(ending.issues.map(({ code }) => code)).toEqual(["cell.decimal", "conflict", "conflict"])
    for (const call of ["jobs.save", "parts.put", "plan.plan.element", "commit.apply", "commit.verify"])
      expect(calls).toContain(call)
  }
})

it("the undo that is tried takes back all but what somebody changed", async () => {
  const { calls, ending } = await whole(memoryScene(), { transaction: "batched", hashed: true, goal: "undo" })
  expect(ending).toMatchObject({ status: "partial", failure: null, undo: { kept: 3, errored: 0 } })
  expect(calls).toContain("undo.revert")
})

describe.each(trials)("$goal, $transaction, source with a hash: $hashed", (trial) => {
  it("whichever call a worker dies or stands still at, the next one ends it", async () => {
    const { calls } = await whole(memoryScene(), trial)
    const points = await matrix(memoryScene(), trial, { seed: 1, moments: ["before", "after", "unknown", "stalled"] })
    expect(points.filter(({ wrong }) => wrong !== null)).toEqual([])
    expect(points.filter(({ moment }) => moment === "stalled").length).toBeGreaterThan(10)
    for (const moment of ["before", "after", "unknown"])
      expect(points.filter((it) => it.moment === moment)).toHaveLength(calls.length)
  })
})
