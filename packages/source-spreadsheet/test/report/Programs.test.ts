// What spreadsheet programs make of reports; they are used where they are found.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Engine } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { CsvSource, XlsxSource } from "@waybill/source-spreadsheet"
import { Output, ReportError, Workbook } from "@waybill/source-spreadsheet/report"
import { Effect, Stream } from "effect"
import { afterAll, expect, test } from "vitest"
import { csv, prices, run } from "../support/reports.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-report-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const isThere = (command: string, ...args: ReadonlyArray<string>): boolean => {
  const there = spawnSync(command, args).status === 0
  if (!there) console.log(`skipped: ${command} ${args.join(" ")} does not work here`)
  return there
}

const rows = [
  ["sku", "title", "price", "category"],
  ["A", "Lamp", "12.50", "lamps"],
  ["B", "=1+1", "cheap", "lamps"],
  ["C", "-", "3", "none"],
]
const source = () => CsvSource.make({ bytes: csv(rows), name: "prices.csv" })

const written = (sink: MemorySink.MemorySink, path: string) =>
  Effect.gen(function* () {
    const job = yield* Engine.run(prices(sink), source())
    yield* Output.toFile(Workbook.stream(job.id, { source: source() }), path)
    return job
  })

test.skipIf(!isThere("soffice", "--version"))(
  "LibreOffice saves a report as it was: it is imported again with nothing changed",
  () =>
    run(
      Effect.gen(function* () {
        const sink = MemorySink.make()
        const path = join(folder, "report.xlsx")
        const job = yield* written(sink, path)
        const args = [
          `-env:UserInstallation=file://${join(folder, "profile")}`,
          "--headless",
          "--convert-to",
          "xlsx:Calc MS Excel 2007 XML",
        ]
        const done = spawnSync("soffice", [...args, "--outdir", join(folder, "saved"), path], { timeout: 50_000 })
        expect(done.status).toBe(0)
        const again = yield* Engine.validate(prices(sink), XlsxSource.make({ file: join(folder, "saved", "report.xlsx") }))
        expect(again.counts).toMatchObject({ processed: 3, created: 0, updated: 0, rejected: job.counts.rejected })
        expect(again.counts.skippedByCode).toEqual(job.counts.skippedByCode)
      }),
    ),
)

test.skipIf(!isThere("python3", "-c", "import openpyxl"))("openpyxl finds the sheets, and no formula", () =>
  run(
    Effect.gen(function* () {
      const path = join(folder, "python.xlsx")
      yield* written(MemorySink.make(), path)
      const script = `import openpyxl, sys
w = openpyxl.load_workbook(sys.argv[1])
print(",".join(w.sheetnames), any(c.data_type == "f" for s in w for r in s.iter_rows() for c in r), w["Data"]["B3"].value)`
      const { stdout } = spawnSync("python3", ["-c", script, path])
      expect(String(stdout).trim()).toBe("Summary,Issues,Data,Candidates,Normalization,Changes False =1+1")
    }),
  ),
)

test("a file is there as a whole or as it was before, and what cannot be written is said", () =>
  run(
    Effect.gen(function* () {
      const path = join(folder, "kept.xlsx")
      writeFileSync(path, "before")
      const broken = Stream.concat(Stream.succeed(new Uint8Array(10)), Stream.fail("broken" as const))
      expect(yield* Effect.flip(Output.toFile(broken, path))).toBe("broken")
      expect(readFileSync(path, "utf8")).toBe("before")
      yield* Output.toFile(Stream.succeed(new TextEncoder().encode("after")), path)
      expect(readFileSync(path, "utf8")).toBe("after")
      const error = yield* Effect.flip(Output.toFile(Stream.empty, join(folder, "none", "x.xlsx")))
      expect(error).toBeInstanceOf(ReportError)
      expect(error.message).toContain(join("none", "x.xlsx"))
    }),
  ))
