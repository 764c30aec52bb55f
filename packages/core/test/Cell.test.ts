import { Cell } from "@waybill/core"
import { Schema } from "effect"
import { describe, expect, test } from "vitest"

const read = (cell: Schema.Codec<any, any>, raw: unknown): unknown => {
  const value = Cell.declarationOf(cell.ast)!.read(raw)
  return value instanceof Cell.Problem ? value.code : value
}

const cases = (cell: Schema.Codec<any, any>, table: ReadonlyArray<readonly [raw: unknown, value: unknown]>) => {
  test.each(table)("%j is %j", (raw, value) => {
    expect(read(cell, raw)).toEqual(value)
  })
}

describe("text", () => {
  cases(Cell.text({ maxLength: 5, pattern: /^[^x]*$/g }), [
    ["", "cell.empty"],
    [null, "cell.empty"],
    [undefined, "cell.empty"],
    [" a ", " a "],
    ["abcdef", "cell.text"],
    // a global pattern starts at the beginning of every cell
    ["ab", "ab"],
    ["cd", "cd"],
    ["ax", "cell.text"],
    [6010, "6010"],
    [-0, "0"],
    [true, "true"],
    [Number.NaN, "cell.text"],
    [["a"], "cell.text"],
    [{}, "cell.text"],
  ])
  cases(Cell.text(), [[1e21, "1000000000000000000000"]])
})

describe("one of some words", () => {
  cases(Cell.oneOf(["S", "M", "6010"]), [
    ["S", "S"],
    ["s", "cell.enum"],
    [" S", "cell.enum"],
    [6010, "6010"],
    [["S"], "cell.enum"],
    ["", "cell.empty"],
  ])
})

describe("integer", () => {
  cases(Cell.integer({ max: 9007199254740991 }), [
    ["42", 42],
    ["+42", 42],
    ["-7", -7],
    ["007", 7],
    ["-0", 0],
    [-0, 0],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740992", "cell.integer"],
    ["1.0", "cell.integer"],
    ["1e3", "cell.integer"],
    ["0x10", "cell.integer"],
    [" 12", "cell.integer"],
    ["12 ", "cell.integer"],
    ["", "cell.empty"],
    [" ", "cell.integer"],
    [12, 12],
    [12.5, "cell.integer"],
    [Number.POSITIVE_INFINITY, "cell.integer"],
    [true, "cell.integer"],
    ["١٢", "cell.integer"],
  ])
  cases(Cell.integer({ min: 1, max: 3 }), [
    ["0", "cell.integer"],
    ["1", 1],
    ["3", 3],
    ["4", "cell.integer"],
  ])
})

describe("bigint", () => {
  cases(Cell.bigint(), [
    ["9223372036854775807", "9223372036854775807"],
    ["9223372036854775808", "cell.bigint"],
    ["-9223372036854775808", "-9223372036854775808"],
    ["-9223372036854775809", "cell.bigint"],
    ["+007", "7"],
    ["-0", "0"],
    [42, "42"],
    [2 ** 53, "cell.bigint"],
    ["", "cell.empty"],
  ])
})

describe("number", () => {
  cases(Cell.number(), [
    ["12.5", 12.5],
    [".5", 0.5],
    ["1e3", 1000],
    ["-0", 0],
    ["1e999", "cell.number"],
    ["0x10", "cell.number"],
    ["NaN", "cell.number"],
    ["Infinity", "cell.number"],
    [" 1", "cell.number"],
    ["1,5", "cell.number"],
    ["5.", "cell.number"],
    ["", "cell.empty"],
    [Number.NaN, "cell.number"],
  ])
  cases(Cell.number({ decimal: ",", thousands: "." }), [
    ["1.234,5", 1234.5],
    ["1234,5", 1234.5],
    ["12.34", "cell.number"],
    [12.5, 12.5],
  ])
})

describe("decimal", () => {
  cases(Cell.decimal({ precision: 6, scale: 2 }), [
    ["12.5", "12.50"],
    ["12", "12.00"],
    ["+12.5", "12.50"],
    ["0012.50", "12.50"],
    ["12.500", "12.50"],
    ["-12.5", "-12.50"],
    ["-0.00", "0.00"],
    ["0", "0.00"],
    ["9999.99", "9999.99"],
    ["10000", "cell.decimal"],
    ["12.505", "cell.decimal"],
    ["12.", "cell.decimal"],
    [".5", "cell.decimal"],
    ["1e2", "cell.decimal"],
    ["1,5", "cell.decimal"],
    ["cheap", "cell.decimal"],
    [" 1", "cell.decimal"],
    ["", "cell.empty"],
    [12.5, "12.50"],
    [0.1 + 0.2, "cell.decimal"],
    [Number.NaN, "cell.decimal"],
  ])
  cases(Cell.decimal(), [
    ["1.50", "1.5"],
    ["1.00", "1"],
    ["123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"],
    [1e21, "1000000000000000000000"],
    [1.5e-7, "0.00000015"],
    [-1.25e22, "-12500000000000000000000"],
  ])
  cases(Cell.decimal({ scale: 2, decimal: ",", thousands: "." }), [
    ["1.234,5", "1234.50"],
    ["12.345.678,90", "12345678.90"],
    ["1.234", "1234.00"],
    ["1234,5", "1234.50"],
    ["1.23", "cell.decimal"],
    ["1.234.5", "cell.decimal"],
    ["12.34,5", "cell.decimal"],
    [".234", "cell.decimal"],
    ["1.5", "cell.decimal"],
    ["1,2,3", "cell.decimal"],
    [12.5, "12.50"],
  ])
  cases(Cell.decimal({ scale: 2, thousands: "," }), [
    ["1,234.5", "1234.50"],
    ["1,234,5", "cell.decimal"],
    ["1,234,56", "cell.decimal"],
    ["1,234;5", "cell.decimal"],
    ["1234.5", "1234.50"],
  ])
  cases(Cell.decimal({ min: 0.1 }), [
    ["0.1", "0.1"],
    // as doubles the two are the same
    ["0.09999999999999999999999", "cell.decimal"],
    ["-5", "cell.decimal"],
  ])
  test("two signs that are the same are a defect of the definition", () => {
    expect(() => Cell.decimal({ thousands: "." })).toThrow(TypeError)
    expect(() => Cell.number({ decimal: ",", thousands: "," })).toThrow(TypeError)
  })
})

describe("boolean", () => {
  cases(Cell.boolean(), [
    ["yes", true],
    ["TRUE", true],
    ["0", false],
    [1, true],
    [false, false],
    ["", "cell.empty"],
    ["oui", "cell.boolean"],
    [["yes"], "cell.boolean"],
    [2, "cell.boolean"],
  ])
})

describe("date", () => {
  cases(Cell.date(), [
    ["2024-02-29", "2024-02-29"],
    ["2023-02-29", "cell.date"],
    ["2024-02-31", "cell.date"],
    ["2024-04-31", "cell.date"],
    ["1900-02-29", "cell.date"],
    ["2000-02-29", "2000-02-29"],
    ["2024-13-01", "cell.date"],
    ["2024-00-10", "cell.date"],
    ["0000-01-01", "cell.date"],
    ["2024-1-2", "cell.date"],
    ["2024-02-29T00:00:00.000", "2024-02-29"],
    ["2024-02-29T10:00:00", "cell.date"],
    ["29.02.2024", "cell.date"],
    [45351, "cell.date"],
    ["", "cell.empty"],
  ])
})

describe("timestamp", () => {
  cases(Cell.timestamp(), [
    ["2024-02-29T10:30:00Z", "2024-02-29T10:30:00Z"],
    ["2024-02-29 10:30Z", "2024-02-29T10:30:00Z"],
    ["2024-02-29T00:30:00+01:00", "2024-02-28T23:30:00Z"],
    ["2024-12-31T23:30:00.1200-0130", "2025-01-01T01:00:00.12Z"],
    ["2024-02-29T10:30:00.123456000Z", "2024-02-29T10:30:00.123456Z"],
    ["2024-02-29T10:30:00.1234567Z", "cell.timestamp"],
    ["2024-02-31T10:30:00Z", "cell.timestamp"],
    ["2024-02-29T24:00:00Z", "cell.timestamp"],
    ["2024-02-29T10:30:60Z", "cell.timestamp"],
    ["2024-02-29T10:30:00", "cell.timestamp"],
    // an offset that leads out of the years that the canonical form has
    ["0001-01-01T00:00:00+01:00", "cell.timestamp"],
    ["9999-12-31T23:59:59-01:00", "cell.timestamp"],
    ["2024-02-29", "cell.timestamp"],
    ["", "cell.empty"],
  ])
  cases(Cell.timestamp({ zone: "utc" }), [["2024-02-29 10:30:00.50", "2024-02-29T10:30:00.5Z"]])
})

describe("json", () => {
  cases(Cell.json(), [
    ['{"a":[1,null]}', { a: [1, null] }],
    ["{", "cell.json"],
    ["abc", "cell.json"],
    ["1e999", "cell.json"],
    ["", "cell.empty"],
    [{ a: 1 }, { a: 1 }],
    [new Map(), "cell.json"],
    [`${"[".repeat(5_000)}${"]".repeat(5_000)}`, "cell.json"],
  ])
})

describe("optional", () => {
  cases(Cell.optional(Cell.decimal({ scale: 2 })), [
    ["", null],
    [null, null],
    [undefined, null],
    [" ", "cell.decimal"],
    ["1", "1.00"],
  ])
  test("takes nothing but cell codecs", () => {
    expect(() => Cell.optional(Schema.String as never)).toThrow(TypeError)
    expect(() => Cell.optional(Cell.text().check(Schema.isMinLength(2) as never) as never)).toThrow(TypeError)
  })
})
