import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { generateStations, type OcmServer, startOcmServer } from "../src/index.ts"
import { camelCase } from "../src/shape.ts"

const stations = generateStations(30)
const ids = stations.map(({ ID }) => ID)
let server: OcmServer

beforeAll(async () => {
  server = await startOcmServer({ stations })
})
beforeEach(() => server.reset())
afterAll(() => server.stop())

const get = (query: string, headers: Record<string, string> = { "X-API-Key": server.key }) =>
  fetch(`${server.url}/poi?${query}`, { headers })
const idsOf = async (query: string) => ((await (await get(query)).json()) as ReadonlyArray<{ ID: number }>).map(({ ID }) => ID)

describe("paging, as the real server does it", () => {
  it("gives the newest IDs first without sortby, also behind greaterthanid", async () => {
    expect(await idsOf("maxresults=3")).toEqual(ids.slice(-3).reverse())
    expect(await idsOf(`maxresults=3&greaterthanid=${ids[4]}`)).toEqual(ids.slice(-3).reverse())
  })
  it("gives the IDs behind the cursor with sortby=id_asc", async () => {
    expect(await idsOf(`sortby=id_asc&maxresults=3&GreaterThanID=${ids[4]}`)).toEqual(ids.slice(5, 8))
  })
  it("ignores offset", async () => {
    expect(await idsOf("sortby=id_asc&maxresults=3&offset=3")).toEqual(ids.slice(0, 3))
  })
  it("takes 100 for what it cannot read, and for a parameter that is there twice", async () => {
    expect(await idsOf("sortby=id_asc&maxresults=many")).toEqual(ids)
    expect(await idsOf("sortby=id_asc&maxresults=2&maxresults=3")).toEqual(ids)
  })
  it("sorts by creation in the SQL fallback, and ignores the country", async () => {
    server.schedule({ kind: "fallback" })
    const given = await idsOf("sortby=id_asc&countrycode=DE")
    expect(given).not.toEqual(ids)
    expect([...given].sort((a, b) => a - b)).toEqual(ids)
  })
})

describe("filters", () => {
  it("drops a country code that it does not know: the whole world comes back", async () => {
    expect(await idsOf("countrycode=DE")).toEqual([])
    expect(await idsOf("countrycode=UK&sortby=id_asc")).toEqual(ids)
    expect(await idsOf("countrycode=pt&sortby=id_asc")).toEqual(ids)
  })
  it("compares modifiedsince inclusively", async () => {
    const date = String(stations[3]!["DateLastStatusUpdate"])
    const later = stations.filter((poi) => String(poi["DateLastStatusUpdate"]) >= date).map(({ ID }) => ID)
    expect(await idsOf(`sortby=id_asc&modifiedsince=${date.replace("Z", "")}`)).toEqual(later)
  })
})

describe("keys and robots", () => {
  it.each([
    [{}, 403, "You must specify an API key using the key query parameter or x-api-key header."],
    [{ "X-API-Key": "test" }, 403, "You must specify an API key using the key query parameter or x-api-key header."],
    [{ "X-API-Key": "11111111-1111-1111-1111-111111111111" }, 403, "Invalid API key."],
    [{ "User-Agent": "FME/2020.0" }, 403, "Blocked for API abuse. Repeated duplicate calls may be automatically banned."],
    [
      { "User-Agent": "my-crawler/1.0" },
      503,
      '{"status":"error","description":"API requests by robots are temporarily disabled."}',
    ],
  ])("%j → %i", async (headers, status, text) => {
    const response = await get("", headers as Record<string, string>)
    expect([response.status, await response.text()]).toEqual([status, text])
  })
  it("lets the key of the query win over the header", async () => {
    expect((await get("key=11111111-1111-1111-1111-111111111111")).status).toBe(403)
    expect((await get(`key=${server.key.toUpperCase()}`, {})).status).toBe(200)
  })
})

describe("forms", () => {
  it("writes names in camel case as .NET does", () => {
    expect(["ID", "UUID", "AddressInfo", "DataProviderID", "ISOCode", "RelatedURL", "PowerKW"].map(camelCase)).toEqual([
      "id",
      "uuid",
      "addressInfo",
      "dataProviderID",
      "isoCode",
      "relatedURL",
      "powerKW",
    ])
  })
  it("leaves reference objects out with compact, and nulls without verbose", async () => {
    const [poi] = (await (await get("maxresults=1&compact=true&verbose=false")).json()) as [Record<string, unknown>]
    expect(poi).not.toHaveProperty("DataProvider")
    expect(poi).toHaveProperty("DataProviderID", 1)
  })
  it("escapes all but ASCII, and answers zipped where that is understood", async () => {
    const response = await get("maxresults=1")
    expect(response.headers.get("content-encoding")).toBe("gzip")
    const text = await response.text()
    expect(text).toMatch(/^[\x20-\x7e]*$/)
    expect(Object.keys((JSON.parse(text) as [object])[0])).toHaveLength(31)
  })
  it("has reference data", async () => {
    const data = (await (await fetch(`${server.url}/referencedata`, { headers: { "X-API-Key": server.key } })).json()) as {
      Countries: ReadonlyArray<{ ISOCode: string }>
    }
    expect(data.Countries.map(({ ISOCode }) => ISOCode)).toEqual(["PT"])
  })
})

describe("at run time", () => {
  it("serves what was edited, added and removed", async () => {
    const own = await startOcmServer({ stations: stations.slice(0, 3) })
    own.edit(ids[0]!, { AddressInfo: { Title: "Renamed" } })
    own.add(stations[5]!)
    own.remove(ids[1]!)
    const response = await fetch(`${own.url}/poi?sortby=id_asc`, { headers: { "X-API-Key": own.key } })
    const pois = (await response.json()) as ReadonlyArray<{ ID: number; AddressInfo: { Title: string; Town: string } }>
    await own.stop()
    expect(pois.map(({ ID }) => ID)).toEqual([ids[0], ids[2], ids[5]])
    expect(pois[0]!.AddressInfo).toMatchObject({
      Title: "Renamed",
      Town: (stations[0]!["AddressInfo"] as { Town: string }).Town,
    })
  })
  it("makes the same stations from the same seed", () => {
    expect(generateStations(5, 7)).toEqual(generateStations(5, 7))
    expect(generateStations(5, 7)).not.toEqual(generateStations(5, 8))
  })
})
