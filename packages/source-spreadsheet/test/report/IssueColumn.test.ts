// The issue column is left out when a report is read again, whatever was done to it.
import { CsvSource, IssueColumn } from "@waybill/source-spreadsheet"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { quoted, unquoted } from "../../src/internal/formulaText.ts"
import { read } from "../support/reading.ts"

const csv = (text: string) => read(CsvSource.make({ bytes: Buffer.from(text), name: "p.csv", delimiter: "," }))

describe("the issue column", () => {
  test("is left out wherever it is, in any case", async () => {
    expect(await csv("sku,WAYBILL ISSUES,price\nA,row 2: no,1\nB,,2\n")).toMatchObject({
      columns: ["sku", "price"],
      rows: [
        ["A", "1"],
        ["B", "2"],
      ],
      labels: [2, 3],
      issues: [],
    })
  })

  test("is a column like any other for the number of cells: where one is missing, nobody knows which", async () => {
    const found = await csv("sku,price,Waybill issues\nA,1,row 2: no\nB,2\nC,row 4: no\nD,4,,5\n")
    expect(found.issues.map((issue) => issue.split(" ").slice(0, 2))).toEqual([
      ["3", "csv.ragged"],
      ["4", "csv.ragged"],
      ["5", "csv.ragged"],
    ])
    // a file without the column is as it was
    expect((await csv("sku,price\n'=1,2\n")).rows).toEqual([["'=1", "2"]])
  })

  test("says that cells were kept from being formulas: they are as they were before", async () => {
    expect((await csv(`sku,${IssueColumn.header}\n'=1,\n'''=1,\n-12,\n'plain,\n`)).rows).toEqual([
      ["=1"],
      ["''=1"],
      ["-12"],
      ["'plain"],
    ])
  })
})

describe("a cell of a CSV", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom("'", "=", "+", "-", "@", "\t", "1", "a", "|", ",", " ", "€", "!") }),
  )

  test("is never one that a program takes for a formula, and is always undone", () => {
    fc.assert(
      fc.property(text, (cell) => {
        expect(unquoted(quoted(cell))).toBe(cell)
        const isSafe = !/^[=+\-@\t\r\n]/.test(quoted(cell)) || /^[+-][\d.,]*\d[\d.,  ]*[\p{L}\p{Sc}%]{0,4}$/u.test(cell)
        expect(isSafe).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test("that is an amount stays one", () => {
    for (const amount of ["-12.50", "+3", "-1.234,50", "-12,50 €", "-5 TL", "-3%"]) expect(quoted(amount)).toBe(amount)
    for (const attack of ["-2+3+cmd|' /C calc'!D2", "+1+1", "=1", "@SUM(1)", "-1(2)", "\t=1", "＝1", "-A1", "+cmd|x"])
      expect(quoted(attack)).toBe(`'${attack}`)
  })
})
