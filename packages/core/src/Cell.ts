/**
 * Cell codecs: strict readers from what a source delivers (text, number, boolean, nothing) to canonical values.
 *
 * An empty cell never becomes 0 and 31 February never becomes March: whatever is not plainly a value of the kind is a problem,
 * with a code and a message that says what would be right. Each codec is an ordinary Effect schema; the engine calls the
 * reader in its annotation directly, so that a million cells cost a million function calls and nothing else.
 *
 * @module
 */
import { Effect, Schema, SchemaAST, SchemaGetter, SchemaIssue } from "effect"
import type { Json } from "./Canonical.ts"
import * as Decimal from "./Decimal.ts"
import type { Kind, Value } from "./Field.ts"
import * as Scalar from "./Scalar.ts"

/** What is wrong with one cell. */
export class Problem {
  constructor(
    /** Stable, e.g. `cell.integer`; becomes the issue's code. */
    readonly code: string,
    readonly message: string,
  ) {}
}

/** What a schema made here says of itself, as its annotation `waybillCell`. */
export interface Declaration {
  readonly kind: Kind
  readonly precision?: number
  readonly scale?: number
  /** Reads one raw cell; `null`, `undefined` and `""` are the empty cell. */
  readonly read: (raw: unknown) => Value | Problem
}

export type { NumberFormat } from "./Decimal.ts"

/** A cell codec. */
export type Cell<T> = Schema.Codec<T, unknown>

const make = <T>(
  kind: Kind,
  read: (raw: unknown) => Value | Problem,
  form: { readonly precision?: number; readonly scale?: number } = {},
): Cell<T> =>
  Schema.Unknown.pipe(
    Schema.decodeTo(Schema.Unknown, {
      decode: SchemaGetter.transformEffect((raw: unknown) => {
        const value = read(raw)
        return value instanceof Problem
          ? Effect.fail(new SchemaIssue.InvalidValue({ message: value.message }))
          : Effect.succeed(value)
      }),
      encode: SchemaGetter.transform((value: unknown) => value),
    }),
  ).annotate({ waybillCell: { ...form, kind, read } satisfies Declaration }) as unknown as Cell<T>

/** The declaration of a cell codec, or `undefined` for any other schema. */
export const declarationOf = (ast: SchemaAST.AST): Declaration | undefined =>
  SchemaAST.resolve(ast)?.["waybillCell"] as Declaration | undefined

const isEmpty = (raw: unknown): boolean => raw === null || raw === undefined || raw === ""

const empty = new Problem("cell.empty", "expected a value, the cell is empty")

const wrong = (kind: string, message: string): Problem => new Problem(`cell.${kind}`, message)

// what a cell shows as text, or undefined where it is no cell's value (a list, an object, NaN)
const shown = (raw: unknown): string | undefined => {
  if (typeof raw === "string") return raw
  if (typeof raw === "number") return Number.isFinite(raw) ? Decimal.fixed(raw) : undefined
  return typeof raw === "boolean" ? String(raw) : undefined
}

/** Text. Numbers and booleans of a workbook are taken as they are shown in full (`6010`, `true`). */
export const text = (
  options: { readonly maxLength?: number; readonly minLength?: number; readonly pattern?: RegExp } = {},
): Cell<string> =>
  make("text", (raw) => {
    if (isEmpty(raw)) return empty
    const value = shown(raw)
    if (value === undefined) return wrong("text", "expected text")
    const problem = Scalar.textProblem(value, options)
    return problem === undefined ? value : wrong("text", problem)
  })

/** One of some words, exactly as written. */
export const oneOf = <const Words extends ReadonlyArray<string>>(words: Words): Cell<Words[number]> => {
  const known = new Set<string>(words)
  return make("text", (raw) => {
    if (isEmpty(raw)) return empty
    const word = shown(raw)
    return word !== undefined && known.has(word) ? word : wrong("enum", `expected one of ${words.join(", ")}`)
  })
}

const integerForm = /^[+-]?\d{1,16}$/

/** A whole number within ±(2^53 − 1): digits with an optional sign, no blanks, no point. */
export const integer = (options: { readonly min?: number; readonly max?: number } = {}): Cell<number> =>
  make("integer", (raw) => {
    if (isEmpty(raw)) return empty
    const value = typeof raw === "number" ? raw : typeof raw === "string" && integerForm.test(raw) ? Number(raw) : Number.NaN
    if (Number.isNaN(value)) return wrong("integer", "expected a whole number such as 42")
    const problem = Scalar.integerProblem(value, options)
    return problem === undefined ? (value === 0 ? 0 : value) : wrong("integer", problem)
  })

/** A whole number of 64 bits, kept as its digits. */
export const bigint = (): Cell<string> =>
  make("bigint", (raw) => {
    if (isEmpty(raw)) return empty
    const form = typeof raw === "number" && Number.isSafeInteger(raw) ? String(raw) : raw
    if (typeof form !== "string" || !/^[+-]?\d{1,40}$/.test(form)) return wrong("bigint", "expected a whole number such as 42")
    const value = BigInt(form).toString()
    return Scalar.bigintProblem(value) === undefined ? value : wrong("bigint", "expected a whole number within 64 bits")
  })

const numberForm = /^[+-]?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d{1,3})?$/

/** A finite double, in decimal or scientific notation. `0x10`, `NaN` and blanks around the digits are refused. */
export const number = (options: { readonly min?: number; readonly max?: number } & Decimal.NumberFormat = {}): Cell<number> => {
  Decimal.checkFormat(options)
  return make("number", (raw) => {
    if (isEmpty(raw)) return empty
    const form = typeof raw === "number" ? raw : Decimal.plain(raw, options)
    const value = typeof form === "number" ? form : form !== undefined && numberForm.test(form) ? Number(form) : Number.NaN
    const problem = Scalar.numberProblem(value, options)
    return problem === undefined
      ? value === 0
        ? 0
        : value
      : wrong("number", Number.isNaN(value) ? "expected a number such as 12.5" : problem)
  })
}

/**
 * A decimal number kept as text, never through a double: `"12.5"` with `scale: 2` becomes `"12.50"`; a value with more decimals
 * than the scale, or more digits than the precision leaves room for, is a problem and never rounded.
 */
export const decimal = (
  options: { readonly precision?: number; readonly scale?: number; readonly min?: number } & Decimal.NumberFormat = {},
): Cell<string> => {
  Decimal.checkFormat(options)
  const { decimal: sign = ".", min, precision, scale, thousands } = options
  const least = min === undefined ? undefined : Decimal.fixed(min)
  const form = { ...(precision === undefined ? {} : { precision }), ...(scale === undefined ? {} : { scale }) }
  const usual = sign === "." && thousands === undefined
  const read = (raw: unknown): Value | Problem => {
    if (isEmpty(raw)) return empty
    // numbers as they are mostly written need no more than a look at their characters
    if (
      usual &&
      typeof raw === "string" &&
      min === undefined &&
      Scalar.decimalProblem(raw, form) === undefined &&
      raw.charCodeAt(0) !== 45
    ) {
      if (scale !== undefined) return raw
      if (!raw.includes(".")) return raw
    }
    const text = Decimal.plain(raw, options)
    const value = text === undefined ? undefined : Decimal.canonical(text, scale)
    if (value === undefined) return wrong("decimal", `expected a decimal number such as 12${sign}50`)
    const problem = Scalar.decimalProblem(value, form)
    if (problem !== undefined)
      return wrong("decimal", problem.startsWith("expected exactly") ? `expected at most ${scale} decimals` : problem)
    return least !== undefined && Decimal.isLess(value, least) ? wrong("decimal", `expected at least ${least}`) : value
  }
  return make("decimal", read, form)
}

/** The words that are true and false where none are given, compared without regard to case. */
export const booleanWords = { true: ["true", "yes", "1", "y"], false: ["false", "no", "0", "n"] } as const

/** True or false by words, compared without regard to case. */
export const boolean = (
  words: { readonly true: ReadonlyArray<string>; readonly false: ReadonlyArray<string> } = booleanWords,
): Cell<boolean> => {
  const meanings = new Map<string, boolean>()
  for (const word of words.true) meanings.set(word.toLowerCase(), true)
  for (const word of words.false) meanings.set(word.toLowerCase(), false)
  const expected = `expected one of ${[...words.true, ...words.false].join(", ")}`
  return make("boolean", (raw) => {
    if (isEmpty(raw)) return empty
    if (typeof raw === "boolean") return raw
    const word = shown(raw)
    if (word === undefined) return wrong("boolean", expected)
    return meanings.get(word) ?? meanings.get(word.toLowerCase()) ?? wrong("boolean", expected)
  })
}

/** A calendar date in ISO form, `2024-02-29`. A workbook's date cell at midnight is one too. */
export const date = (): Cell<string> =>
  make("date", (raw) => {
    if (isEmpty(raw)) return empty
    const value = typeof raw === "string" && raw.length > 10 && /^T00:00:00(\.0+)?$/.test(raw.slice(10)) ? raw.slice(0, 10) : raw
    const problem = Scalar.dateProblem(value)
    return problem === undefined ? (value as string) : wrong("date", problem)
  })

/**
 * A moment in ISO form with an offset or `Z`; the canonical value is in UTC. `zone: "utc"` also takes moments without an offset
 * and reads them as UTC. At most six decimals of a second.
 */
export const timestamp = (options: { readonly zone?: "required" | "utc" } = {}): Cell<string> =>
  make("timestamp", (raw) => {
    if (isEmpty(raw)) return empty
    const value = typeof raw === "string" ? canonicalTimestamp(raw, options.zone === "utc") : undefined
    return value ?? wrong("timestamp", `expected a moment such as 2024-02-29T10:30:00${options.zone === "utc" ? "" : "Z"}`)
  })

const timestampForm = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6})0*)?)?(Z|[+-]\d{2}:?\d{2})?$/

/** The canonical text of a moment; `undefined` where it is none that the calendar and the clock have. */
export const canonicalTimestamp = (text: string, assumeUtc: boolean): string | undefined => {
  if (Scalar.timestampProblem(text) === undefined) return text
  const match = timestampForm.exec(text)
  if (match === null || !Scalar.isDateAt(text, 0)) return undefined
  const [, day, hour, minute, second = "00", fraction = "", zone] = match
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59 || (zone === undefined && !assumeUtc)) return undefined
  const decimals = fraction.replace(/0+$/, "")
  const tail = decimals === "" ? "Z" : `.${decimals}Z`
  if (zone === undefined || zone === "Z") return `${day}T${hour}:${minute}:${second}${tail}`
  if (Number(zone.slice(1, 3)) > 23 || Number(zone.slice(-2)) > 59) return undefined
  const shift = (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * (zone.startsWith("-") ? 1 : -1)
  const moment = new Date(Date.parse(`${day}T${hour}:${minute}:${second}Z`) + shift * 60_000)
  const inUtc = `${moment.toISOString().slice(0, -5)}${tail}`
  // an offset can lead out of the years 1 to 9999
  return Scalar.timestampProblem(inUtc) === undefined ? inUtc : undefined
}

/** A JSON value: text that is parsed as JSON, or a value that a source already delivers as JSON. */
export const json = <A = Json>(): Cell<A> =>
  make("json", (raw) => {
    if (isEmpty(raw)) return empty
    const value = typeof raw === "string" ? parse(raw) : (raw as Json)
    if (value === undefined) return wrong("json", "expected JSON")
    // JSON.parse makes an infinity of 1e999
    const problem = Scalar.jsonProblem(value)
    return problem === undefined ? value : wrong("json", problem)
  })

const parse = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** A cell that may be empty: then its value is `null`. */
export const optional = <T>(cell: Cell<T>): Cell<T | null> => {
  const inner = declarationOf(cell.ast)
  if (inner === undefined) throw new TypeError("Cell.optional takes a cell codec without checks or transformations of its own")
  const { read } = inner
  return make(inner.kind, (raw) => (isEmpty(raw) ? null : read(raw)), inner)
}
