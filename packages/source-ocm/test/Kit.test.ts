/**
 * The source keeps the laws of all sources, against a local server that speaks the API.
 */
import type { Source } from "@waybill/core"
import { SourceSuite, titleOf } from "@waybill/core/testing"
import { acceptedKey, type Fault, generateStations, type OcmServer, startOcmServer } from "@waybill-internal/ocm-server"
import { Effect, Redacted, Stream } from "effect"
import { afterAll, beforeAll, describe, test } from "vitest"
import { OcmSource } from "../src/index.ts"

const stations = generateStations(25)

let server: OcmServer
beforeAll(async () => {
  // its time is part of a cursor: the same each time, as the stations are
  server = await startOcmServer({ stations, now: () => new Date(0) })
})
afterAll(() => server.stop())

// with the platform's fetch
const sourceOf = (url: string, options: Partial<OcmSource.Options>): Source.Source => {
  const source = OcmSource.make({ baseUrl: url, apiKey: Redacted.make(acceptedKey), pageSize: 10, ...options })
  return {
    kind: source.kind,
    identify: Effect.provide(source.identify, OcmSource.layerFetch),
    read: (from) => Stream.provide(source.read(from), OcmSource.layerFetch),
  }
}

// a source of a server of its own
const open = (
  given: Parameters<typeof startOcmServer>[0],
  options: Partial<OcmSource.Options> = {},
  fault?: Fault,
): SourceSuite.Open =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => startOcmServer(given)),
      (it) => Effect.promise(() => it.stop()),
    ),
    ({ always, url }) => {
      if (fault !== undefined) always(fault)
      return sourceOf(url, options)
    },
  )

const broken = (name: string, fault: Fault, reason: Source.Reason, isRetryable: boolean): SourceSuite.Broken => ({
  name,
  reason,
  isRetryable,
  open: open({ stations }, {}, fault),
})

const harness: SourceSuite.Harness = {
  open: Effect.sync(() => sourceOf(server.url, {})),
  rows: stations,
  refs: stations.map(({ ID }) => `ocm:${ID}`),
  pageRows: 10,
  changed: "an API has no bytes to hash",
  empty: open({ stations: [] }, { allowEmpty: true }),
  held: "a request is over when its page is: the connections are those of the platform's fetch",
  broken: [
    broken("busy", { kind: "status", status: 429 }, "Busy", true),
    broken("down", { kind: "status", status: 500 }, "Unreachable", true),
    broken("hangs up", { kind: "hangup" }, "Unreachable", true),
    broken("not found", { kind: "status", status: 404 }, "NotFound", false),
    broken("a web page", { kind: "html" }, "Malformed", false),
    { name: "no stations at all", open: open({ stations: [] }), reason: "Malformed", isRetryable: true },
    {
      name: "another key",
      open: open({ stations }, { apiKey: Redacted.make("11111111-1111-1111-1111-111111111111") }),
      reason: "Refused",
      isRetryable: false,
    },
    { name: "too large", open: open({ stations }, { maxPageBytes: 100 }), reason: "TooLarge", isRetryable: false },
  ],
  secrets: [acceptedKey, "11111111-1111-1111-1111-111111111111"],
}

describe("the Open Charge Map source", () => {
  for (const law of SourceSuite.laws(harness)) test(titleOf(law), () => Effect.runPromise(law.check))
})
