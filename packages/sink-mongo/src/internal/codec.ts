/**
 * The codec between canonical values and BSON, one rule for each kind of field.
 *
 * | kind | BSON |
 * | --- | --- |
 * | `text` | string |
 * | `integer` | int32 where it fits, else int64 |
 * | `bigint` | int64 |
 * | `number` | double, whole numbers too |
 * | `decimal` | decimal128, trailing zeros kept |
 * | `boolean` | boolean |
 * | `date` | date, midnight UTC |
 * | `timestamp` | date, to the millisecond |
 * | `json` | documents and arrays; numbers as int32 where they fit, else double |
 *
 * BSON numbers are read by value, whatever their type, because MongoDB itself compares them so. What is in a document that no canonical
 * value of the field's kind is written as, is read as its extended JSON, which equals no canonical value.
 */
import type { Canonical, Field } from "@waybill/core"
import { BSON, Decimal128, Double } from "mongodb"

type Json = Canonical.Json

const int32 = 2 ** 31

/** The BSON value of a canonical value that is there. */
export const encode = (kind: Field.Kind, value: Json): unknown => {
  if (value === null) return null
  switch (kind) {
    case "integer":
      return (value as number) >= -int32 && (value as number) < int32 ? (value as number) + 0 : BigInt(value as number)
    case "bigint":
      return BigInt(value as string)
    case "number":
      return Number.isInteger(value) ? new Double((value as number) + 0) : value
    case "decimal":
      return Decimal128.fromString(value as string)
    case "date":
    case "timestamp":
      return new Date(value as string)
    default:
      return value
  }
}

/** The canonical value of what a document holds; `undefined` where it holds nothing. */
export const decode = (kind: Field.Kind, raw: unknown): Field.Value => {
  if (raw === undefined || raw === null) return raw
  switch (kind) {
    case "text":
      return typeof raw === "string" ? raw : foreign(raw)
    case "boolean":
      return typeof raw === "boolean" ? raw : foreign(raw)
    case "integer":
    case "number":
      return typeof raw === "number" && Number.isFinite(raw) ? raw + 0 : foreign(raw)
    case "bigint":
      if (typeof raw === "number" && Number.isInteger(raw)) return BigInt(raw).toString()
      return isBson(raw, "Long") ? String(raw) : foreign(raw)
    case "decimal":
      return isBson(raw, "Decimal128") ? plainDecimal(String(raw)) : foreign(raw)
    case "date": {
      const text = raw instanceof Date ? isoOf(raw) : undefined
      return text?.length === 24 && text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : foreign(raw)
    }
    case "timestamp": {
      const text = raw instanceof Date ? isoOf(raw) : undefined
      return text?.length === 24 ? text.replace(/\.?0*Z$/, "Z") : foreign(raw)
    }
    case "json":
      return typeof raw === "string" ? raw : foreign(raw)
  }
}

/** Whether a document holds just this canonical value. */
export const same = (kind: Field.Kind, expected: Json, raw: unknown): boolean => {
  if (expected === null || raw === null || raw === undefined) return raw === expected
  switch (kind) {
    case "text":
    case "boolean":
    case "integer":
    case "number":
      return raw === expected
    case "json":
      return sameJson(expected, raw)
    default:
      return decode(kind, raw) === expected
  }
}

const sameJson = (expected: unknown, raw: unknown): boolean => {
  if (typeof expected !== "object" || expected === null) return raw === (expected ?? null)
  if (Array.isArray(expected)) {
    if (!Array.isArray(raw) || raw.length !== expected.length) return false
    for (let at = 0; at < expected.length; at++) if (!sameJson(expected[at], raw[at])) return false
    return true
  }
  if (!isPlain(raw)) return false
  let members = 0
  for (const key of Object.keys(expected)) {
    const member = (expected as Record<string, unknown>)[key]
    if (member === undefined) continue
    members++
    if (!Object.hasOwn(raw, key) || !sameJson(member, raw[key])) return false
  }
  return members === Object.keys(raw).length
}

/** Whether this is a document, and no other thing that BSON has. */
export const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype

const isBson = (value: unknown, type: string): boolean =>
  typeof value === "object" && value !== null && (value as { _bsontype?: unknown })._bsontype === type

const isoOf = (date: Date): string | undefined => (Number.isNaN(date.getTime()) ? undefined : date.toISOString())

// a string under a kind whose canonical values are strings too would else look like one of them
const foreign = (raw: unknown): Json => (typeof raw === "string" ? { $string: raw } : foreignJson(raw))

const foreignJson = (raw: unknown): Json => {
  if (raw === null || raw === undefined) return null
  if (typeof raw === "string" || typeof raw === "boolean") return raw
  if (typeof raw === "number") return Number.isFinite(raw) ? raw + 0 : { $numberDouble: String(raw) }
  if (Array.isArray(raw)) return raw.map(foreignJson)
  if (raw instanceof Date) return { $date: isoOf(raw) ?? "out of range" }
  if (isPlain(raw)) return Object.fromEntries(Object.entries(raw).map(([key, member]) => [key, foreignJson(member)]))
  return (BSON.EJSON.serialize({ raw }, { relaxed: false }) as { raw: Json }).raw
}

/** The plain digits of what Decimal128 writes, which may have an exponent. */
const plainDecimal = (text: string): Json => {
  const [, sign, whole, fraction = "", exponent] = /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]\d+))?$/.exec(text) ?? []
  if (whole === undefined) return { $numberDecimal: text }
  if (exponent === undefined) return text
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point >= digits.length) return `${sign}${digits.padEnd(point, "0").replace(/^0+(?=\d)/, "")}`
  const padded = digits.padStart(digits.length - point + 1, "0")
  const at = padded.length - (digits.length - point)
  return `${sign}${padded.slice(0, at)}.${padded.slice(at)}`
}

/** One text for all BSON values that a unique index holds for the same, as far as kinds of keys go. */
export const comparable = (raw: unknown): string => {
  if (typeof raw === "string") return `s${raw}`
  if (raw instanceof Date) return `d${raw.getTime()}`
  if (typeof raw === "number") return Number.isInteger(raw) ? `n${BigInt(raw)}` : `n${raw}`
  if (isBson(raw, "Double")) return comparable(Number(raw))
  if (isBson(raw, "Decimal128")) {
    const text = String(plainDecimal(String(raw)))
    const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text
    return `n${short === "-0" ? "0" : short}`
  }
  return typeof raw === "bigint" || isBson(raw, "Long") ? `n${raw}` : `o${typeof raw} ${String(raw)}`
}
