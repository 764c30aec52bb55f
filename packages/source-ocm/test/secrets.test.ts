import { inspect } from "node:util"
import { type Fault, generateStations, type OcmServer, startOcmServer } from "@waybill-internal/ocm-server"
import { Cause, Effect, Logger, Redacted, Stream, Tracer } from "effect"
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest"
import { OcmSource } from "../src/index.ts"
import { run, sourceOf } from "./support.ts"

const key = "5ec2e7aa-0000-4000-8000-5ec2e75ec2e7"
let server: OcmServer

beforeAll(async () => {
  server = await startOcmServer({ stations: generateStations(15), keys: [key] })
})
beforeEach(() => server.reset())
afterAll(() => server.stop())

// everything that a read leaves behind, as text, down to members that an object's own way of being shown would hide: pages, errors
// with their causes, logs, spans
const traces = async (source: ReturnType<typeof sourceOf>): Promise<string> => {
  const texts: Array<string> = []
  const keep = (value: unknown): void =>
    void texts.push(
      inspect(value, { depth: 30, showHidden: true, customInspect: false }),
      JSON.stringify(value) ?? "",
      String(value),
    )
  const logger = Logger.make(({ cause, message }) => keep([message, Cause.pretty(cause)]))
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const { attribute } = span
      span.attribute = (name, value) => {
        keep([name, value])
        attribute.call(span, name, value)
      }
      return span
    },
  })
  await run(
    Effect.gen(function* () {
      keep(yield* source.identify)
      yield* Stream.runForEach(source.read(null), (page) => Effect.sync(() => keep({ ...page, rows: [] })))
    }).pipe(
      Effect.tapCause((cause) => Effect.sync(() => keep([cause, Cause.pretty(cause), Cause.squash(cause)]))),
      Effect.tapCause((cause) => Effect.logError("failed", cause)),
      Effect.exit,
      Effect.provide(Logger.layer([logger])),
      Effect.withTracer(tracer),
    ),
  )
  return texts.join("\n")
}

const faults: ReadonlyArray<readonly [string, Fault | null]> = [
  ["nothing", null],
  ["a refusal that repeats the key", { kind: "status", status: 403, body: `The key ${key.toUpperCase()} is not known.` }],
  ["a refusal where the key is cut", { kind: "status", status: 400, body: `${"x".repeat(290)}${key}` }],
  ["a redirect that repeats the key", { kind: "status", status: 302, location: `/v3/poi?key=${key}` }],
  ["an object that repeats the key", { kind: "body", body: JSON.stringify({ key }) }],
  ["text that repeats the key", { kind: "body", body: `no list for ${key}` }],
  ["JSON cut off behind the key", { kind: "body", body: `[{"key":"${key}"},` }],
  ["a closed connection", { kind: "hangup" }],
  ["a body broken off", { kind: "broken" }],
  ["an empty body", { kind: "empty" }],
]

it.each(faults)("the key is in no error, log, span or identity: %s", async (_, fault) => {
  if (fault !== null) server.schedule(fault)
  const text = await traces(sourceOf(server, { apiKey: Redacted.make(` ${key}\n`), countryCode: "PT" }))
  expect(text.toLowerCase()).not.toContain(key.slice(0, 8))
  expect(text).toContain(new URL(server.url).port)
  expect(server.requests[0]!.headers["x-api-key"]).toBe(key)
  expect(JSON.stringify(server.requests.map(({ path, query }) => [path, query]))).not.toContain(key)
})

it("a key that no header can carry is refused without being shown", async () => {
  const text = await traces(sourceOf(server, { apiKey: Redacted.make("5ec2e7aa\n5ec2e7aa") }))
  expect(text).toContain("holds characters that no header may have")
  expect(text).not.toContain("5ec2e7aa")
  expect(server.requests).toHaveLength(0)
})

it("a redirect is not followed: the key would go along", async () => {
  const other = await startOcmServer({ keys: [key] })
  server.schedule({ kind: "status", status: 307, location: `${other.url}/poi` })
  await traces(sourceOf(server, { apiKey: Redacted.make(key) }))
  expect(other.requests).toHaveLength(0)
  await other.stop()
})

it("an address with credentials is a defect that does not show them", () => {
  for (const baseUrl of ["https://user:5ec2e7@host/v3", "https://host/v3?key=5ec2e7", "not an address 5ec2e7"]) {
    const make = () => OcmSource.make({ apiKey: Redacted.make(key), baseUrl })
    expect(make).toThrow(/baseUrl/)
    expect(make).not.toThrow(/5ec2e7/)
  }
})
