import { generateStations, type OcmServer, startOcmServer } from "@waybill-internal/ocm-server"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { failureOf, labels, pagesOf, run, sourceOf } from "./support.ts"

const stations = generateStations(25)
const ids = stations.map(({ ID }) => ID)
let server: OcmServer

beforeAll(async () => {
  server = await startOcmServer({ stations })
})
beforeEach(() => server.reset())
afterAll(() => server.stop())

const issuesOf = async (options: Parameters<typeof sourceOf>[1] = {}) =>
  (await pagesOf(sourceOf(server, options))).flatMap(({ issues }) => issues)

describe("country", () => {
  it("is refused when the server does not know its code", async () => {
    const { error, pages } = await failureOf(sourceOf(server, { countryCode: "UK" }))
    expect(pages).toEqual([])
    expect(error).toMatchObject({ reason: "Refused", isRetryable: false })
    expect(error.message).toMatch(/does not know the country code UK; the United Kingdom is GB: .* stations of PT/)
  })
  it("of a row that is of another one is an error of the row", async () => {
    server.schedule({ kind: "country", code: "ES", only: "first" })
    expect(await issuesOf({ countryCode: "PT" })).toMatchObject([
      { row: 0, severity: "error", code: "ocm.country", value: "ES", message: expect.stringContaining("of ES") },
    ])
  })
  it("of a later page that is of another one is an error of each row", async () => {
    server.schedule(null, { kind: "country", code: "ES" })
    const pages = await pagesOf(sourceOf(server, { countryCode: "PT" }))
    expect(pages.map(({ issues }) => issues.length)).toEqual([0, 10, 0])
  })
  it("that is not told is a warning", async () => {
    const own = await startOcmServer({ stations: generateStations(2) })
    own.schedule({ kind: "body", body: '[{"ID":1,"AddressInfo":null}]' })
    const [page] = await pagesOf(sourceOf(own, { countryCode: "PT" }))
    await own.stop()
    expect(page!.issues).toMatchObject([{ severity: "warning", code: "ocm.country" }])
  })
  it("is not looked at where none was asked for", async () => {
    server.schedule({ kind: "country", code: "ES" })
    expect(await issuesOf()).toEqual([])
  })
})

describe("a station that is there twice", () => {
  it.each([
    [false, "warning", "the same content"],
    [true, "error", "other content"],
  ])("on one page (differing: %s)", async (differing, severity, message) => {
    server.schedule(null, { kind: "duplicate", differing })
    const pages = await pagesOf(sourceOf(server))
    expect(labels(pages)).toEqual([...ids.slice(0, 11), ids[10], ...ids.slice(11)])
    expect(pages[1]!.issues).toMatchObject([
      { row: 1, severity, code: "ocm.duplicate-id", column: "ID", value: ids[10], message: expect.stringContaining(message) },
    ])
  })
  it.each([
    [false, "warning", "on the page before, with the same content"],
    [true, "error", "on the page before, with other content"],
  ])("on two pages (differing: %s)", async (differing, severity, message) => {
    server.schedule(null, { kind: "overlap", differing })
    const pages = await pagesOf(sourceOf(server))
    expect(pages[1]!.issues).toMatchObject([
      { row: 0, severity, code: "ocm.duplicate-id", value: ids[9], message: expect.stringContaining(message) },
    ])
    expect(labels(pages)).toEqual([...ids.slice(0, 10), ids[9], ...ids.slice(10)])
  })
  it("on two pages with a resume between them", async () => {
    const source = sourceOf(server)
    const [first] = await pagesOf(source)
    server.schedule({ kind: "rows", rows: [stations[9]] })
    const pages = await pagesOf(source, first!.cursor)
    expect(pages[0]!.issues).toMatchObject([{ row: 0, severity: "warning", code: "ocm.duplicate-id", value: ids[9] }])
  })
  it("is the same content where only what the server works out differs", async () => {
    const again = { ...stations[0], IsRecentlyVerified: null, DateLastVerified: "2038-01-01T00:00:00Z" }
    server.schedule({
      kind: "rows",
      rows: [{ ...again, AddressInfo: { ...(stations[0]!["AddressInfo"] as object), Distance: 3, DistanceUnit: 1 } }],
    })
    expect(await issuesOf()).toMatchObject([{ severity: "warning", code: "ocm.duplicate-id" }])
  })
  it("of an earlier page means an order that cannot be relied on", async () => {
    server.schedule(null, null, { kind: "rows", rows: [stations[3]] })
    const { error } = await failureOf(sourceOf(server))
    expect(error).toMatchObject({ reason: "Malformed", isRetryable: true })
    expect(error.message).toContain(`ID ${ids[3]} came behind ${ids[19]}, though only IDs above ${ids[19]} were asked for`)
  })
})

describe("items that are no stations", () => {
  const junk = [null, 7, "poi", [], {}, { ID: null }, { ID: "12" }, { ID: 0 }, { ID: -4 }, { ID: 1.5 }, { __proto__: { ID: 3 } }]

  it("are delivered with an error each, and named by page and item", async () => {
    server.schedule(null, { kind: "rows", rows: junk })
    const pages = await pagesOf(sourceOf(server))
    expect(pages[1]!.issues.map(({ code, row, severity }) => [code, row, severity])).toEqual(
      junk.map((_, at) => ["ocm.malformed", at, "error"]),
    )
    expect(pages[1]!.labels.slice(0, 2)).toEqual(["page 2, item 1", "page 2, item 2"])
    expect(labels(pages).filter((label) => typeof label === "number")).toEqual(ids)
  })
  it("may stand alone at the end", async () => {
    const own = await startOcmServer({ stations: stations.slice(0, 10) })
    own.schedule(null, { kind: "rows", rows: [{}] })
    const pages = await pagesOf(sourceOf(own))
    expect(labels(pages)).toEqual([...ids.slice(0, 10), "page 2, item 1"])
    expect(await pagesOf(sourceOf(own), pages[1]!.cursor)).toEqual([])
    await own.stop()
  })
  it("that fill a page end the reading: it could go no further", async () => {
    server.schedule({ kind: "body", body: JSON.stringify(Array.from({ length: 10 }, () => ({}))) })
    expect((await failureOf(sourceOf(server))).error).toMatchObject({ reason: "Malformed" })
  })
})

describe("identity", () => {
  it("names address and query, licence and attribution", async () => {
    const { identify } = sourceOf(server, { countryCode: "pt", modifiedSince: new Date("2026-01-02T03:04:05Z") })
    expect(await run(identify)).toEqual({
      name: `${server.url}/poi?countrycode=PT&modifiedsince=2026-01-02T03%3A04%3A05`,
      isDelta: true,
      sha256: null,
      bytes: null,
      details: {
        licence: "CC BY 4.0",
        attribution: "© Open Charge Map contributors (openchargemap.org)",
        note: expect.stringContaining("data provider"),
        pageSize: 10,
        query: { countrycode: "PT", modifiedsince: "2026-01-02T03:04:05" },
      },
    })
    expect(server.requests).toHaveLength(0)
  })
})
