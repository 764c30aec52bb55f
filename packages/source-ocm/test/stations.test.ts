import { Engine, Entity, Import, JobStore } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { generateStations, type OcmServer, type RawPoi, startOcmServer } from "@waybill-internal/ocm-server"
import { Effect, Layer, Logger, Schedule, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { OcmSource, Poi, Station } from "../src/index.ts"
import { haveRealData, realPois, sourceOf } from "./support.ts"

const entity = Entity.make("station", { schema: Station.fields, key: "externalId" })

const stationImport = (sink: MemorySink.MemorySink) =>
  Import.make({
    name: "stations",
    row: Poi.Poi,
    entities: [entity],
    map: (poi) => [entity.of(Station.fromPoi(poi))],
    rules: Station.coordinates,
    sink,
    allowPartial: true,
    retry: Schedule.recurs(3),
  })

// imports what the server has and gives the job with its issues
const importFrom = (server: OcmServer, sink: MemorySink.MemorySink, options: Partial<OcmSource.Options> = {}) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const job = yield* Engine.run(stationImport(sink), sourceOf(server, { pageSize: 50, ...options }))
      return { job, issues: yield* (yield* JobStore.JobStore).issues(job.id) }
    }).pipe(
      Effect.provide(Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, OcmSource.layerFetch, Logger.layer([]))),
    ),
  )

const withServer = async <A>(stations: Iterable<RawPoi>, use: (server: OcmServer) => Promise<A>): Promise<A> => {
  const server = await startOcmServer({ stations })
  try {
    return await use(server)
  } finally {
    await server.stop()
  }
}

const decode = Schema.decodeUnknownSync(Poi.Poi)
const [sample] = generateStations(1) as [RawPoi]
const changed = (address: object, rest: object = {}): RawPoi => ({
  ...sample,
  ...rest,
  AddressInfo: { ...(sample["AddressInfo"] as object), ...address },
})

describe("the shape of a POI", () => {
  it("lets nulls, absent members, unknown members and the ID 0 pass", () => {
    const poi = decode({
      ID: 7,
      Novelty: 1,
      StatusTypeID: 0,
      UsageType: null,
      AddressInfo: { Latitude: 1, Longitude: 2, Floor: 3 },
    })
    expect(poi).toEqual({ ID: 7, StatusTypeID: 0, UsageType: null, AddressInfo: { Latitude: 1, Longitude: 2 } })
    expect(Station.fromPoi(poi)).toMatchObject({ externalId: "ocm:7", statusTypeId: 0, usageTypeId: null, connections: [] })
  })
  it.each([
    ["no place", { ID: 7 }],
    ["null for a place", { ID: 7, AddressInfo: null }],
    ["text for a latitude", { ID: 7, AddressInfo: { Latitude: "38", Longitude: -9 } }],
    ["no longitude", { ID: 7, AddressInfo: { Latitude: 38 } }],
    ["an ID of 0", { ID: 0, AddressInfo: { Latitude: 38, Longitude: -9 } }],
  ])("refuses %s", (_, poi) => {
    expect(Schema.is(Poi.Poi)(poi)).toBe(false)
  })
})

describe("a station", () => {
  it("has no part of what the server works out at each request", () => {
    const again = changed(
      { Distance: 12.5, DistanceUnit: 2 },
      { IsRecentlyVerified: null, DateLastVerified: "2038-01-01T00:00:00Z" },
    )
    expect(Station.fromPoi(decode(again))).toEqual(Station.fromPoi(decode(sample)))
  })
  it("keeps provider, licence and who is to be named", () => {
    expect(Station.fromPoi(decode(sample))).toMatchObject({
      dataProviderId: 1,
      dataProvider: "Open Charge Map Contributors",
      licence: expect.stringContaining("CC BY 4.0"),
      isOpenData: true,
      attribution: "© Open Charge Map contributors (openchargemap.org)",
      source: "Open Charge Map",
    })
    const provided = changed({}, { DataProvider: { ID: 15, Title: "ladestationen.example" } })
    expect(Station.fromPoi(decode(provided)).attribution).toBe(
      "ladestationen.example, via Open Charge Map contributors (openchargemap.org)",
    )
  })
  it("puts the longitude first, takes blanks off and reads empty text as nothing", () => {
    const station = Station.fromPoi(decode(changed({ Title: " Rossio\n", Town: "  ", Latitude: 38.7, Longitude: -9.1 })))
    expect(station).toMatchObject({ name: "Rossio", town: null, location: { type: "Point", coordinates: [-9.1, 38.7] } })
  })
  it("brings moments into one form", () => {
    const dates = {
      DateCreated: "2011-08-25T12:48:00.1234567Z",
      DateLastConfirmed: "2011-08-25T12:48:00",
      DatePlanned: "2011-08-25T14:48:00+02:00",
    }
    expect(Station.fromPoi(decode({ ...sample, ...dates, DateLastStatusUpdate: "soon" }))).toMatchObject({
      dateCreated: "2011-08-25T12:48:00.123Z",
      dateLastConfirmed: "2011-08-25T12:48:00Z",
      datePlanned: "2011-08-25T12:48:00Z",
      dateLastStatusUpdate: "soon",
    })
  })
})

describe("an import of stations", () => {
  it("leaves out what is malformed, each with its code, and never stops for it", async () => {
    const { ID } = sample
    const bad: ReadonlyArray<unknown> = [
      { ...sample, ID: undefined },
      changed({ Latitude: 0, Longitude: 0 }, { ID: ID + 1 }),
      changed({ Latitude: 90.5 }, { ID: ID + 2 }),
      changed({ Latitude: "38" }, { ID: ID + 3 }),
      changed({}, { ID: ID + 4, DateCreated: "31/02/2020" }),
      changed({ Latitude: 0 }, { ID: ID + 5 }),
    ]
    await withServer([sample], async (server) => {
      server.schedule({ kind: "body", body: JSON.stringify([sample, ...bad]) })
      const { issues, job } = await importFrom(server, MemorySink.make())
      expect(job.failure).toBeNull()
      expect(job.status).toBe("partial")
      expect(job.counts).toMatchObject({
        processed: 7,
        created: 2,
        rejected: 5,
        skippedByCode: {
          "ocm.malformed": 1,
          "rule.coordinates.zero": 1,
          "rule.coordinates.range": 1,
          "row.schema": 1,
          "field.timestamp": 1,
        },
      })
      expect(issues.map(({ ref }) => ref)).toContain("ocm:page 1, item 2")
    })
  })

  it("counts a station that is there twice once, and rejects the second of two that differ", async () => {
    await withServer(generateStations(120), async (server) => {
      server.schedule({ kind: "duplicate" }, { kind: "overlap", differing: true })
      const { job } = await importFrom(server, MemorySink.make())
      expect(job.counts).toMatchObject({
        processed: 122,
        created: 120,
        skippedByCode: { "row.duplicate": 1, "ocm.duplicate-id": 1 },
      })
    })
  })

  it("goes on from the last cursor where the API fails in between, with every station once", async () => {
    await withServer(generateStations(230), async (server) => {
      server.schedule(
        { kind: "status", status: 429, retryAfter: 0 },
        null,
        { kind: "cut" },
        { kind: "nothing" },
        { kind: "nothing" },
        null,
        { kind: "hangup" },
        { kind: "unsorted" },
      )
      const { job } = await importFrom(server, MemorySink.make())
      expect(job.failure).toBeNull()
      expect(job.counts).toMatchObject({ pagesProcessed: 5, processed: 230, created: 230 })
    })
  })

  it("fails, with the server's words, where it is refused; and writes nothing", async () => {
    await withServer(generateStations(120), async (server) => {
      server.schedule(null, { kind: "status", status: 403, body: "REJECTED_APIKEY_INVALID" })
      const sink = MemorySink.make()
      const { job } = await importFrom(server, sink)
      expect(job).toMatchObject({ status: "failed", failure: { code: "source.Refused" } })
      expect(job.failure!.message).toContain("REJECTED_APIKEY_INVALID")
      expect(sink.tables.get("station")?.size ?? 0).toBe(0)
    })
  })
})

// the files are an export of 2020; all of their stations can be read
const real = [
  { country: "PT", stations: 191, rejected: {} },
  { country: "MC", stations: 36, rejected: {} },
  { country: "HK", stations: 181, rejected: {} },
]

describe.skipIf(!haveRealData)("real stations", () => {
  it.each(real)("of $country", async ({ country, rejected, stations }) => {
    await withServer(realPois(country), async (server) => {
      const sink = MemorySink.make()
      const { job } = await importFrom(server, sink, { countryCode: country })
      console.log(`${country}: ${job.counts.imported} stations, ${JSON.stringify(job.counts.skippedByCode)} left out`)
      expect(job.counts).toMatchObject({ processed: stations, imported: stations, skippedByCode: rejected, issuesByCode: {} })
      const again = await importFrom(server, sink, { countryCode: country })
      expect(again.job.counts).toMatchObject({ created: 0, updated: 0, unchanged: stations })
    })
  })
})
