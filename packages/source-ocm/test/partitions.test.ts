/** Stations in partitions, by country and by range of IDs, read and imported from a local server. */
import { Engine, Entity, Import, Partitions } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { acceptedKey, generateStations, startOcmServer } from "@waybill-internal/ocm-server"
import { Effect, Layer, Logger, Redacted } from "effect"
import fc from "fast-check"
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest"
import { OcmSource, Poi, Station } from "../src/index.ts"
import { labels, pagesOf, run, sourceOf } from "./support.ts"

const stations = generateStations(40)
const ids = stations.map(({ ID }) => ID).sort((a, b) => a - b)
let server: Awaited<ReturnType<typeof startOcmServer>>

beforeAll(async () => {
  server = await startOcmServer({ stations })
})
beforeEach(() => server.reset())
afterAll(() => server.stop())

const options = () => ({ baseUrl: server.url, apiKey: Redacted.make(acceptedKey), pageSize: 6 })

it("a range of IDs gives the stations in it, each once, whatever the bounds, and goes on from every cursor", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: ids.at(-1)! + 10 }), { maxLength: 4 }), async (some) => {
      const bounds = [...some].sort((a, b) => a - b)
      const partitions = await run(OcmSource.byIds(options(), bounds).partitions)
      const found: Array<unknown> = []
      for (const [at, { name, source }] of partitions.entries()) {
        const above = bounds[at - 1] ?? 0
        const end = bounds[at] ?? Number.POSITIVE_INFINITY
        expect(name).toBe(`${above + 1}-${bounds[at] ?? ""}`)
        const pages = await pagesOf(source)
        const own = labels(pages)
        expect(own).toEqual(ids.filter((id) => id > above && id <= end))
        expect(pages.every(({ labels: some, rows }) => rows.length > 0 && rows.length === some.length)).toBe(true)
        for (const [number, page] of pages.entries())
          expect(labels(await pagesOf(source, page.cursor))).toEqual(labels(pages.slice(number + 1)))
        found.push(...own)
      }
      expect(found).toEqual(ids)
    }),
    { numRuns: 15 },
  )
})

it("asks for nothing behind the page that ends its range", async () => {
  await pagesOf(sourceOf(server, { pageSize: 6, ids: { above: ids[5]!, upTo: ids[7]! } }))
  expect(server.requests).toHaveLength(1)
})

it("a range behind the last station is empty, and a server without any is out of order", async () => {
  const source = { ids: { above: ids.at(-1)! } }
  expect(await pagesOf(sourceOf(server, source))).toEqual([])
  const none = await startOcmServer({ stations: [] })
  await expect(pagesOf(sourceOf(none, source))).rejects.toThrow(/no stations/)
  await none.stop()
})

it("bounds and countries that make no partitions are thrown at once", () => {
  expect(() => OcmSource.byIds(options(), [10, 10])).toThrow(/no range/)
  expect(() => OcmSource.byIds(options(), [10, 5])).toThrow(/no range/)
  expect(() => OcmSource.byIds(options(), [1.5])).toThrow(/no range/)
  expect(() => OcmSource.byCountry(options(), [])).toThrow(/got none/)
  expect(() => OcmSource.byCountry(options(), ["PT", "pt"])).toThrow(/PT, PT/)
  expect(() => OcmSource.byCountry(options(), ["PRT"])).toThrow(/two letters/)
})

it("countries are imported by a job each; one that the API does not know fails alone", async () => {
  const station = Entity.make("station", { schema: Station.fields, key: "externalId" })
  const sink = MemorySink.make()
  const definition = Import.make({
    name: "stations",
    row: Poi.Poi,
    entities: [station],
    map: (poi) => [station.of(Station.fromPoi(poi))],
    sink,
    allowPartial: true,
  })
  const countries = [
    ...new Set(stations.map((it) => (it.AddressInfo as { Country: { ISOCode: string } }).Country.ISOCode)),
  ].sort()
  const source = OcmSource.byCountry(options(), [...countries, "UK"])
  const layer = Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, OcmSource.layerFetch, Logger.layer([]))
  await Effect.gen(function* () {
    const parent = yield* Partitions.run(definition, source)
    expect(parent).toMatchObject({ status: "partial", source: { kind: "ocm" }, counts: { processed: stations.length } })
    expect(parent.failure?.message).toMatch(/^1 of \d+ partitions are not a success: UK: failed \(source.Refused:.*GB/)
    expect(parent.source.name).not.toContain(acceptedKey)
    const states = yield* Partitions.states(parent.id)
    expect(states.map(({ partition }) => partition)).toEqual([...countries, "UK"])
    expect(states.slice(0, -1).every(({ status }) => status === "success")).toBe(true)
    expect(yield* Engine.candidates(states[0]!.job!.id)).toEqual([])
  }).pipe(Effect.provide(layer), Effect.runPromise)
  expect(sink.tables.get("station")?.size).toBe(stations.length)
})
