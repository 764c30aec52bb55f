/**
 * The process that reads a bomb: it is given a file and how to read it, and prints what it measured.
 *
 * @module
 */
import { readFileSync } from "node:fs"
import { XlsxSource } from "@waybill/source-spreadsheet"
import { Effect, Result, Stream } from "effect"
import type { XlsxOptions } from "../xlsx/xlsxCase.ts"
import type { Measured } from "./bomb.ts"

// Linux counts the memory of the process that started this one in `maxRSS`, but not in its own list
const peakKiB = (): number => {
  const status = process.platform === "linux" ? readFileSync("/proc/self/status", "utf8") : ""
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS)
}

const [file, options] = process.argv.slice(2) as [string, string]
const source = XlsxSource.make({ ...(JSON.parse(readFileSync(options, "utf8")) as XlsxOptions), file, name: "bomb.xlsx" })
let rows = 0
const started = process.hrtime.bigint()
const result = await Effect.runPromise(
  Effect.result(
    Stream.runForEach(source.read(null), (page) =>
      Effect.sync(() => {
        rows += page.rows.length
        page.release?.()
      }),
    ),
  ),
)
const measured: Measured = {
  refused: Result.isFailure(result) ? { reason: result.failure.reason, message: result.failure.message } : undefined,
  rows,
  milliseconds: Number(process.hrtime.bigint() - started) / 1e6,
  peakMiB: peakKiB() / 1024,
}
process.stdout.write(JSON.stringify(measured))
