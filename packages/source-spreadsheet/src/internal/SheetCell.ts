/**
 * What the texts within cells stand for: numbers with their formats, and dates in ISO form.
 */
import * as NumberFormat from "./NumberFormat.ts"
import { textOf } from "./NumberText.ts"
import type { Shared } from "./SheetRow.ts"

const plainDigits = /^-?\d{16,}$/

/**
 * The value of a number as it is stored: a date or time in ISO form where its style says so, the number itself, or its digits where a
 * double has too few; as it is shown where that is wanted. Nothing but blanks is nothing; `undefined` is no number.
 */
export const number = (value: string, style: number, shared: Shared): string | number | null | undefined => {
  const number = Number(value)
  if (number === 0 && value.trim() === "") return null
  if (!Number.isFinite(number)) return undefined
  const isLong = value.length > 15 && plainDigits.test(value) && String(number) !== value
  // more digits than a double has: kept as they are written, unless they are a date
  return isLong && !isDate(style, shared) ? value : ofNumber(number, style, shared)
}

const isDate = (style: number, { styles }: Shared): boolean => (styles[style]?.shown ?? "number") !== "number"

/** The value of a number that is held by a double. */
export const ofNumber = (number: number, style: number, { asShown, is1904, styles }: Shared): string | number => {
  const format = styles[style]
  if (format !== undefined && format.shown !== "number") return NumberFormat.iso(number, format.shown, is1904)
  return asShown ? textOf(number, format?.code ?? "General") : number
}

const form = /^(?:(\d{4}-\d\d-\d\d)(?:T|$))?(?:T?(\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:?\d\d)?)?$/

/** A date, time or both in ISO form (`t="d"`): without a midnight, with seconds. `undefined` where it is none. */
export const iso = (value: string): string | undefined => {
  const match = form.exec(value.trim())
  if (match === null || match[0] === "") return undefined
  const [, date, minutes, seconds = "00", fraction = "", zone = ""] = match
  if (minutes === undefined) return date
  const decimals = /[1-9]/.test(fraction) ? `.${fraction}` : ""
  if (date !== undefined && minutes === "00:00" && seconds === "00" && decimals === "" && (zone === "" || zone === "Z"))
    return date
  return `${date === undefined ? "" : `${date}T`}${minutes}:${seconds}${decimals}${zone}`
}
