/** A sample of the calls of an import on real databases; `npm run crash` tries all of them. */
import { useMongo, usePostgres } from "@waybill-internal/databases/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { matrix, type Trial, whole } from "../src/matrix.ts"
import { memoryScene } from "../src/memoryScene.ts"
import { mirrorImport } from "../src/mirrorImport.ts"
import { mongoScene } from "../src/mongoScene.ts"
import { postgresScene } from "../src/postgresScene.ts"
import type { Scene } from "../src/Scene.ts"
import { smallImport } from "../src/smallImport.ts"
import { trials } from "../src/trials.ts"

const postgres = usePostgres()
const mongo = useMongo()

const scenes = {
  postgres: () => postgresScene(postgres.url),
  mongo: () => mongoScene(mongo.url, mongo.name),
}

// of a mirror one, in the midst of its writes, for each takes four imports
const takes = ({ goal, scenario }: Trial, offset: number): ((at: number) => boolean) =>
  scenario === smallImport ? (at) => at % 61 === 5 + offset * 9 : (at) => at === (goal === "import" ? 100 : 5) + offset * 3

describe.each(["postgres", "mongo"] as const)("%s", (name) => {
  let scene: Scene
  beforeAll(async () => {
    scene = await scenes[name]()
  })
  afterAll(() => scene?.close())

  it.each(trials.map((trial, offset) => [trial.scenario.name, trial.goal, trial.transaction, offset] as const))(
    "%s, %s, %s: whichever call a worker dies or stands still at, the next one ends it",
    async (...[, , , offset]) => {
      const trial = trials[offset]!
      const points = await matrix(scene, trial, {
        seed: 1,
        moments: trial.scenario === smallImport ? ["before", "after", "stalled"] : ["after", "stalled"],
        takes: takes(trial, offset),
      })
      expect(points.length).toBeGreaterThan(0)
      expect(points.filter(({ wrong }) => wrong !== null)).toEqual([])
    },
  )

  it("a mirror that nobody interrupts comes to the same counts as in memory", async () => {
    for (const trial of trials.filter(({ goal, scenario }) => goal === "import" && scenario === mirrorImport)) {
      const inMemory = await whole(memoryScene(), trial)
      const { issuesByCode, ...counts } = (await whole(scene, trial)).ending.counts
      expect(inMemory.ending.counts).toMatchObject(counts)
      expect(issuesByCode["conflict"]).toBe(2)
    }
  })
})
