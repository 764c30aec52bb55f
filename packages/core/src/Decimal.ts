/**
 * Decimal numbers as text: how sources write them, and the one way they are held.
 *
 * @module
 */
import * as Scalar from "./Scalar.ts"

/** How numbers are written in a source. */
export interface NumberFormat {
  /** The decimal sign; `.` by default. */
  readonly decimal?: "." | ","
  /** The sign between groups of three digits; none by default. */
  readonly thousands?: "." | "," | " " | "'"
}

/** A format whose two signs are the same cannot be read; a defect, thrown where the cell is made. */
export const checkFormat = ({ decimal = ".", thousands }: NumberFormat): void => {
  if (decimal === thousands)
    throw new TypeError(`a number cell needs different signs for decimals and thousands, both are ${decimal}`)
}

/** The number's text with `.` as its decimal sign and nothing between its digits, or `undefined` where it is no number. */
export const plain = (raw: unknown, format: NumberFormat): string | undefined => {
  if (typeof raw === "number") return Number.isFinite(raw) ? fixed(raw) : undefined
  if (typeof raw !== "string") return undefined
  let value = raw
  if (format.thousands !== undefined && value.includes(format.thousands)) {
    const group = format.thousands === "." ? "\\." : format.thousands
    const decimal = format.decimal === "," ? "," : "\\."
    if (!new RegExp(`^[+-]?\\d{1,3}(${group}\\d{3})+(${decimal}\\d+)?$`).test(value)) return undefined
    value = value.replaceAll(format.thousands, "")
  }
  if (format.decimal === ",") {
    if (value.includes(".")) return undefined
    value = value.replace(",", ".")
  }
  return value
}

/** A double without an exponent: the shortest digits that read back as the same double. */
export const fixed = (value: number): string => {
  const short = String(value)
  if (!short.includes("e")) return short
  const [mantissa, exponent] = short.split("e") as [string, string]
  const negative = mantissa.startsWith("-") ? "-" : ""
  const digits = mantissa.replace("-", "").replace(".", "")
  const point = (mantissa.replace("-", "").split(".")[0]?.length ?? 0) + Number(exponent)
  if (point <= 0) return `${negative}0.${"0".repeat(-point)}${digits}`
  return `${negative}${digits.padEnd(point, "0").slice(0, point)}${digits.length > point ? `.${digits.slice(point)}` : ""}`
}

/** Compares by digits, however many there are. */
export const isLess = (a: string, b: string): boolean => {
  const decimals = (text: string): number => (text.includes(".") ? text.length - text.indexOf(".") - 1 : 0)
  const most = Math.max(decimals(a), decimals(b))
  const whole = (text: string): bigint => BigInt(text.replace(".", "") + "0".repeat(most - decimals(text)))
  return whole(a) < whole(b)
}

/** The canonical text of a decimal number, its decimals padded to the scale; `undefined` where it is none. */
export const canonical = (form: string, scale: number | undefined): string | undefined => {
  // plain digits with fewer decimals than the scale: the zeros are all that is missing
  if (scale !== undefined && Scalar.decimalProblem(form, {}) === undefined && form.charCodeAt(0) !== 45) {
    const point = form.indexOf(".")
    const decimals = point < 0 ? 0 : form.length - point - 1
    if (decimals <= scale) return point < 0 && scale > 0 ? `${form}.${"0".repeat(scale)}` : form + "0".repeat(scale - decimals)
  }
  const match = /^([+-]?)0*(\d+)(?:\.(\d*?)(0*))?$/.exec(form)
  if (match === null || form.endsWith(".")) return undefined
  const decimals = match[3] ?? ""
  const shown = scale === undefined ? decimals : decimals.padEnd(scale, "0")
  const digits = shown === "" ? match[2]! : `${match[2]}.${shown}`
  return match[1] === "-" && /[1-9]/.test(digits) ? `-${digits}` : digits
}
