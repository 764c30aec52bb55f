/** Calls of imports and of undos on stores and sink in memory, at every moment: they end as if nothing had interrupted them. */
import { describe, expect, it } from "vitest"
import { matrix, whole } from "../src/matrix.ts"
import { memoryScene } from "../src/memoryScene.ts"
import { mirrorImport } from "../src/mirrorImport.ts"
import { smallImport } from "../src/smallImport.ts"
import { trials } from "../src/trials.ts"

it("the import that is tried has something of everything", async () => {
  for (const transaction of ["atomic", "batched"] as const) {
    const { calls, ending } = await whole(memoryScene(), { scenario: smallImport, transaction, hashed: true, goal: "import" })
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
  const { calls, ending } = await whole(memoryScene(), {
    scenario: smallImport,
    transaction: "batched",
    hashed: true,
    goal: "undo",
  })
  expect(ending).toMatchObject({ status: "partial", failure: null, undo: { kept: 3, errored: 0 } })
  expect(calls).toContain("undo.revert")
})

it.each(["atomic", "batched"] as const)(
  "the mirror that is tried deletes, keeps what people edited, and is taken back: %s",
  async (transaction) => {
    const { calls, ending } = await whole(memoryScene(), { scenario: mirrorImport, transaction, hashed: true, goal: "import" })
    // in batches one category is refused, for somebody refers to it meanwhile
    const refused = transaction === "batched" ? 1 : 0
    const kept = { product: { kept: { title: 3 } } }
    expect(ending).toMatchObject({
      status: "partial",
      failure: null,
      counts: { created: 4, updated: 5, deleted: 11 - refused, conflict: 2, failed: refused, entities: kept },
      // what an undo brings back is compared with what the commit found in `whole`
      back: { status: "success", undo: { reversed: 20 - refused, kept: 0, errored: 0 }, issues: [], planned: { entities: kept } },
    })
    expect(ending.issues.map(({ code }) => code).sort()).toEqual([
      "conflict",
      "conflict",
      ...(refused ? ["sink.referenced"] : []),
    ])
    for (const call of ["plan.missing", "plan.missing.records.element"]) expect(calls).toContain(call)
  },
)

it("the undo of the mirror that is tried keeps what somebody made again", async () => {
  const { ending } = await whole(memoryScene(), { scenario: mirrorImport, transaction: "batched", hashed: true, goal: "undo" })
  expect(ending).toMatchObject({ status: "partial", failure: null, undo: { kept: 3, errored: 0 } })
})

describe.each(trials)("$scenario.name, $goal, $transaction, source with a hash: $hashed", (trial) => {
  it("whichever call a worker dies or stands still at, the next one ends it", async () => {
    const { calls } = await whole(memoryScene(), trial)
    // `npm run crash` tries all of them; of a mirror each takes four imports
    const takes = (at: number): boolean => at % (trial.scenario === smallImport ? 3 : 10) === 1
    const points = await matrix(memoryScene(), trial, { seed: 1, moments: ["before", "after", "unknown", "stalled"], takes })
    expect(points.filter(({ wrong }) => wrong !== null)).toEqual([])
    expect(points.filter(({ moment }) => moment === "stalled").length).toBeGreaterThan(3)
    for (const moment of ["before", "after", "unknown"])
      expect(points.filter((it) => it.moment === moment)).toHaveLength(calls.filter((_, at) => takes(at)).length)
  })
})
