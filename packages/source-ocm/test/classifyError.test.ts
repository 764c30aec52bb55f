import { Duration } from "effect"
import { describe, expect, it } from "vitest"
import * as classify from "../src/internal/classifyError.ts"

const now = Date.UTC(1994, 10, 6, 8, 49, 0)

describe("Retry-After", () => {
  it.each([
    ["120", 120],
    [" 0 ", 0],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 37],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 37],
    ["Sun, 06 Nov 1994 08:00:00 GMT", 0],
    ["soon", undefined],
    ["1.5", undefined],
    ["-1", undefined],
    ["", undefined],
    [undefined, undefined],
    ["1994", 1994],
  ])("%s", (header, seconds) => {
    expect(classify.retryAfter(header, now)).toEqual(seconds === undefined ? undefined : Duration.seconds(seconds))
  })
})

describe("connections that fail", () => {
  it.each([
    ["ECONNREFUSED", true],
    ["ECONNRESET", true],
    ["ENOTFOUND", true],
    ["EAI_AGAIN", true],
    ["UND_ERR_SOCKET", true],
    ["UND_ERR_HEADERS_TIMEOUT", true],
    ["CERT_HAS_EXPIRED", false],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", false],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", false],
    ["ERR_TLS_CERT_ALTNAME_INVALID", false],
  ])("%s", (code, isRetryable) => {
    const cause = new TypeError("fetch failed", { cause: Object.assign(new Error("no"), { code }) })
    const error = classify.unreachable(cause)
    expect(error).toMatchObject({ reason: "Unreachable", isRetryable })
    expect(error.message).toContain(code)
  })
  it("without a code", () => {
    expect(classify.unreachable(undefined)).toMatchObject({ reason: "Unreachable", isRetryable: true })
  })
})

describe("bodies", () => {
  it("may begin with a byte order mark", () => {
    expect(classify.rowsOf("\uFEFF[1]", String)).toEqual([1])
  })
  it("are shown on one line, cut to 300 characters", () => {
    expect(classify.words(" a\r\n\tb ")).toBe("a b")
    expect(classify.words("y".repeat(301))).toBe(`${"y".repeat(300)}…`)
  })
})
