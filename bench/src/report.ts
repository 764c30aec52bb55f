/**
 * Keeps what was measured: `results/import.json` and the table in `docs/benchmarks.md` at full size, a file beside it otherwise.
 *
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { arch, cpus, platform, totalmem } from "node:os"
import { fileURLToPath } from "node:url"
import { parts } from "./parts.ts"
import type { Report, Result } from "./result.ts"
import { fullSize } from "./settings.ts"
import { markers, withTable } from "./table.ts"

const inBench = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** What this machine is. */
export const machine = (): Record<string, string | number> => ({
  cpu: cpus()[0]?.model.trim() || "unknown",
  cores: cpus().length,
  memoryGB: Math.round(totalmem() / 1024 ** 3),
  platform: `${platform()} ${arch()}`,
  node: process.versions.node,
})

// results of parts that did not run this time stay as they were
const merged = (earlier: Report | undefined, results: ReadonlyArray<Result>): ReadonlyArray<Result> => {
  const measured = new Set(results.map((result) => result.part))
  const all = [...(earlier?.results ?? []).filter((result) => !measured.has(result.part)), ...results]
  return parts.flatMap((part) => all.filter((result) => result.part === part.name))
}

/** Writes the report; tells what it wrote, a line each. */
export const keep = async (report: Report): Promise<ReadonlyArray<string>> => {
  // a part that keeps a report of its own leaves this one as it is
  if (report.results.length === 0) return []
  await mkdir(inBench("results"), { recursive: true })
  const full = report.rows === fullSize
  const path = inBench(full ? "results/import.json" : `results/import-${report.rows}.json.tmp`)
  const earlier = await readFile(path, "utf8").then(
    (text) => JSON.parse(text) as Report,
    () => undefined,
  )
  const whole: Report = {
    ...report,
    machine: { ...earlier?.machine, ...report.machine },
    results: merged(earlier, report.results),
  }
  await writeFile(path, `${JSON.stringify(whole, null, 2)}\n`)
  const wrote = [`wrote ${path}`]
  if (!full) return wrote
  const docs = inBench("../docs/benchmarks.md")
  const page = await readFile(docs, "utf8").catch(() => "")
  const usual = parts.filter((part) => part.usual).map((part) => part.name)
  const changed = withTable(page, { ...whole, results: whole.results.filter((result) => usual.includes(result.part)) })
  if (changed === undefined) return [...wrote, `left ${docs} alone: it has no ${markers.begin} … ${markers.end}`]
  await writeFile(docs, changed)
  return [...wrote, `wrote the table of ${docs}`]
}
