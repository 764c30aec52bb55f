// Every case of a workbook reads as its expectation says.
import { XlsxSource } from "@waybill/source-spreadsheet"
import { expect, test } from "vitest"
import { differences } from "../src/check.ts"
import { xlsxCases } from "../src/xlsx/cases.ts"

test("no two cases have the same name, and there are many", () => {
  expect(new Set(xlsxCases.map(({ name }) => name)).size).toBe(xlsxCases.length)
  expect(xlsxCases.length).toBeGreaterThan(200)
})

test.each(xlsxCases.map((it) => [it.name, it] as const))("%s", async (_, it) => {
  expect(await differences(it, (bytes, options) => XlsxSource.make({ ...options, bytes, name: "case.xlsx" }))).toEqual([])
})
