/**
 * The fuzzer as a command: reads mutants, prints its tally, keeps what must not be as reproducers. Exits with 1 where there is any.
 *
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { availableParallelism } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { attempt } from "./attempt.ts"
import { type Campaign, campaign } from "./campaign.ts"
import type { Place } from "./guarded.ts"
import { judge, minimize } from "./minimize.ts"
import type { Mutant } from "./mutant.ts"
import { seeds } from "./seeds.ts"

const usage = `npm run fuzz -- [--iterations N] [--seed N] [--processes N]
npm run fuzz -- --replay FILE

  --iterations N  how many mutants are read, 100,000 by default
  --seed N        which ones, 1 by default: the same seed makes the same mutants
  --processes N   processes at a time; one for each processor by default
  --replay FILE   reads one reproducer again, a .json of tools/fuzz/failures`

const inTool = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

const place: Place = { program: inTool("dist/child.js"), data: inTool("../../../shared/data") }

const log = (line: string): void => console.error(line)

// one of each kind is enough to begin with
const mostMinimized = 20

const save = async ({ found, seed }: Campaign): Promise<void> => {
  const all = seeds(place.data)
  const folder = inTool("failures")
  await mkdir(folder, { recursive: true })
  const judging = judge(place)
  try {
    for (const { iteration, what } of found.slice(0, mostMinimized)) {
      const { mutant, verdict } = await minimize(all, seed, iteration, judging.judge)
      const file = join(folder, `${seed}-${iteration}`)
      await writeFile(`${file}.${mutant.reader}`, mutant.bytes)
      const { name, options, reader } = mutant
      const about = { seed, iteration, case: name, reader, options, what, alone: verdict ?? "ends well" }
      await writeFile(`${file}.json`, `${JSON.stringify(about, null, 2)}\n`)
      log(`saved ${file}.${reader}: ${mutant.bytes.length} bytes, ${about.alone}`)
    }
  } finally {
    judging.end()
  }
}

const fuzz = async (iterations: number, seed: number, processes: number): Promise<boolean> => {
  const all = seeds(place.data)
  log(`${all.length} files to mutate, ${iterations} iterations of seed ${seed}, ${processes} processes`)
  const result = await campaign(place, { iterations, seed, processes, log })
  await save(result)
  const hangs = result.found.filter(({ kind }) => kind === "hang").length
  const crashes = result.found.length - hangs
  const folder = inTool("../../bench/results")
  await mkdir(folder, { recursive: true })
  const { peakRssBytes, read, refused, rows } = result
  const report = { seed, iterations, crashes, hangs, peakRssBytes, read, refused, rows, files: all.length }
  await writeFile(join(folder, "fuzz.json"), `${JSON.stringify(report, null, 2)}\n`)
  console.table({ ...report, peakRssBytes: `${Math.round(peakRssBytes / 2 ** 20)} MiB` })
  return result.found.length === 0
}

const replay = async (file: string): Promise<boolean> => {
  const { options, reader } = JSON.parse(await readFile(file, "utf8")) as Pick<Mutant, "options" | "reader">
  const bytes = await readFile(file.replace(/json$/, reader))
  const end = await attempt({ bytes, options, reader })
  console.log(basename(file), end)
  return end.end !== "wrong"
}

const { values } = parseArgs({
  options: {
    iterations: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    processes: { type: "string", default: String(availableParallelism()) },
    replay: { type: "string" },
    help: { type: "boolean", default: false },
  },
})
const numbers = [values.iterations, values.seed, values.processes].map((it) => Number(it.replaceAll(/[_,]/g, "")))
if (values.help) console.log(usage)
else if (values.replay !== undefined) process.exitCode = (await replay(values.replay)) ? 0 : 1
else if (numbers.some((it) => !Number.isSafeInteger(it) || it < 0) || numbers[2] === 0) {
  console.error(`The options take whole numbers.\n\n${usage}`)
  process.exitCode = 2
} else {
  const [iterations, seed, processes] = numbers as [number, number, number]
  process.exitCode = (await fuzz(iterations, seed, processes)) ? 0 : 1
}
