import fc from "fast-check"
import { expect, test } from "vitest"
import { iso, ofBuiltin, ofCode } from "../src/internal/NumberFormat.ts"

test.each([
  ["General", "number"],
  ["0.00", "number"],
  ["#,##0 [$₺-41F]", "number"],
  ["[Red]0.00;[Blue]-0.00", "number"],
  ['0.0 "days"', "number"],
  ["0\\d", "number"],
  ["0_d", "number"],
  ["0*y", "number"],
  ["0.00E+00", "number"],
  ["@", "number"],
  ["yyyy-mm-dd", "date"],
  ["dd.mm.yyyy", "date"],
  ["[$-41F]d mmmm yyyy;@", "date"],
  ["mmm", "date"],
  ["d/m/yy h:mm", "date"],
  ["h:mm AM/PM", "time"],
  ["HH:MM:SS", "time"],
  ["mm:ss.0", "time"],
  ["[h]:mm:ss", "elapsed"],
  ["[hh]:mm", "elapsed"],
  ["[ss]", "elapsed"],
  ["[$-411]h:mm", "time"],
])("the format %s shows a %s", (code, shown) => {
  expect(ofCode(code)).toBe(shown)
})

test("the built-in formats", () => {
  const ids = (shown: string) => Array.from({ length: 60 }, (_, id) => id).filter((id) => ofBuiltin(id) === shown)
  expect(ids("date")).toEqual([14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58])
  expect(ids("time")).toEqual([18, 19, 20, 21, 45, 47])
  expect(ids("elapsed")).toEqual([46])
})

test.each([
  [0, "00:00:00"],
  [0.4375, "10:30:00"],
  [1, "1900-01-01"],
  [59, "1900-02-28"],
  [60, "1900-02-29"],
  [60.5, "1900-02-29T12:00:00"],
  [61, "1900-03-01"],
  [45322, "2024-01-31"],
  [45322.4375, "2024-01-31T10:30:00"],
  [45351, "2024-02-29"],
  [44197.4237268519, "2021-01-01T10:10:10"],
  [45322.9999999999, "2024-02-01"],
  [45322.000005787, "2024-01-31T00:00:00.500"],
  [2958465, "9999-12-31"],
  [2958466, 2958466],
  [-1, -1],
])("day %d of the 1900 system is %s", (serial, text) => {
  expect(iso(serial, "date", false)).toBe(text)
})

test.each([
  [0, "date", "1904-01-01"],
  [0.5, "date", "1904-01-01T12:00:00"],
  [0.5, "time", "12:00:00"],
  [42735, "date", "2021-01-01"],
  [2957003, "date", "9999-12-31"],
  [2957004, "date", 2957004],
] as const)("day %d of the 1904 system, shown as a %s, is %s", (serial, shown, text) => {
  expect(iso(serial, shown, true)).toBe(text)
})

test("elapsed times go beyond a day", () => {
  expect(iso(1.5, "elapsed", false)).toBe("36:00:00")
  expect(iso(0.25 + 0.1 / 86_400, "elapsed", true)).toBe("06:00:00.100")
})

test("every day has the date that the calendar says", () => {
  const expected = (first: number, day: number) => new Date(first + day * 86_400_000).toISOString().slice(0, 10)
  fc.assert(
    fc.property(fc.integer({ min: 61, max: 2_958_465 }), fc.integer({ min: 0, max: 2_957_003 }), (day, day1904) => {
      expect(iso(day, "date", false)).toBe(expected(Date.UTC(1899, 11, 30), day))
      expect(iso(day1904, "date", true)).toBe(expected(Date.UTC(1904, 0, 1), day1904))
    }),
    { numRuns: 5_000 },
  )
})
