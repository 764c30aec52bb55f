import { Cell, Field } from "@waybill/core"
import { Schema } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"

const cells: ReadonlyArray<readonly [name: string, cell: Schema.Codec<any, any>, field: Schema.Codec<any, any>]> = [
  ["text", Cell.text({ maxLength: 20 }), Field.text({ maxLength: 20 })],
  ["oneOf", Cell.oneOf(["a", "b", "1"]), Field.text({ oneOf: ["a", "b", "1"] })],
  ["integer", Cell.integer({ min: -50 }), Field.integer({ min: -50 })],
  ["bigint", Cell.bigint(), Field.bigint()],
  ["number", Cell.number({ max: 1e6 }), Field.number({ max: 1e6 })],
  ["decimal", Cell.decimal(), Field.decimal()],
  ["decimal(8,2)", Cell.decimal({ precision: 8, scale: 2 }), Field.decimal({ precision: 8, scale: 2 })],
  ["decimal comma", Cell.decimal({ scale: 3, decimal: ",", thousands: "." }), Field.decimal({ scale: 3 })],
  ["boolean", Cell.boolean(), Field.boolean()],
  ["date", Cell.date(), Field.date()],
  ["timestamp", Cell.timestamp({ zone: "utc" }), Field.timestamp()],
  ["json", Cell.json(), Field.json()],
  ["optional date", Cell.optional(Cell.date()), Field.nullable(Field.date())],
]

const digits = (length: number) => fc.stringMatching(new RegExp(`^\\d{0,${length}}$`))
const raw = fc.oneof(
  fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true, withSparseArray: true }),
  fc.string({ unit: "binary" }),
  fc.double(),
  fc.constantFrom("", " ", "-0", "yes", "NO", "1.234,5", "1,234.5", "0x10", "1e5", "a", "true", "null", "[]"),
  // what looks like numbers, dates and moments, right or nearly so
  fc.tuple(fc.constantFrom("", "-", "+"), digits(20), fc.constantFrom("", ".", ","), digits(8)).map((parts) => parts.join("")),
  fc
    .tuple(
      fc.integer({ min: 0, max: 10_050 }),
      fc.integer({ min: 0, max: 13 }),
      fc.integer({ min: 0, max: 32 }),
      fc.constantFrom("", "T00:00:00", "T10:30:00Z", "T23:59:59.120+14:00", " 00:00:00-23:59", "T24:00:00Z", "T10:30"),
    )
    .map(([y, m, d, rest]) => `${String(y).padStart(4, "0")}-${String(m).padStart(2, "0")}-${String(d).padStart(2, "0")}${rest}`),
)

const read = (cell: Schema.Codec<any, any>, value: unknown): unknown => Cell.declarationOf(cell.ast)!.read(value)

describe.each(cells)("%s", (_name, cell, field) => {
  const decode = Schema.decodeUnknownResult(cell)
  const holds = Schema.decodeUnknownResult(field)
  const isField = (value: unknown): boolean => holds(value)._tag === "Success"

  test("its schema face and its reader agree on any input, and neither throws", () => {
    fc.assert(
      fc.property(raw, (input) => {
        const fast = read(cell, input)
        const schema = decode(input)
        if (fast instanceof Cell.Problem) {
          expect(schema._tag).toBe("Failure")
          if (schema._tag === "Failure") expect(schema.failure.message).toBe(fast.message)
        } else expect(schema).toMatchObject({ _tag: "Success", success: fast })
      }),
      { numRuns: 300 },
    )
  })

  test("what it reads is a canonical value of the field of its kind", () => {
    fc.assert(
      fc.property(raw, (input) => {
        const value = read(cell, input)
        if (!(value instanceof Cell.Problem)) expect(isField(value), `${JSON.stringify(value)}`).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test("reading what it read changes nothing", () => {
    fc.assert(
      fc.property(raw, (input) => {
        const value = read(cell, input)
        // JSON text is parsed once; a string that came out of it is another text, not the same value again
        if (!(value instanceof Cell.Problem) && typeof value !== "object" && !(cell === cells[11]![1]))
          expect(read(cell, cell === cells[7]![1] ? String(value).replace(".", ",") : value)).toEqual(value)
      }),
      { numRuns: 300 },
    )
  })

  test("an empty cell never becomes a value", () => {
    const expected = cell === cells[12]![1] ? null : expect.any(Cell.Problem)
    for (const empty of ["", null, undefined]) expect(read(cell, empty)).toEqual(expected)
  })
})

describe("exactness", () => {
  test("every integer that a double holds goes through as text and as a workbook's number", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(read(Cell.integer(), String(value))).toBe(value)
        expect(read(Cell.integer(), value)).toBe(value)
        expect(read(Cell.bigint(), String(value))).toBe(String(value))
      }),
    )
  })

  test("a decimal is never taken through a double: all its digits are kept, however many", () => {
    const whole = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n })
    fc.assert(
      fc.property(whole, fc.stringMatching(/^\d{0,29}[1-9]$/), (number, decimals) => {
        const text = `${number}.${decimals}`
        expect(read(Cell.decimal(), text)).toBe(text)
        expect(read(Cell.decimal({ scale: decimals.length + 2 }), text)).toBe(`${text}00`)
        expect(read(Cell.decimal({ decimal: "," }), text.replace(".", ","))).toBe(text)
      }),
    )
  })

  test("a workbook's number becomes the shortest digits that read back as the same double", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = read(Cell.decimal(), value)
        expect(typeof text).toBe("string")
        expect(text).not.toContain("e")
        expect(Number(text)).toBe(value === 0 ? 0 : value)
      }),
      { numRuns: 500 },
    )
  })

  test("a number written with groups is the number without them, and groups elsewhere are refused", () => {
    const format = { decimal: ",", thousands: "." } as const
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.stringMatching(/^\d{2}$/), fc.nat({ max: 12 }), (whole, decimals, at) => {
        const grouped = `${whole.toLocaleString("de-DE")},${decimals}`
        expect(read(Cell.decimal({ scale: 2, ...format }), grouped)).toBe(`${whole}.${decimals}`)
        const wrong = `${grouped.slice(0, at)}.${grouped.slice(at)}`
        expect(read(Cell.decimal({ scale: 2, ...format }), wrong)).toBeInstanceOf(Cell.Problem)
      }),
    )
  })

  test("a date is taken if and only if the calendar has it", () => {
    const pad = (value: number): string => String(value).padStart(2, "0")
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9999 }),
        fc.integer({ min: 0, max: 13 }),
        fc.integer({ min: 0, max: 32 }),
        (y, m, d) => {
          const text = `${String(y).padStart(4, "0")}-${pad(m)}-${pad(d)}`
          const exists = m >= 1 && m <= 12 && d >= 1 && d <= lastDay(y, m)
          expect(read(Cell.date(), text)).toEqual(exists ? text : expect.any(Cell.Problem))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test("a moment with an offset is the moment in UTC", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("0002-01-01T00:00:00Z"), max: new Date("9998-12-31T00:00:00Z"), noInvalidDate: true }),
        fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 }),
        (moment, minutes) => {
          const local = new Date(moment.getTime() + minutes * 60_000).toISOString().slice(0, 19)
          const size = Math.abs(minutes)
          const offset = `${minutes < 0 ? "-" : "+"}${String(Math.floor(size / 60)).padStart(2, "0")}:${String(size % 60).padStart(2, "0")}`
          expect(read(Cell.timestamp(), `${local}${offset}`)).toBe(`${moment.toISOString().slice(0, 19)}Z`)
        },
      ),
    )
  })
})

// by the calendar's rule, told another way than the code does
const lastDay = (year: number, month: number): number => {
  const days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return days[month - 1]! + (leap && month === 2 ? 1 : 0)
}
