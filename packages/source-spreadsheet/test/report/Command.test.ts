// The command that applications add to their command line.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Engine } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { CsvSource, XlsxSource } from "@waybill/source-spreadsheet"
import { Command } from "@waybill/source-spreadsheet/report"
import { Effect } from "effect"
import { afterAll, expect, test } from "vitest"
import { csv, prices, run } from "../support/reports.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-command-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const command = Command.make({
  source: (file, sheet) =>
    file.endsWith(".csv") ? CsvSource.make({ file }) : XlsxSource.make({ file, ...(sheet ? { sheet } : {}) }),
})
const none = { workbook: undefined, original: undefined, "marked-up": undefined, out: undefined, sheet: undefined }

test("writes a workbook and a marked-up file, which are imported again, and says where they are", () =>
  run(
    Effect.gen(function* () {
      const file = join(folder, "prices.csv")
      writeFileSync(
        file,
        csv([
          ["sku", "title", "price", "category"],
          ["A", "Lamp", "1.00", ""],
          ["B", "Shade", "cheap", ""],
        ]),
      )
      const sink = MemorySink.make()
      const job = yield* Engine.run(prices(sink), CsvSource.make({ file }))
      const said: Array<string> = []
      const host = { out: (text: string) => Effect.sync(() => void said.push(text)) }
      const workbook = join(folder, "report.xlsx")
      const out = join(folder, "marked.csv")
      yield* command.run({ ...none, job: job.id, workbook, original: file, "marked-up": file, out }, host)
      expect(said).toEqual([`${workbook}\n`, `${out}\n`])
      for (const source of [XlsxSource.make({ file: workbook }), CsvSource.make({ file: out })]) {
        const again = yield* Engine.validate(prices(sink), source)
        expect(again.counts).toMatchObject({ processed: 2, unchanged: 1, rejected: 1, created: 0 })
      }
      for (const wrong of [none, { ...none, out }, { ...none, "marked-up": file }, { ...none, "marked-up": file, out: file }])
        expect(yield* Effect.flip(command.run({ ...wrong, job: job.id }, host))).toMatchObject({ _tag: "UsageError" })
      expect(existsSync(file)).toBe(true)
    }),
  ))
