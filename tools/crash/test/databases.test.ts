/** A sample of the calls of an import on real databases; `npm run crash` tries all of them. */
import { useMongo, usePostgres } from "@waybill-internal/databases/testing"
import { describe, expect, it } from "vitest"
import { matrix } from "../src/matrix.ts"
import { mongoScene } from "../src/mongoScene.ts"
import { postgresScene } from "../src/postgresScene.ts"
import { trialsOf } from "../src/trials.ts"

const postgres = usePostgres()
const mongo = useMongo()

const scenes = {
  postgres: () => postgresScene(postgres.url),
  mongo: () => mongoScene(mongo.url, mongo.name),
}

describe.each(["postgres", "mongo"] as const)("%s", (name) => {
  it("whichever call a worker dies or stands still at, the next one ends it", async () => {
    const scene = await scenes[name]()
    try {
      for (const [offset, trial] of (await trialsOf(scene)).entries()) {
        const points = await matrix(scene, trial, {
          seed: 1,
          moments: ["before", "after", "stalled"],
          takes: (at) => at % 61 === 5 + offset * 9,
        })
        expect(points.length).toBeGreaterThan(0)
        expect(points.filter(({ wrong }) => wrong !== null)).toEqual([])
      }
    } finally {
      await scene.close()
    }
  })
})
