// Every CSV case reads as its expectation says.
import { CsvSource } from "@waybill/source-spreadsheet"
import { expect, test } from "vitest"
import { differences } from "../src/check.ts"
import { csvCases } from "../src/csv/cases.ts"

test("no two cases have the same name", () => {
  expect(new Set(csvCases.map(({ name }) => name)).size).toBe(csvCases.length)
})

test.each(csvCases.map((it) => [it.name, it] as const))("%s", async (_, it) => {
  expect(await differences(it, (bytes, options) => CsvSource.make({ ...options, bytes, name: "case.csv" }))).toEqual([])
})
