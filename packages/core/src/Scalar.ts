/**
 * What a canonical value of each kind looks like, told as a problem or `undefined`. Run for every cell: no regular expression
 * where a loop does, no allocation where all is well.
 *
 * @module
 */

/** The first line of a message. */
export const firstLine = (text: string): string => text.split("\n", 1)[0]!

/** Text limits; see `Field.text`. */
export const textProblem = (
  value: unknown,
  options: {
    readonly maxLength?: number
    readonly minLength?: number
    readonly pattern?: RegExp
    readonly oneOf?: ReadonlyArray<string>
  },
): string | undefined => {
  if (typeof value !== "string") return "expected text"
  if (options.maxLength !== undefined && value.length > options.maxLength)
    return `expected at most ${options.maxLength} characters, got ${value.length}`
  if (options.minLength !== undefined && value.length < options.minLength)
    return `expected at least ${options.minLength} characters, got ${value.length}`
  // search, and not test, which remembers a position where the pattern is global
  if (options.pattern !== undefined && value.search(options.pattern) < 0)
    return `expected text of the form ${options.pattern.source}`
  if (options.oneOf !== undefined && !options.oneOf.includes(value)) return `expected one of ${options.oneOf.join(", ")}`
  return undefined
}

const rangeProblem = (value: number, options: { readonly min?: number; readonly max?: number }): string | undefined => {
  if (options.min !== undefined && value < options.min) return `expected at least ${options.min}`
  if (options.max !== undefined && value > options.max) return `expected at most ${options.max}`
  return undefined
}

/** Whole numbers that a double holds exactly. */
export const integerProblem = (value: unknown, options: { readonly min?: number; readonly max?: number }): string | undefined =>
  Number.isSafeInteger(value) ? rangeProblem(value as number, options) : "expected a whole number within ±9007199254740991"

/** Finite doubles. */
export const numberProblem = (value: unknown, options: { readonly min?: number; readonly max?: number }): string | undefined =>
  typeof value === "number" && Number.isFinite(value) ? rangeProblem(value, options) : "expected a finite number"

/** Canonical digits of a signed 64-bit integer. */
export const bigintProblem = (value: unknown): string | undefined => {
  if (typeof value !== "string" || !/^(0|-?[1-9]\d{0,18})$/.test(value)) return "expected the digits of a whole number of 64 bits"
  return BigInt.asIntN(64, BigInt(value)) === BigInt(value) ? undefined : "expected a whole number within 64 bits"
}

/** Canonical decimals: no plus sign, no leading zeros, no exponent, no negative zero; exactly `scale` decimals if a scale is declared. */
export const decimalProblem = (
  value: unknown,
  options: { readonly precision?: number; readonly scale?: number },
): string | undefined => {
  if (typeof value !== "string") return "expected a decimal number as text"
  const length = value.length
  let index = value.charCodeAt(0) === 45 ? 1 : 0
  const first = index
  while (index < length && isDigit(value.charCodeAt(index))) index++
  const whole = index - first
  let decimals = 0
  if (index < length && value.charCodeAt(index) === 46) {
    index++
    const start = index
    while (index < length && isDigit(value.charCodeAt(index))) index++
    decimals = index - start
    if (decimals === 0) return "expected a decimal number such as 12.50"
  }
  if (index !== length || whole === 0) return "expected a decimal number such as 12.50"
  if (whole > 1 && value.charCodeAt(first) === 48) return "expected a decimal number without leading zeros"
  if (first === 1 && value.charCodeAt(1) === 48 && isZero(value)) return "expected zero without a sign"
  if (options.scale !== undefined && decimals !== options.scale) return `expected exactly ${options.scale} decimals`
  if (options.precision !== undefined) {
    const room = options.precision - (options.scale ?? decimals)
    const digits = whole === 1 && value.charCodeAt(first) === 48 ? 0 : whole
    if (digits > room) return `expected at most ${room} digits before the point`
  }
  return undefined
}

const isZero = (text: string): boolean => !/[1-9]/.test(text)

const isDigit = (code: number): boolean => code >= 48 && code <= 57

const twoDigits = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

const daysIn = (year: number, month: number): number =>
  month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : month === 4 || month === 6 || month === 9 || month === 11
      ? 30
      : 31

/** Whether the ten characters from `at` are a date that the calendar has. */
export const isDateAt = (text: string, at: number): boolean => {
  const century = twoDigits(text, at)
  const years = twoDigits(text, at + 2)
  const month = twoDigits(text, at + 5)
  const day = twoDigits(text, at + 8)
  if (century < 0 || years < 0 || text.charCodeAt(at + 4) !== 45 || text.charCodeAt(at + 7) !== 45) return false
  const year = century * 100 + years
  return year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

/** Calendar dates. */
export const dateProblem = (value: unknown): string | undefined => {
  if (typeof value !== "string" || value.length !== 10) return "expected a date YYYY-MM-DD"
  return isDateAt(value, 0) ? undefined : "expected a date YYYY-MM-DD that the calendar has"
}

/** Moments in UTC. */
export const timestampProblem = (value: unknown): string | undefined => {
  const message = "expected a moment in UTC, YYYY-MM-DDTHH:mm:ss[.ffffff]Z"
  if (typeof value !== "string" || value.length < 20 || !isDateAt(value, 0)) return message
  if (value.charCodeAt(10) !== 84 || value.charCodeAt(13) !== 58 || value.charCodeAt(16) !== 58) return message
  const hour = twoDigits(value, 11)
  const minute = twoDigits(value, 14)
  const second = twoDigits(value, 17)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return message
  if (value.length === 20) return value.charCodeAt(19) === 90 ? undefined : message
  return /^\.\d{0,5}[1-9]Z$/.test(value.slice(19)) ? undefined : message
}

const deepest = 200

/** JSON all the way down, at most 200 levels of it: what is written by recursion must not use up the stack. */
export const jsonProblem = (value: unknown, depth = 0): string | undefined => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined
    case "number":
      return Number.isFinite(value) ? undefined : "expected a JSON value; a number in it is not finite"
    case "object": {
      if (value === null) return undefined
      if (depth === deepest) return `expected a JSON value of at most ${deepest} levels`
      const prototype = Object.getPrototypeOf(value)
      if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null)
        return `expected a JSON value; found a ${value.constructor?.name ?? "foreign object"}`
      if (Array.isArray(value)) {
        for (let at = 0; at < value.length; at++) {
          const problem = value[at] === undefined ? undefined : jsonProblem(value[at], depth + 1)
          if (problem !== undefined) return problem
        }
        return undefined
      }
      for (const key of Object.keys(value)) {
        const member = (value as Readonly<Record<string, unknown>>)[key]
        const problem = member === undefined ? undefined : jsonProblem(member, depth + 1)
        if (problem !== undefined) return problem
      }
      return undefined
    }
    default:
      return `expected a JSON value; found a ${typeof value}`
  }
}
