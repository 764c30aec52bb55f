/**
 * Canonical JSON (RFC 8785, JSON Canonicalization Scheme): one byte sequence for each JSON value, so that hashes can be compared.
 *
 * Strings and numbers are written as ECMAScript's `JSON.stringify` does (RFC 8785 sections 3.2.2.2 and 3.2.2.3), object keys are
 * sorted by UTF-16 code units (section 3.2.3), nothing is padded.
 *
 * @module
 */

/** A JSON value. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

// what JSON.stringify would escape, or what RFC 8785 forbids (lone surrogates)
const unsafe = /["\\\u0000-\u001f\ud800-\udfff]/

/** Writes a string; a lone surrogate, which RFC 8785 forbids, becomes U+FFFD. */
export const string = (text: string): string =>
  unsafe.test(text) ? JSON.stringify(text.isWellFormed() ? text : text.toWellFormed()) : `"${text}"`

/** Writes a finite number; `NaN` and the infinities, which JSON has not, are written as `null`. */
export const number = (value: number): string => (Number.isFinite(value) ? String(Object.is(value, -0) ? 0 : value) : "null")

// by position: the holes of a sparse array are elements too
const array = (value: ReadonlyArray<unknown>): string => {
  let text = "["
  for (let at = 0; at < value.length; at++) text += at === 0 ? stringify(value[at]) : `,${stringify(value[at])}`
  return `${text}]`
}

/** Writes any JSON value. Members whose value is `undefined` are left out, elements without one are `null`, as `JSON.stringify` does. */
export const stringify = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return string(value)
    case "number":
      return number(value)
    case "boolean":
      return value ? "true" : "false"
    case "bigint":
      return string(value.toString())
    case "object": {
      if (value === null) return "null"
      if (Array.isArray(value)) return array(value)
      if (value instanceof Date) return string(value.toISOString())
      const entries: Array<string> = []
      for (const key of Object.keys(value).sort()) {
        const member = (value as Record<string, unknown>)[key]
        if (member !== undefined) entries.push(`${string(key)}:${stringify(member)}`)
      }
      return `{${entries.join(",")}}`
    }
    default:
      return "null"
  }
}
