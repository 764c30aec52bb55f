/**
 * Dates as people write them: day, month and year in the order of a country. They become ISO text, the one form that cells of an import read.
 *
 * @module
 */

/** Which is first in a column's dates, day or month. */
export type Order = "day-month" | "month-day"

/** How the dates of a column are written. Dates with the year first need no order: `2024-12-31`, `2024/12/31`. */
export interface Format {
  /** The order; `detect` decides by all dates of the sample. */
  readonly date: Order | "detect"
  /** The first of the hundred years that years of two digits are in: with 1970, `69` is 2069 and `70` is 1970. Without it they are an issue. */
  readonly twoDigitYears?: number
}

/** What a text says of its column: the order, nothing (`2024-12-31`, `05.05.2024`), either of the two, or that it is no date. */
export type Evidence = Order | "nothing" | "either" | "none"

const form =
  /^(?<first>\d{4}|\d{1,2})(?<sign>[./-])(?<second>\d{1,2})\k<sign>(?<third>\d{4}|\d{1,2})(?:(?:[T ]|, )(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<seconds>\d{2}(?:[.,]\d{1,6})?))?(?: ?(?<half>[AaPp])\.?[Mm]\.?)?(?<zone>Z|[+-]\d{2}:?\d{2})?)?$/

const two = (value: number): string => String(value).padStart(2, "0")

const daysOf = (year: number, month: number): number =>
  month === 2 ? (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31

const dayOf = (year: number, month: number, day: number): string | undefined =>
  year < 1 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)
    ? undefined
    : `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`

type Parts = { readonly [name: string]: string | undefined }

const yearOf = (text: string, { twoDigitYears }: Format): number => {
  if (text.length === 4) return Number(text)
  if (text.length !== 2 || twoDigitYears === undefined) return 0
  const century = twoDigitYears - (twoDigitYears % 100)
  const year = century + Number(text)
  return year < twoDigitYears ? year + 100 : year
}

const timeOf = ({ half, hour, minute, seconds, zone }: Parts): string | undefined => {
  if (hour === undefined) return ""
  let hours = Number(hour)
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return undefined
    hours = (hours % 12) + (half.toLowerCase() === "p" ? 12 : 0)
  }
  const whole = (seconds ?? "00").replace(",", ".")
  if (hours > 23 || Number(minute) > 59 || Number(whole) >= 60) return undefined
  return `T${two(hours)}:${minute}:${whole}${zone ?? ""}`
}

const isoForm = /^\d{4}-\d{2}-\d{2}$/

/** The date's ISO text, with its time where it has one; `undefined` where it is no date in this order. */
export const canonical = (text: string, order: Order, format: Format): string | undefined => {
  const match = form.exec(text.trim())?.groups
  if (match === undefined) return undefined
  const { first, second, third } = match as { readonly first: string; readonly second: string; readonly third: string }
  const time = timeOf(match)
  if (time === undefined) return undefined
  const day =
    first.length === 4
      ? third.length > 2
        ? undefined
        : dayOf(Number(first), Number(second), Number(third))
      : order === "day-month"
        ? dayOf(yearOf(third, format), Number(second), Number(first))
        : dayOf(yearOf(third, format), Number(first), Number(second))
  if (day === undefined) return undefined
  return isoForm.test(text) ? text : day + time
}

/** What a text says of its column's order. */
export const evidence = (text: string, format: Format): Evidence => {
  const day = canonical(text, "day-month", format)
  const month = canonical(text, "month-day", format)
  if (day === undefined) return month === undefined ? "none" : "month-day"
  if (month === undefined) return "day-month"
  return day === month ? "nothing" : "either"
}

/** What would be right, for a message. */
export const expected = (order: Order, { twoDigitYears }: Format): string => {
  const year = twoDigitYears === undefined ? "a year of four digits" : "a year of two or four digits"
  return order === "day-month"
    ? `a date such as 31.12.2024, the day first, with ${year}`
    : `a date such as 12/31/2024, the month first, with ${year}`
}
