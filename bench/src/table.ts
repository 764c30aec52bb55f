/**
 * The results as a table: for the terminal and for `docs/benchmarks.md`.
 *
 * @module
 */
import type { Report, Result } from "./result.ts"

const headings = ["name", "seconds", "rows/s", "× limit", "peak RSS MB", "WAL MB"]

const megabytes = (bytes: number | null): string => (bytes === null ? "–" : String(Math.round(bytes / 1_000_000)))

const cells = (result: Result): ReadonlyArray<string> => [
  result.name,
  result.seconds.toFixed(2),
  result.rowsPerSecond.toLocaleString("en-US"),
  result.ratioToCopy === null ? "–" : result.ratioToCopy.toFixed(2),
  megabytes(result.peakRssBytes),
  megabytes(result.walBytes),
]

/** Lines of a Markdown table whose columns are as wide as their widest cell. */
export const table = (results: ReadonlyArray<Result>): ReadonlyArray<string> => {
  const rows = [headings, ...results.map(cells)]
  const widths = headings.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)))
  const line = (row: ReadonlyArray<string>): string =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(" | ")} |`
  const rule = `| ${widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`
  return [line(headings), rule, ...rows.slice(1).map(line)]
}

/** The markers between which `docs/benchmarks.md` holds the table. */
export const markers = { begin: "<!-- results:begin -->", end: "<!-- results:end -->" } as const

/** The page with the report's table between its markers; `undefined` where it has not both of them. */
export const withTable = (page: string, report: Report): string | undefined => {
  const begin = page.indexOf(markers.begin)
  const end = page.indexOf(markers.end)
  if (begin < 0 || end < begin) return undefined
  const about = Object.entries(report.machine).map(([name, value]) => `${name} ${value}`)
  const text = [
    `Measured ${report.measuredAt.slice(0, 10)}: ${report.rows.toLocaleString("en-US")} rows; ${about.join("; ")}.`,
    "",
    ...table(report.results),
  ]
  return `${page.slice(0, begin)}${markers.begin}\n\n${text.join("\n")}\n\n${page.slice(end)}`
}
