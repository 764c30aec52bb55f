/**
 * Keeps what was measured of readers of files: `results/files.json` and the table of `docs/benchmarks.md` at full size, a file beside it otherwise.
 *
 * @module
 */
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { fullSize } from "./settings.ts"

/** What was measured of one reader. */
export interface FileResult {
  readonly name: string
  readonly format: "csv" | "xlsx"
  readonly rows: number
  /** The median of its turns. */
  readonly seconds: number
  readonly rowsPerSecond: number
  /** The median of its processor time. */
  readonly processorSeconds: number
  /** The most of its turns. */
  readonly peakRssBytes: number
  readonly counts: Readonly<Record<string, number>>
  /** Whether it read what Waybill read. */
  readonly agrees: boolean
}

/** What a run measured. */
export interface FilesReport {
  readonly rows: number
  readonly measuredAt: string
  readonly turns: number
  readonly machine: Readonly<Record<string, string | number>>
  readonly results: ReadonlyArray<FileResult>
}

const begin = "<!-- files:begin -->"
const end = "<!-- files:end -->"

const line = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

/** Lines of a Markdown table; `×` is how many times as long as Waybill it took for the same file. */
export const filesTable = (results: ReadonlyArray<FileResult>): ReadonlyArray<string> => {
  const head = ["reader", "rows", "seconds", "rows/s", "× waybill", "processor s", "× waybill", "peak RSS MB", "reads the same"]
  const own = ({ format }: FileResult): FileResult => results.find((it) => it.format === format)!
  const rows = results.map((it) => [
    it.name,
    it.rows.toLocaleString("en-US"),
    it.seconds.toFixed(2),
    it.rowsPerSecond.toLocaleString("en-US"),
    (it.seconds / own(it).seconds).toFixed(2),
    it.processorSeconds.toFixed(2),
    (it.processorSeconds / own(it).processorSeconds).toFixed(2),
    String(Math.round(it.peakRssBytes / 1_000_000)),
    it.agrees ? "yes" : "no",
  ])
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at]!.length)))
  const padded = (row: ReadonlyArray<string>): string =>
    line(row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))))
  const rule = line(widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)))
  return [padded(head), rule, ...rows.map(padded)]
}

/** The page with the table between its markers; `undefined` where it has not both of them. */
export const withFiles = (page: string, report: FilesReport): string | undefined => {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) return undefined
  const about = Object.entries(report.machine).map(([name, value]) => `${name} ${value}`)
  const text = [
    `Measured ${report.measuredAt.slice(0, 10)}, the median of ${report.turns} turns; ${about.join("; ")}.`,
    "",
    ...filesTable(report.results),
  ]
  return `${page.slice(0, from)}${begin}\n\n${text.join("\n")}\n\n${page.slice(to)}`
}

const inBench = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** Writes the report; tells the table and what it wrote, a line each. */
export const keepFiles = async (report: FilesReport): Promise<ReadonlyArray<string>> => {
  await mkdir(inBench("results"), { recursive: true })
  const isFull = report.rows === fullSize
  const path = inBench(isFull ? "results/files.json" : `results/files-${report.rows}.json.tmp`)
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`)
  const told = [...filesTable(report.results), `wrote ${path}`]
  if (!isFull) return told
  const docs = inBench("../docs/benchmarks.md")
  const changed = withFiles(await readFile(docs, "utf8").catch(() => ""), report)
  if (changed === undefined) return [...told, `left ${docs} alone: it has no ${begin} … ${end}`]
  await writeFile(docs, changed)
  return [...told, `wrote the table of ${docs}`]
}
