/**
 * The sources keep the laws of all sources: CSV files and XLSX workbooks.
 */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SourceSuite, titleOf } from "@waybill/core/testing"
import { Effect } from "effect"
import { afterAll, describe, test } from "vitest"
import { CsvSource, XlsxSource } from "../src/index.ts"
import { workbook } from "./support/workbooks.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-kit-"))
afterAll(() => rmSync(folder, { recursive: true }))

const fileOf = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

// the operating system's own list of what this process has open, where it has one
const canCount = process.platform === "linux"
const held: SourceSuite.Harness["held"] = canCount
  ? Effect.sync(() => {
      const open = readdirSync("/proc/self/fd").flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)]
        } catch {
          return []
        }
      })
      return open.filter((path) => path.startsWith(folder)).length
    })
  : "this operating system has no list of open files"

const count = 25
const csvRows = Array.from({ length: count }, (_, at) => [
  `P-${at + 1}`,
  at === 3 ? 'a "quoted", one\nof two lines' : `Prodúct ${at + 1}`,
  `${at}.50`,
])
const csvOf = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [["sku", "title", "price"], ...rows]
    .map((row) => `${row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")}\r\n`)
    .join("")

const xlsxRows = Array.from({ length: count }, (_, at) => [`P-${at + 1}`, at + 0.5, at % 2 === 0])
const xlsxOf = (rows: ReadonlyArray<ReadonlyArray<unknown>>): Buffer => {
  const header = ["sku", "price", "sold"]
  const cell = (value: unknown, ref: string): string =>
    typeof value === "string"
      ? `<c r="${ref}" t="inlineStr"><is><t>${value}</t></is></c>`
      : typeof value === "boolean"
        ? `<c r="${ref}" t="b"><v>${value ? 1 : 0}</v></c>`
        : `<c r="${ref}"><v>${String(value)}</v></c>`
  const lines = [header, ...rows].map(
    (row, at) => `<row r="${at + 1}">${row.map((value, column) => cell(value, `${"ABC"[column]}${at + 1}`)).join("")}</row>`,
  )
  return workbook({ sheet: `<sheetData>${lines.join("")}</sheetData>` })
}

const open = (source: (file: string) => ReturnType<typeof CsvSource.make>, file: string): SourceSuite.Open =>
  Effect.sync(() => source(file))
const noSecrets = "a file has no password"

const csv = (file: string) => CsvSource.make({ file, pageRows: 10 })
const csvHarness: SourceSuite.Harness = {
  open: open(csv, fileOf("prices.csv", csvOf(csvRows))),
  rows: csvRows,
  // the fourth row has two lines
  refs: csvRows.map((_, at) => `prices.csv:${at + (at > 3 ? 3 : 2)}`),
  pageRows: 10,
  changed: open(csv, fileOf("changed.csv", csvOf(csvRows).replace("P-7", "P-8"))),
  empty: open(csv, fileOf("empty.csv", "sku,title,price\r\n")),
  held,
  broken: [
    { name: "no such file", open: open(csv, join(folder, "none.csv")), reason: "NotFound", isRetryable: false },
    { name: "a folder", open: open(csv, folder), reason: "Refused", isRetryable: false },
    {
      name: "no UTF-8",
      open: open(csv, fileOf("latin1.csv", Buffer.from("a,b\né,ü\n", "latin1"))),
      reason: "Malformed",
      isRetryable: false,
    },
    {
      name: "a quote without an end",
      open: open(csv, fileOf("quote.csv", 'a,b\n"1,2\n3,4\n')),
      reason: "Malformed",
      isRetryable: false,
    },
    {
      name: "too large",
      open: open((file) => CsvSource.make({ file, maxBytes: 3 }), join(folder, "prices.csv")),
      reason: "TooLarge",
      isRetryable: false,
    },
  ],
  secrets: noSecrets,
}

const xlsx = (file: string) => XlsxSource.make({ file, pageRows: 10 })
const xlsxHarness: SourceSuite.Harness = {
  open: open(xlsx, fileOf("prices.xlsx", xlsxOf(xlsxRows))),
  rows: xlsxRows,
  refs: xlsxRows.map((_, at) => `prices.xlsx!Prices:${at + 2}`),
  pageRows: 10,
  changed: open(xlsx, fileOf("changed.xlsx", xlsxOf(xlsxRows.with(7, ["P-8", 7.25, true])))),
  empty: open(xlsx, fileOf("empty.xlsx", xlsxOf([]))),
  held,
  broken: [
    { name: "no such file", open: open(xlsx, join(folder, "none.xlsx")), reason: "NotFound", isRetryable: false },
    { name: "no workbook", open: open(xlsx, fileOf("text.xlsx", "sku,title\n")), reason: "Malformed", isRetryable: false },
    {
      name: "cut off",
      open: open(xlsx, fileOf("cut.xlsx", xlsxOf(xlsxRows).subarray(0, 400))),
      reason: "Malformed",
      isRetryable: false,
    },
    {
      name: "no such sheet",
      open: open((file) => XlsxSource.make({ file, sheet: "Costs" }), join(folder, "prices.xlsx")),
      reason: "NotFound",
      isRetryable: false,
    },
  ],
  secrets: noSecrets,
}

describe.each([
  ["CSV", csvHarness],
  ["XLSX", xlsxHarness],
] as const)("the %s source", (_, harness) => {
  for (const law of SourceSuite.laws(harness)) test(titleOf(law), () => Effect.runPromise(law.check))
})
