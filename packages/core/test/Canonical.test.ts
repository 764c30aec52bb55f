import { Canonical, Fingerprint } from "@waybill/core"
import rfc8785 from "canonicalize"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"

// its declaration says CommonJS default, what is imported is the function
const canonicalize = rfc8785 as unknown as (value: unknown) => string

// any JSON value; text may hold any well-formed Unicode, numbers include the extremes and -0
const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 5 } as fc.JsonSharedConstraints)
const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true })
const anyText = fc.string({ unit: "binary", maxLength: 40 })

describe("canonical JSON", () => {
  test("is what an independent implementation of RFC 8785 writes, for any JSON value", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(Canonical.stringify(value)).toBe(canonicalize(value))
      }),
      { numRuns: 1_000 },
    )
  })

  test("writes any finite double and any well-formed text as the independent implementation does", () => {
    fc.assert(
      fc.property(anyDouble, anyText, fc.dictionary(anyText, anyDouble), (number, text, members) => {
        expect(Canonical.number(number)).toBe(canonicalize(number))
        expect(Canonical.string(text)).toBe(canonicalize(text))
        expect(Canonical.stringify(members)).toBe(canonicalize(members))
      }),
      { numRuns: 1_000 },
    )
  })

  test("is read back as the value that was written", () => {
    fc.assert(
      fc.property(json, (value) => {
        // -0 is the one number that JSON's canonical form does not keep
        expect(JSON.parse(Canonical.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test.each([
    [-0, "0"],
    [5e-324, "5e-324"],
    [Number.MAX_VALUE, "1.7976931348623157e+308"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [1e21, "1e+21"],
    [0.1 + 0.2, "0.30000000000000004"],
    [Number.NaN, "null"],
    [Number.POSITIVE_INFINITY, "null"],
  ])("the number %s is %s", (value, text) => {
    expect(Canonical.stringify(value)).toBe(text)
  })

  test("members are sorted by UTF-16 code units, not by code points", () => {
    // U+10000 is D800 DC00 in UTF-16 and so comes before U+FFFF
    expect(Canonical.stringify({ "\uffff": 1, "\u{10000}": 2, a: 3 })).toBe('{"a":3,"\u{10000}":2,"\uffff":1}')
  })

  test("a lone surrogate, which RFC 8785 forbids, becomes U+FFFD in values and names", () => {
    expect(Canonical.stringify("a\ud800b")).toBe('"a\ufffdb"')
    expect(Canonical.stringify({ "\udfff": "\ud800" })).toBe('{"\ufffd":"\ufffd"}')
  })

  test("members without a value are left out, elements without one are null, as JSON.stringify does", () => {
    const holes: Array<unknown> = [1]
    holes[2] = undefined
    expect(Canonical.stringify({ a: undefined, b: 1 })).toBe('{"b":1}')
    expect(Canonical.stringify(holes)).toBe("[1,null,null]")
  })

  test("names that a plain object treats specially are members like others", () => {
    const value = JSON.parse('{"__proto__":1,"constructor":2,"toString":3}') as unknown
    expect(Canonical.stringify(value)).toBe('{"__proto__":1,"constructor":2,"toString":3}')
  })

  test("equal values have equal hashes whatever the order of their members", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        expect(Fingerprint.of(reversed)).toBe(Fingerprint.of(value))
      }),
    )
  })
})
