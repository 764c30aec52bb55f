/**
 * Numbers and dates as countries write them.
 *
 * @module
 */
import type { CsvSource } from "@waybill/source-spreadsheet"
import type { CsvCase } from "./cases.ts"

type Format = CsvSource.Format

// one column of cells, quoted so that it does not matter what is in them
const column = (cells: ReadonlyArray<string>): Uint8Array =>
  Buffer.from(["id,x", ...cells.map((cell, at) => `${at},"${cell}"`)].map((line) => `${line}\n`).join(""))

const read = (name: string, format: Format, cells: ReadonlyArray<readonly [from: string, to: string]>): CsvCase => ({
  name,
  bytes: () => column(cells.map(([from]) => from)),
  options: { formats: { x: format } },
  expected: { rows: cells.map(([, to], at) => [String(at), to]) },
})

// cells with what becomes of them: text, or the code of an issue behind an exclamation mark, where the text stays
const judged = (name: string, format: Format, cells: ReadonlyArray<readonly [from: string, to: string]>): CsvCase => ({
  name,
  bytes: () => column(cells.map(([from]) => from)),
  options: { formats: { x: format } },
  expected: {
    rows: cells.map(([from, to], at) => [String(at), to.startsWith("!") ? from : to]),
    issues: cells.flatMap(([, to], at) => (to.startsWith("!") ? [{ label: at + 2, code: to.slice(1), column: "x" }] : [])),
  },
})

const wrong = (format: Format, kind: string, cells: ReadonlyArray<string>): ReadonlyArray<CsvCase> =>
  cells.map((cell) => judged(`${JSON.stringify(format)}: ${JSON.stringify(cell)} is refused`, format, [[cell, `!csv.${kind}`]]))

const comma: Format = { number: "comma" }
const point: Format = { number: "point" }
const detect: Format = { number: "detect" }
const days: Format = { date: "day-month" }
const months: Format = { date: "month-day" }
const order: Format = { date: "detect" }

const numbers: ReadonlyArray<CsvCase> = [
  read("decimal commas", comma, [
    ["1,5", "1.5"],
    ["-1,5", "-1.5"],
    ["1.234,56", "1234.56"],
    ["1.234.567", "1234567"],
    ["1 234,5", "1234.5"],
    ["1\u00a0234,5", "1234.5"],
    ["1\u202f234,5", "1234.5"],
    ["1'234,5", "1234.5"],
    ["12", "12"],
    ["-0,5", "-0.5"],
    [",5", "0.5"],
    ["1,5-", "-1.5"],
    ["(1,5)", "-1.5"],
    ["−3,25", "-3.25"],
    ["+7,0", "7.0"],
    [" 8,5 ", "8.5"],
    ["1,5E+03", "1.5E+03"],
    ["1.234", "1234"],
    ["0012", "0012"],
  ]),
  read("decimal points", point, [
    ["1.5", "1.5"],
    ["1,234.56", "1234.56"],
    ["1,234,567", "1234567"],
    ["1 234.5", "1234.5"],
    ["1’234.5", "1234.5"],
    [".5", "0.5"],
    ["1,234", "1234"],
  ]),
  read("what has no digit is left to the import", comma, [
    ["-", "-"],
    ["n/a", "n/a"],
    ["null", "null"],
    ["1,5", "1.5"],
  ]),
  ...wrong(comma, "number", [
    "1.5",
    "1,234,567",
    "1.23,4",
    "12.34.567",
    "1,5 kg",
    "1..5",
    "1,5,",
    "--1",
    "0.123",
    "1 23",
    "1.234 567",
    "5 %",
    "€ 5",
    "0x10",
  ]),
  ...wrong(point, "number", ["1,5", "1.234.567", "1,23.4", "1,2345", "1.5 EUR"]),
  read("percent as a fraction", { number: "comma", percent: "fraction" }, [
    ["12,5 %", "0.125"],
    ["%5", "0.05"],
    ["100%", "1.00"],
    ["-0,5%", "-0.005"],
    ["1.200 %", "12.00"],
  ]),
  read("percent as points", { number: "comma", percent: "points" }, [
    ["12,5 %", "12.5"],
    ["%5", "5"],
  ]),
  ...wrong({ number: "comma", percent: "fraction" }, "number", ["12,5", "5 € %"]),
  read("a currency before and behind", { number: "comma", currency: ["€", "EUR"] }, [
    ["€ 1,5", "1.5"],
    ["1,5 €", "1.5"],
    ["EUR 2", "2"],
    ["-€3", "-3"],
    ["3,5", "3.5"],
    ["(€ 4)", "-4"],
  ]),
  ...wrong({ number: "comma", currency: ["€", "EUR"] }, "number", ["$ 1,5", "1,5 TL", "€ 1,5 €"]),
  read("detected: one cell says comma", detect, [
    ["1.234", "1234"],
    ["5", "5"],
    ["1,5", "1.5"],
    ["7.000", "7000"],
  ]),
  read("detected: one cell says point", detect, [
    ["1,234", "1234"],
    ["1.5", "1.5"],
  ]),
  read("detected: two groups say that commas part thousands", detect, [
    ["1,234,567", "1234567"],
    ["1,234", "1234"],
  ]),
  read("detected: a zero before a comma says comma", detect, [
    ["0,125", "0.125"],
    ["1,234", "1.234"],
  ]),
  read("detected: nothing to tell and nothing needed", detect, [
    ["1", "1"],
    ["22", "22"],
    ["1 234", "1234"],
  ]),
  judged("detected: all can be read both ways", detect, [
    ["1,234", "!csv.undecided"],
    ["5", "5"],
    ["2.000", "!csv.undecided"],
  ]),
  judged("detected: two cells contradict each other", detect, [
    ["1,5", "!csv.undecided"],
    ["1.5", "!csv.undecided"],
    ["3", "3"],
  ]),
]

const dates: ReadonlyArray<CsvCase> = [
  read("the day first", days, [
    ["31.12.2024", "2024-12-31"],
    ["1/2/2024", "2024-02-01"],
    ["01-02-2024", "2024-02-01"],
    ["2024-02-01", "2024-02-01"],
    ["2024/2/1", "2024-02-01"],
    ["29.02.2024", "2024-02-29"],
    ["31.12.2024 14:05", "2024-12-31T14:05:00"],
    ["31.12.2024 1:02:03", "2024-12-31T01:02:03"],
    ["31.12.2024, 14:05", "2024-12-31T14:05:00"],
  ]),
  read("the month first", months, [
    ["12/31/2024", "2024-12-31"],
    ["1/2/2024", "2024-01-02"],
    ["12/31/2024 1:05 PM", "2024-12-31T13:05:00"],
    ["12/31/2024 12:05 am", "2024-12-31T00:05:00"],
    ["2024-12-31", "2024-12-31"],
  ]),
  read("years of two digits, given", { date: "day-month", twoDigitYears: 1970 }, [
    ["31.12.69", "2069-12-31"],
    ["31.12.70", "1970-12-31"],
    ["1/2/24", "2024-02-01"],
  ]),
  ...wrong(days, "date", [
    "12/31/2024",
    "31.12.24",
    "29.02.2023",
    "31.04.2024",
    "32.01.2024",
    "00.01.2024",
    "1.2-2024",
    "31.12.2024 25:00",
    "45678",
    "2024-13-01",
    "31.12.2024 13:05 PM",
  ]),
  ...wrong(months, "date", ["31/12/2024", "13/01/2024", "02/30/2024"]),
  read("detected: one row says that the day is first", order, [
    ["01/02/2024", "2024-02-01"],
    ["13/02/2024", "2024-02-13"],
    ["05/05/2024", "2024-05-05"],
  ]),
  read("detected: one row says that the month is first", order, [
    ["01/02/2024", "2024-01-02"],
    ["02/13/2024", "2024-02-13"],
  ]),
  read("detected: ISO dates need no order", order, [
    ["2024-01-02", "2024-01-02"],
    ["2024-12-31", "2024-12-31"],
  ]),
  judged("detected: no row tells the order", order, [
    ["01/02/2024", "!csv.undecided"],
    ["05/05/2024", "2024-05-05"],
    ["2024-01-02", "2024-01-02"],
  ]),
  judged("detected: two rows contradict each other", order, [
    ["13/02/2024", "!csv.undecided"],
    ["02/13/2024", "!csv.undecided"],
    ["03/03/2024", "2024-03-03"],
  ]),
  {
    name: "detected: a row behind the sample contradicts what was decided",
    bytes: () => Buffer.from(`d\n13/02/2024\n${"01/02/2024\n".repeat(1_000)}02/13/2024\n`),
    options: { formats: { d: order }, sampleBytes: 2_000 },
    expected: { issues: [{ label: 1_003, code: "csv.date", column: "d" }] },
  },
  {
    name: "detected: what tells is behind the sample",
    bytes: () => Buffer.from(`d\n2024-01-01\n${"2024-01-01\n".repeat(1_000)}13/02/2024\n`),
    options: { formats: { d: order }, sampleBytes: 2_000 },
    expected: { issues: [{ label: 1_003, code: "csv.undecided", column: "d" }], notices: ["csv.format"] },
  },
  {
    name: "a format for a column that is not there",
    bytes: () => Buffer.from("a,b\n1,2\n"),
    options: { formats: { c: comma } },
    expected: { rows: [["1", "2"]], notices: ["csv.format-unused"] },
  },
  {
    name: "a format for a column that an alias names",
    bytes: () => Buffer.from("Preis;b\n1,5;2\n"),
    options: { formats: { price: comma }, aliases: { price: ["preis"] } },
    expected: { columns: ["price", "b"], rows: [["1.5", "2"]] },
  },
]

/** See the file's first sentence. */
export const formatCases: ReadonlyArray<CsvCase> = [...numbers, ...dates]
