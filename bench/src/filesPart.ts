/**
 * The part on files: the readers of CSV and XLSX against those that people use, each several times in turns, of which the median counts.
 *
 * @module
 */
import type { Measured } from "./contender.ts"
import { csvFile, xlsxFile } from "./filesInput.ts"
import { python } from "./filesPython.ts"
import { type FileResult, keepFiles } from "./filesReport.ts"
import { type Bench, type Part, WrongResult } from "./part.ts"
import { machine } from "./report.ts"

const turns = 3

/** What is read, by whom. The first is the one that all are compared with. */
interface Field {
  readonly format: "csv" | "xlsx"
  readonly file: string
  readonly rows: number
  readonly node: ReadonlyArray<string>
  readonly python: ReadonlyArray<string>
}

const middle = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!

const measureField = async (
  bench: Bench,
  field: Field,
  inPython: ((name: string, file: string) => Promise<Measured>) | undefined,
): Promise<ReadonlyArray<FileResult>> => {
  const runs = new Map<string, Array<Measured>>()
  const contenders = [
    ...field.node.map(
      (name) => [name, () => bench.launch(`files-${name}`, { url: "", file: field.file, folder: bench.folder }, name)] as const,
    ),
    ...(inPython === undefined ? [] : field.python.map((name) => [name, () => inPython(name, field.file)] as const)),
  ]
  for (let turn = 0; turn < turns; turn++)
    for (const [name, run] of contenders) {
      const measured = await run()
      bench.log(`${name}: ${measured.seconds.toFixed(2)} s`)
      runs.set(name, [...(runs.get(name) ?? []), measured])
    }
  const [own] = runs.get(field.node[0]!)!
  if (own!.rows !== field.rows) throw new WrongResult(`${field.node[0]}: expected ${field.rows} rows, got ${own!.rows}`)
  return [...runs].map(([name, all]) => {
    const seconds = middle(all.map((it) => it.seconds))
    const [first] = all
    return {
      name,
      format: field.format,
      rows: first!.rows,
      seconds: Number(seconds.toFixed(3)),
      rowsPerSecond: Math.round(first!.rows / seconds),
      processorSeconds: Number(middle(all.map((it) => it.processorSeconds ?? it.seconds)).toFixed(3)),
      peakRssBytes: Math.max(...all.map((it) => it.peakRssBytes)),
      counts: first!.counts ?? {},
      // somebody who reads something else is seen, not left out
      agrees: first!.rows === own!.rows && JSON.stringify(first!.counts) === JSON.stringify(own!.counts),
    }
  })
}

/** The part. */
export const filesPart: Part = {
  name: "files",
  description: "readers of CSV and XLSX",
  usual: false,
  run: async (bench) => {
    const measuredAt = new Date().toISOString()
    const found = await python()
    if (typeof found === "string") bench.log(found)
    const inPython = typeof found === "string" ? undefined : found.measure
    const xlsxRows = Math.max(1, Math.round(bench.rows / 10))
    const fields: ReadonlyArray<Field> = [
      {
        format: "csv",
        file: await csvFile(bench.rows),
        rows: bench.rows,
        node: ["waybill-csv", "csv-parse", "papaparse", "fast-csv"],
        python: ["pandas", "python-csv"],
      },
      {
        format: "xlsx",
        file: await xlsxFile(xlsxRows),
        rows: xlsxRows,
        node: ["waybill-xlsx", "exceljs", "sheetjs"],
        python: ["openpyxl"],
      },
    ]
    const results: Array<FileResult> = []
    for (const field of fields) results.push(...(await measureField(bench, field, inPython)))
    for (const it of results) if (!it.agrees) bench.log(`${it.name} has read something else: ${JSON.stringify(it.counts)}`)
    const about = { ...machine(), ...(typeof found === "string" ? {} : found.versions) }
    for (const line of await keepFiles({ rows: bench.rows, measuredAt, turns, machine: about, results })) bench.log(line)
    // they have a report of their own
    return []
  },
}
