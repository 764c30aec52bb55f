/**
 * The source keeps the laws of all sources. This is all the test that it takes.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SourceSuite, titleOf } from "@waybill/core/testing"
import { Effect } from "effect"
import { afterAll, test } from "vitest"
import { ndjsonSource } from "../src/index.ts"

const folder = mkdtempSync(join(tmpdir(), "waybill-ndjson-"))
afterAll(() => rmSync(folder, { recursive: true }))

const rows = Array.from({ length: 25 }, (_, at) => ({ sku: `P-${at}`, title: at % 5 === 0 ? null : `Product ${at}` }))
const textOf = (all: ReadonlyArray<unknown>): string => all.map((row) => `${JSON.stringify(row)}\n`).join("")
const open = (name: string, text?: string): SourceSuite.Open => {
  const file = join(folder, name)
  if (text !== undefined) writeFileSync(file, text)
  return Effect.sync(() => ndjsonSource({ file, pageRows: 10 }))
}

const laws = SourceSuite.laws({
  open: open("shop.ndjson", textOf(rows)),
  rows,
  refs: rows.map((_, at) => `shop.ndjson:${at + 1}`),
  pageRows: 10,
  changed: open("changed.ndjson", textOf(rows).replace("P-7", "P-8")),
  empty: open("empty.ndjson", ""),
  held: "the file is read at once and closed before the first page",
  broken: [
    { name: "no such file", open: open("none.ndjson"), reason: "NotFound", isRetryable: false },
    { name: "no JSON", open: open("text.ndjson", "sku,title\n"), reason: "Malformed", isRetryable: false },
  ],
  secrets: "a file has no password",
})

for (const law of laws) test(titleOf(law), () => Effect.runPromise(law.check))
