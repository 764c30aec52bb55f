/**
 * Tables that are ragged, empty, damaged or very large.
 *
 * @module
 */
import type { ExpectedIssue } from "../case.ts"
import type { CsvCase } from "./cases.ts"

const of = (
  name: string,
  content: () => string | Uint8Array,
  expected: CsvCase["expected"],
  options: CsvCase["options"] = {},
): CsvCase => ({
  name,
  bytes: () => Buffer.from(content()),
  options,
  expected,
})

const issue = (label: number, code: string, column: string | null = null): ExpectedIssue => ({ label, code, column })
const error = (...says: ReadonlyArray<string>): CsvCase["expected"] => ({ error: { reason: "Malformed", says } })
const numbered = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, at) => `c${at}`)

const wide = numbered(100_000)
const longName = "n".repeat(1_000_000)
const million = "x".repeat(1_000_000)

/** See the file's first sentence. */
export const structureCases: ReadonlyArray<CsvCase> = [
  of("an empty file", () => "", error("empty", "header")),
  of("nothing but a mark", () => "\ufeff", error("empty", "header")),
  of("nothing but line ends", () => "\n\r\n\n", error("empty", "header")),
  of("nothing but delimiters", () => ",,\n,,\n", error("empty", "header")),
  of("nothing but a comment", () => "# x\n", error("empty", "header"), { comment: "#" }),
  of("a header alone", () => "a,b\n", { columns: ["a", "b"], rows: [], notices: [] }),
  of("a header alone, not ended", () => "a,b", { columns: ["a", "b"], rows: [], notices: [] }),
  of("one column", () => "a\n1\n2\n", { columns: ["a"], rows: [["1"], ["2"]], notices: [] }),
  of("too few and too many cells", () => "a,b,c\n1,2,3\n1,2\n1,2,3,4\n5,6,7\n8,9,0\n", {
    rows: [
      ["1", "2", "3"],
      ["1", "2"],
      ["1", "2", "3", "4"],
      ["5", "6", "7"],
      ["8", "9", "0"],
    ],
    issues: [issue(3, "csv.ragged"), issue(4, "csv.ragged")],
  }),
  of("rows of nothing but delimiters", () => "a,b\n1,2\n,\n,\n3,4\n", {
    rows: [
      ["1", "2"],
      ["3", "4"],
    ],
    labels: [2, 5],
    notices: ["csv.blank-rows"],
  }),
  of("two columns of one name", () => "sku,price,sku\n1,2,3\n", error(":1:", "columns 1 and 3", "sku")),
  of("two columns of one name but for blanks", () => "sku,price, sku \n1,2,3\n", error(":1:", "columns 1 and 3")),
  of("two columns that an alias makes one", () => "Kod,MODEL\n1,2\n", error(":1:", "columns 1 and 2", "sku"), {
    aliases: { sku: ["kod", "model"] },
  }),
  of("a column without a name that has data", () => "a,,c\n1,,3\n1,2,3\n", {
    columns: ["a", "column 2", "c"],
    rows: [
      ["1", "", "3"],
      ["1", "2", "3"],
    ],
    notices: ["header.empty"],
  }),
  of("a NUL in a cell", () => "a,b\n1,x\u0000y\n3,4\n", {
    rows: [
      ["1", "x\u0000y"],
      ["3", "4"],
    ],
    issues: [issue(2, "csv.nul", "b")],
  }),
  of("a NUL in a quoted cell", () => 'a,b\n"x,\u0000",1\n3,4\n', {
    rows: [
      ["x,\u0000", "1"],
      ["3", "4"],
    ],
    issues: [issue(2, "csv.nul", "a")],
  }),
  of("a NUL in the header", () => "a,b\u0000\n1,2\n", error(":1:", "NUL")),
  of("NULs at the end, as a crash leaves them", () => `a,b\n1,2\n${"\u0000".repeat(4_096)}`, {
    issues: [issue(3, "csv.ragged"), issue(3, "csv.nul", "a")],
  }),
  of("a file behind a file", () => "a,b\n1,2\n\ufeffa,b\n3,4\n", {
    rows: [
      ["1", "2"],
      ["a", "b"],
      ["3", "4"],
    ],
    issues: [issue(3, "csv.byte-order-mark", "a")],
  }),
  of("a quoted file behind a file", () => 'a,b\n1,2\n\ufeff"a, x","b"\n3,4\n', {
    rows: [
      ["1", "2"],
      ["a, x", "b"],
      ["3", "4"],
    ],
    issues: [issue(3, "csv.byte-order-mark", "a")],
  }),
  of("a mark within a cell is a character", () => "a,b\n1,x\ufeffy\n", { rows: [["1", "x\ufeffy"]], notices: [] }),
  of("100,000 columns", () => `${wide.join(",")}\n${wide.map(() => "1").join(",")}\n`, {
    columns: wide,
    rows: [wide.map(() => "1")],
  }),
  of("100,000 columns parted by semicolons", () => `${wide.join(";")}\n${wide.map(() => "1").join(";")}\n`, {
    columns: wide,
    rows: [wide.map(() => "1")],
    notices: ["csv.delimiter"],
  }),
  of(
    "100,000 columns and a row that lacks one",
    () =>
      `${wide.join(",")}\n${wide
        .slice(1)
        .map(() => "1")
        .join(",")}\n`,
    {
      issues: [issue(2, "csv.ragged")],
    },
  ),
  of("100,000 columns without a name, all with data", () => `${",".repeat(99_999)}x\n${wide.map(() => "1").join(",")}\n`, {
    rows: [wide.map(() => "1")],
    notices: Array.from({ length: 21 }, () => "header.empty"),
  }),
  of("a header of 1,000,000 characters", () => `${longName},b\n1,2\n`, { columns: [longName, "b"], rows: [["1", "2"]] }),
  of("a cell of 1,000,000 characters", () => `a,b\n${million},2\n3,4\n`, {
    rows: [
      [million, "2"],
      ["3", "4"],
    ],
  }),
  of("a quoted cell of 1,000,000 characters with everything in it", () => `a,b\n"${'x,""\n'.repeat(200_000)}",2\n3,4\n`, {
    rows: [
      ['x,"\n'.repeat(200_000), "2"],
      ["3", "4"],
    ],
    labels: [2, 200_003],
  }),
  of(
    "100 MB in one cell, which is more than is allowed",
    () => Buffer.concat([Buffer.from("a,b\n1,2\n3,"), Buffer.alloc(100_000_000, 0x78), Buffer.from("\n5,6\n")]),
    error(":3:", "longer than 16777216 characters"),
  ),
  of(
    "100 MB in one quoted cell, which is more than is allowed",
    () => Buffer.concat([Buffer.from('a,b\n1,2\n3,"'), Buffer.alloc(100_000_000, 0x0a), Buffer.from('"\n5,6\n')]),
    error(":3:", "longer than 16777216 characters"),
  ),
  of(
    "a quote that is never closed in 100 MB",
    () => Buffer.concat([Buffer.from('a,b\n"'), Buffer.alloc(100_000_000, "x,y\n")]),
    error(":2:", "longer than"),
  ),
  of("a row longer than is allowed", () => `a,b\n1,2\n3,${"x".repeat(2_000)}\n`, error(":3:", "longer than 1000"), {
    maxRowLength: 1_000,
  }),
  of("a line of 2,000,000 delimiters", () => `a,b\n${",".repeat(1_999_999)}x\n3,4\n`, { issues: [issue(2, "csv.ragged")] }),
]
