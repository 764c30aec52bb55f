/**
 * Has all bombs read and prints what each took: `node tools/torture/dist/bombs.js`.
 *
 * @module
 */
import { fileURLToPath } from "node:url"
import { bombs } from "./bombs.ts"
import { detonate, problemOf } from "./detonate.ts"

const program = fileURLToPath(new URL("child.js", import.meta.url))
let failed = 0
for (const bomb of bombs) {
  const measured = await detonate(bomb, program)
  const problem = problemOf(bomb, measured)
  if (problem !== undefined) failed++
  const outcome = problem ?? measured.refused?.message ?? `${measured.rows} rows`
  const figures = `${Math.round(measured.milliseconds)} ms`.padStart(8) + `${Math.round(measured.peakMiB)} MiB`.padStart(9)
  process.stdout.write(`${problem === undefined ? "ok " : "BAD"} ${figures}  ${bomb.name}: ${outcome.slice(0, 200)}\n`)
}
process.exitCode = failed === 0 ? 0 : 1
