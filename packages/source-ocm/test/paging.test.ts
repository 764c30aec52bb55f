import { generateStations, type RawPoi, startOcmServer } from "@waybill-internal/ocm-server"
import fc from "fast-check"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { failureOf, labels, pagesOf, sourceOf } from "./support.ts"

const stations = generateStations(30)
const ids = stations.map(({ ID }) => ID)
let server: Awaited<ReturnType<typeof startOcmServer>>

beforeAll(async () => {
  server = await startOcmServer({ stations })
})
beforeEach(() => server.reset())
afterAll(() => server.stop())

const bare = (id: number): RawPoi => ({ ID: id, AddressInfo: { Latitude: 38, Longitude: -9 } })

describe("paging", () => {
  it("gives all stations once, by ascending ID, whatever the IDs and the page size", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 2_147_483_647 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 25 }),
        async (some, pageSize) => {
          const own = await startOcmServer({ stations: some.map(bare) })
          const pages = await pagesOf(sourceOf(own, { pageSize }))
          await own.stop()
          const sorted = [...some].sort((a, b) => a - b)
          expect(labels(pages)).toEqual(sorted)
          expect(pages.flatMap(({ rows }) => rows.map((row) => (row as RawPoi).ID))).toEqual(sorted)
          expect(pages.every(({ rows }) => rows.length > 0 && rows.length <= pageSize)).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })

  it("goes on from every cursor with exactly the rest", async () => {
    for (const pageSize of [1, 7, 10, 30, 31]) {
      const source = sourceOf(server, { pageSize })
      const pages = await pagesOf(source)
      for (const [at, page] of pages.entries()) {
        const cursor = JSON.parse(JSON.stringify(page.cursor)) as typeof page.cursor
        expect(labels(await pagesOf(source, cursor))).toEqual(labels(pages.slice(at + 1)))
      }
    }
  })

  it("stops at a page that is shorter than asked, without another request", async () => {
    await pagesOf(sourceOf(server, { pageSize: 31 }))
    expect(server.requests).toHaveLength(1)
  })

  it("asks once more behind a page that is full to the last station", async () => {
    const pages = await pagesOf(sourceOf(server, { pageSize: 15 }))
    expect(pages.map(({ rows }) => rows.length)).toEqual([15, 15])
    expect(server.requests.map(({ query }) => [query["greaterthanid"], query["maxresults"]])).toEqual([
      ["0", "15"],
      [String(ids[14]), "15"],
      [String(ids[29]), "15"],
      // an empty answer is believed when the last station is there, and none behind it
      [String(ids[29]! - 1), "2"],
    ])
  })

  it("does not take an empty answer in between for the end, and goes on from there", async () => {
    for (const at of [1, 2]) {
      server.reset()
      const source = sourceOf(server)
      server.schedule(...Array.from({ length: at }, () => null), { kind: "nothing" })
      const { error, pages } = await failureOf(source)
      expect(error).toMatchObject({ reason: "Malformed", isRetryable: true })
      expect(error.message).toContain(`behind ID ${ids[at * 10 - 1]}, and then with some`)
      const rest = await pagesOf(source, pages.at(-1)!.cursor)
      expect([...labels(pages), ...labels(rest)]).toEqual(ids)
    }
  })

  it("takes the end for the end though the last station is gone by then", async () => {
    const own = await startOcmServer({ stations })
    const last = ids[29]!
    const source = sourceOf({ url: own.url }, { pageSize: 15 })
    const pages = await pagesOf(source)
    own.remove(last)
    expect(await pagesOf(source, pages.at(-1)!.cursor)).toEqual([])
    await own.stop()
  })

  it("reads on behind a page that a server has cut at a length of its own", async () => {
    const own = await startOcmServer({ stations: generateStations(260) })
    own.always({ kind: "cap", rows: 100 })
    const pages = await pagesOf(sourceOf(own, { pageSize: 500 }))
    await own.stop()
    expect(pages.map(({ rows }) => rows.length)).toEqual([100, 100, 60])
  })

  it("says that the page limit was reached, and delivers the pages before", async () => {
    const { error, pages } = await failureOf(sourceOf(server, { maxPages: 2 }))
    expect(pages).toHaveLength(2)
    expect(error).toMatchObject({ reason: "TooLarge", isRetryable: false })
    expect(error.message).toContain("2 pages of 10")
    expect(error.message).toContain(`behind ID ${ids[19]}`)
  })

  it("keeps to the page limit across a resume, and allows exactly as many pages", async () => {
    const source = sourceOf(server, { maxPages: 2 })
    const { pages } = await failureOf(source)
    expect((await failureOf(source, pages[0]!.cursor)).pages).toHaveLength(1)
    expect(await pagesOf(sourceOf(server, { maxPages: 3 }))).toHaveLength(3)
    expect(await pagesOf(sourceOf(server, { maxPages: 2, pageSize: 15 }))).toHaveLength(2)
  })

  it("turns a cursor down that is not its own", async () => {
    for (const cursor of [7, "x", [], { after: -1, pages: 0 }, { after: 1.5, pages: 0 }, { pages: 1 }])
      expect((await failureOf(sourceOf(server), cursor)).error).toMatchObject({ reason: "Refused", isRetryable: false })
    expect(server.requests).toHaveLength(0)
  })
})

describe("requests", () => {
  it("carry the key in a header, an honest user agent, and the query of a verbose crawl", async () => {
    await pagesOf(sourceOf(server, { countryCode: "pt", userAgent: "acme-maps/2.1", openDataOnly: true }))
    const [first] = server.requests
    expect(first!.path).toBe("/v3/poi")
    expect(first!.query).toEqual({
      output: "json",
      verbose: "true",
      compact: "false",
      countrycode: "PT",
      opendata: "true",
      sortby: "id_asc",
      greaterthanid: "0",
      maxresults: "10",
    })
    expect(first!.headers["x-api-key"]).toBe(server.key)
    expect(first!.headers["user-agent"]).toMatch(/^acme-maps\/2\.1 waybill-source-ocm\/\d+\.\d+\.\d+ \(\+https:\/\/\S+\)$/)
    expect(first!.headers["accept-encoding"]).toContain("gzip")
    expect(first!.headers).not.toHaveProperty("traceparent")
  })

  it("ask for what was updated since a moment, in UTC and without fractions", async () => {
    const since = new Date("2015-06-01T12:00:00.500Z")
    const pages = await pagesOf(sourceOf(server, { modifiedSince: since }))
    expect(server.requests[0]!.query["modifiedsince"]).toBe("2015-06-01T12:00:00")
    expect(labels(pages)).toEqual(
      stations.filter((poi) => String(poi["DateLastStatusUpdate"]) >= "2015-06-01T12:00:00").map(({ ID }) => ID),
    )
  })

  it("take an empty answer to “updated since” for one if there are stations at all", async () => {
    const source = sourceOf(server, { modifiedSince: new Date("2038-01-01T00:00:00Z") })
    expect(await pagesOf(source)).toEqual([])
    server.always({ kind: "nothing" })
    expect((await failureOf(source)).error).toMatchObject({ reason: "Malformed", isRetryable: true })
  })
})
