import { acceptedKey, type Fault, generateStations, type OcmServer, startOcmServer } from "@waybill-internal/ocm-server"
import { Duration, Effect, Exit, Fiber, Option, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { OcmSource } from "../src/index.ts"
import { failureOf, labels, pagesOf, run, sourceOf } from "./support.ts"

const stations = generateStations(25)
const ids = stations.map(({ ID }) => ID)
let server: OcmServer

beforeAll(async () => {
  server = await startOcmServer({ stations })
})
beforeEach(() => server.reset())
afterAll(() => server.stop())

const robots = '{"status":"error","description":"API requests by robots are temporarily disabled."}'

const table: ReadonlyArray<readonly [string, Fault, string, boolean, string | RegExp]> = [
  ["429", { kind: "status", status: 429, body: "slow down" }, "Busy", true, "answered 429: slow down"],
  ["503", { kind: "status", status: 503 }, "Busy", true, "answered 503"],
  ["503 to robots", { kind: "status", status: 503, body: robots }, "Refused", false, /robots .*user agent/],
  ["500", { kind: "status", status: 500 }, "Unreachable", true, "answered 500"],
  [
    "502",
    { kind: "status", status: 502, body: "Upstream API unavailable" },
    "Unreachable",
    true,
    "502: Upstream API unavailable",
  ],
  ["524 as a page", { kind: "status", status: 524, body: "<html><title>A timeout</title>" }, "Unreachable", true, "“A timeout”"],
  ["408", { kind: "status", status: 408 }, "Timeout", true, "answered 408"],
  ["404", { kind: "status", status: 404 }, "NotFound", false, "answered 404"],
  ["400", { kind: "status", status: 400, body: '{"status":"error"}' }, "Refused", false, 'answered 400: {"status":"error"}'],
  ["a long refusal", { kind: "status", status: 418, body: "x".repeat(5000) }, "Refused", false, /answered 418: x{300}…$/],
  ["a redirect", { kind: "status", status: 302, location: "http://127.0.0.1:1/" }, "Refused", false, "redirect to http://127"],
  ["a closed connection", { kind: "hangup" }, "Unreachable", true, "broke off"],
  ["a body broken off", { kind: "broken" }, "Unreachable", true, "broke off"],
  ["JSON cut off", { kind: "cut" }, "Malformed", true, "cut off after"],
  ["HTML with 200", { kind: "html" }, "Malformed", false, "not JSON: an HTML page, “Just a moment...”"],
  ["an empty body", { kind: "empty" }, "Malformed", true, "empty body"],
  ["an object", { kind: "body", body: '{"Status":"Error","Message":"Cache not ready"}' }, "Malformed", false, "Cache not ready"],
  ["a string", { kind: "body", body: '"[]"' }, "Malformed", false, "not a list"],
  ["rows out of order", { kind: "unsorted" }, "Malformed", true, "out of order"],
  ["the SQL fallback's order", { kind: "fallback" }, "Malformed", true, "out of order"],
]

describe("each fault ends in its reason", () => {
  it.each(table)("%s on the first page", async (_, fault, reason, isRetryable, message) => {
    server.schedule(fault)
    const { error, pages } = await failureOf(sourceOf(server))
    expect(pages).toEqual([])
    expect(error).toMatchObject({ _tag: "SourceError", reason, isRetryable })
    expect(error.message).toMatch(message)
    expect(server.requests).toHaveLength(1)
  })

  it.each(table)("%s on the second page, and the rest from the cursor", async (_, fault, reason) => {
    server.schedule(null, fault)
    const source = sourceOf(server)
    const { error, pages } = await failureOf(source)
    expect(error.reason).toBe(reason)
    expect(labels(pages)).toEqual(ids.slice(0, 10))
    expect(labels(await pagesOf(source, pages[0]!.cursor))).toEqual(ids.slice(10))
  })

  it("a page that is repeated", async () => {
    server.schedule(null, { kind: "repeat" })
    const { error, pages } = await failureOf(sourceOf(server))
    expect(pages).toHaveLength(1)
    expect(error).toMatchObject({ reason: "Malformed", isRetryable: true })
    expect(error.message).toContain(`no station behind ID ${ids[9]}`)
    expect(error.message).toContain("repeats a page")
  })

  it("out of order names the IDs", async () => {
    server.schedule(null, { kind: "unsorted" })
    const { error } = await failureOf(sourceOf(server))
    expect(error.message).toContain(`ID ${ids[18]} came behind ${ids[19]}`)
  })

  it("a robot's user agent is a defect of the options, and a key that the server does not know is refused", async () => {
    const apiKey = Redacted.make(acceptedKey)
    for (const userAgent of ["my-crawler/1", "PHP/8", "nameofagent", "Slurp"])
      expect(() => OcmSource.make({ apiKey, userAgent })).toThrow(/turns away/)
    const { error } = await failureOf(sourceOf(server, { apiKey: Redacted.make("11111111-1111-1111-1111-111111111111") }))
    expect(error).toMatchObject({ reason: "Refused", isRetryable: false })
    expect(error.message).toContain("answered 403: Invalid API key.")
    const missing = await failureOf(sourceOf(server, { apiKey: Redacted.make("") }))
    expect(missing.error.message).toContain("You must specify an API key")
  })

  it("nobody listens", async () => {
    const gone = await startOcmServer()
    await gone.stop()
    const { error } = await failureOf(sourceOf(gone))
    expect(error).toMatchObject({ reason: "Unreachable", isRetryable: true })
    expect(error.message).toContain("ECONNREFUSED")
  })

  it("an answer larger than its limit", async () => {
    const { error } = await failureOf(sourceOf(server, { maxPageBytes: 5000 }))
    expect(error).toMatchObject({ reason: "TooLarge", isRetryable: false })
    expect(error.message).toContain("larger than 5000 bytes")
  })
})

describe("an empty answer", () => {
  it("to the first request is not taken for an empty country", async () => {
    server.schedule({ kind: "nothing" })
    const { error } = await failureOf(sourceOf(server))
    expect(error).toMatchObject({ reason: "Malformed", isRetryable: true })
    expect(error.message).toContain("answered with no stations; the API does so when it is out of order")
  })
  it("is taken for one with allowEmpty", async () => {
    server.schedule({ kind: "nothing" })
    expect(await pagesOf(sourceOf(server, { allowEmpty: true }))).toEqual([])
  })
  it("in the middle is not taken for the end", async () => {
    server.schedule(null, { kind: "nothing" }, { kind: "nothing" })
    const { error, pages } = await failureOf(sourceOf(server))
    expect(labels(pages)).toEqual(ids.slice(0, 10))
    expect(error).toMatchObject({ reason: "Malformed", isRetryable: true })
    expect(error.message).toContain(`behind ID ${ids[9]}`)
  })
})

describe("time", () => {
  it("Retry-After in seconds", async () => {
    server.schedule({ kind: "status", status: 429, retryAfter: 7 })
    const { error } = await failureOf(sourceOf(server))
    expect(error.retryAfter).toEqual(Duration.seconds(7))
  })

  it("Retry-After as an HTTP date, from the present time on", async () => {
    const now = Date.UTC(2026, 0, 1)
    server.schedule({ kind: "status", status: 503, retryAfter: new Date(now + 90_000) })
    const read = Stream.runDrain(sourceOf(server).read(null))
    const exit = await run(
      Effect.gen(function* () {
        yield* TestClock.setTime(now)
        return yield* Effect.exit(read)
      }).pipe(Effect.provide(TestClock.layer())),
    )
    const error = Option.getOrThrow(Exit.findErrorOption(exit))
    expect(error.reason).toBe("Busy")
    expect(Duration.toSeconds(error.retryAfter!)).toBe(90)
  })

  it.each([{ kind: "silent" }, { kind: "stalled" }] as const)("no answer in time ($kind) ends the request", async (fault) => {
    server.schedule(fault)
    const arrived = Effect.promise(async () => {
      while (server.requests.length === 0) await new Promise(setImmediate)
    })
    const exit = await run(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Stream.runDrain(sourceOf(server, { timeout: "30 seconds" }).read(null)))
        yield* arrived
        yield* TestClock.adjust("30 seconds")
        return yield* Fiber.await(fiber)
      }).pipe(Effect.provide(TestClock.layer())),
    )
    const error = Option.getOrThrow(Exit.findErrorOption(exit))
    expect(error).toMatchObject({ reason: "Timeout", isRetryable: true })
    expect(error.message).toContain("within 30s")
    while (!server.requests[0]!.aborted) await new Promise(setImmediate)
  })
})
