/**
 * The crash matrix as a command: faults at every call, kills at any moment, a tally. Exits with 1 where anything is wrong.
 *
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { createMongoDatabase, createPostgresDatabase, startMongo, startPostgres } from "@waybill-internal/databases"
import { type Arena, kill, type Tally } from "./kills.ts"
import { matrix, type Point } from "./matrix.ts"
import { memoryScene } from "./memoryScene.ts"
import { mongoArena } from "./mongoArena.ts"
import { mongoScene } from "./mongoScene.ts"
import { postgresArena } from "./postgresArena.ts"
import { postgresScene } from "./postgresScene.ts"
import { random } from "./random.ts"
import type { Scene } from "./Scene.ts"
import { trialsOf } from "./trials.ts"

const usage = `npm run crash -- [--postgres N] [--mongo N] [--seed N] [--sample N]

  --postgres N  kills of workers on PostgreSQL, 200 by default
  --mongo N     kills of workers on MongoDB, 100 by default
  --seed N      the seed of the moments, 1 by default
  --sample N    tries one in N calls on the databases, 1 by default; 0 tries no faults at all`

const log = (line: string): void => console.error(line)

const faults = async (scene: Scene, seed: number, sample: number): Promise<ReadonlyArray<Point>> => {
  const points: Array<Point> = []
  for (const trial of sample === 0 ? [] : await trialsOf(scene)) {
    const found = await matrix(scene, trial, {
      seed,
      moments: ["before", "after", "unknown", "stalled"],
      takes: (at) => (at + seed) % sample === 0,
      onPoint: ({ at, call, moment, wrong }) => {
        if (wrong !== null)
          log(
            `${scene.name}: ${trial.scenario.name}, ${trial.goal}, ${trial.transaction}, ${moment} call ${at}, ${call}: ${wrong}`,
          )
      },
    })
    points.push(...found)
    const passed = found.filter(({ wrong }) => wrong === null).length
    log(`${scene.name}: ${trial.scenario.name}, ${trial.goal}, ${trial.transaction}: ${passed} of ${found.length} faults passed`)
  }
  await scene.close()
  return points
}

const isClean = ({ doubled, lost, unfinished, wrongCounts }: Tally): boolean => lost + doubled + wrongCounts + unfinished === 0

const crash = async (
  kills: { readonly postgres: number; readonly mongo: number },
  seed: number,
  sample: number,
): Promise<boolean> => {
  const [postgres, mongo] = await Promise.all([startPostgres({ durable: false }), startMongo({ log })])
  try {
    const [forPostgres, forMongo] = await Promise.all([createPostgresDatabase(postgres), createMongoDatabase(mongo)])
    const points = [
      ...(await faults(memoryScene(), seed, Math.min(sample, 1))),
      ...(
        await Promise.all([
          faults(await postgresScene(forPostgres.url), seed, sample),
          faults(await mongoScene(forMongo.url, forMongo.name), seed, sample),
        ])
      ).flat(),
    ]
    const program = fileURLToPath(new URL("./child.js", import.meta.url))
    const within = async (arena: Arena): Promise<Tally> => {
      try {
        return await kill(arena, { kills: kills[arena.name], random: random(seed), program, log })
      } finally {
        await arena.close()
      }
    }
    const onPostgres = await within(await postgresArena(postgres.url, 100_000, 5_000))
    const onMongo = await within(await mongoArena(mongo.url, 100_000, 5_000))
    const faultsPassed = points.filter(({ wrong }) => wrong === null).length
    const result = { seed, sample, faultPoints: points.length, faultsPassed, postgres: onPostgres, mongo: onMongo }
    const folder = fileURLToPath(new URL("../../../bench/results", import.meta.url))
    await mkdir(folder, { recursive: true })
    await writeFile(`${folder}/crash.json`, `${JSON.stringify(result, null, 2)}\n`)
    console.log(`\n${faultsPassed} of ${points.length} faults passed`)
    console.table({ postgres: onPostgres, mongo: onMongo })
    return faultsPassed === points.length && isClean(onPostgres) && isClean(onMongo)
  } finally {
    await Promise.all([postgres.stop(), mongo.stop()])
  }
}

const { values } = parseArgs({
  options: {
    postgres: { type: "string", default: "200" },
    mongo: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    sample: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
})
const numbers = [values.postgres, values.mongo, values.seed, values.sample].map(Number)
if (values.help) console.log(usage)
else if (numbers.some((it) => !Number.isSafeInteger(it) || it < 0)) {
  console.error(`The options take whole numbers.\n\n${usage}`)
  process.exitCode = 2
} else {
  const [postgres, mongo, seed, sample] = numbers as [number, number, number, number]
  process.exitCode = (await crash({ postgres, mongo }, seed, sample)) ? 0 : 1
}
