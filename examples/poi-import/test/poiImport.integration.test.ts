import { existsSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Cli, type Host } from "@waybill/cli"
import type { Job } from "@waybill/core"
import { useMongo } from "@waybill-internal/databases/testing"
import { generateStations, type OcmServer, type RawPoi, startOcmServer } from "@waybill-internal/ocm-server"
import { ConfigProvider, Effect, Layer } from "effect"
import { type Document, MongoClient } from "mongodb"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { application } from "../src/application.ts"

const file = new URL("../../../../shared/data/ocm/poi.PT.verbose.json", import.meta.url)

const portuguese = (): ReadonlyArray<RawPoi> => {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as ReadonlyArray<RawPoi>
  console.warn(`There is no ${fileURLToPath(file)}; 191 stations are made up instead.`)
  return generateStations(191)
}

const mongo = useMongo()
const pois = portuguese()
let server: OcmServer
let folder: string
let client: MongoClient

beforeAll(async () => {
  if (mongo.available) client = await MongoClient.connect(mongo.url)
})
afterAll(() => client?.close())
beforeEach(async () => {
  if (!mongo.available) return
  server = await startOcmServer({ stations: pois })
  folder = await mkdtemp(join(tmpdir(), "waybill-poi-"))
})
afterEach(async () => {
  if (!mongo.available) return
  await server.stop()
  await rm(folder, { recursive: true, force: true })
  for (const collection of await client.db(mongo.name).collections()) await collection.drop()
})

// the program as a person calls it: what it wrote, and its exit code
const call = async (environment: ConfigProvider.ConfigProvider, ...args: ReadonlyArray<string>) => {
  const written: Array<string> = []
  const complained: Array<string> = []
  const host: Host.Host = {
    out: (text) => Effect.sync(() => void written.push(text)),
    err: (text) => void complained.push(text),
    colour: false,
    progress: false,
    user: "tester",
    program: "poi-import",
  }
  const layer = application.layer.pipe(Layer.provide(ConfigProvider.layer(environment)))
  const code = await Effect.runPromise(Cli.execute({ ...application, layer }, args, host))
  return { code, out: written.join(""), err: complained.join("") }
}

const command = (...args: ReadonlyArray<string>) =>
  call(
    ConfigProvider.fromEnvRecord({
      OCM_BASE_URL: server.url,
      OCM_API_KEY: server.key,
      OCM_TIMEOUT_MS: "20000",
      OCM_COUNTRY_CODE: "PT",
      MONGO_URI: mongo.url,
      IMPORT_PAGE_SIZE: "50",
      IMPORT_MAX_PAGES: "100",
      IMPORT_FOLDER: folder,
    }),
    ...args,
  )

const jobOf = async (...args: ReadonlyArray<string>): Promise<Job.Job> => {
  const { code, err, out } = await command(...args, "--json")
  if (out === "") throw new Error(`${args.join(" ")} ended with ${code}: ${err}`)
  return JSON.parse(out) as Job.Job
}

const stations = () => client.db(mongo.name).collection<Document>("stations")
const ids = pois.map(({ ID }) => ID)

// the API notes with every edit when it was made
const edit = (id: number, patch: Parameters<typeof server.edit>[1]): void =>
  server.edit(id, { DateLastStatusUpdate: "2026-01-02T03:04:00Z", ...patch })

describe("stations from Open Charge Map into MongoDB", () => {
  it("imports all of them, then nothing, then what was edited, and overwrites nobody's work", async () => {
    const first = await jobOf("run")
    expect(first.failure).toBeNull()
    expect(first).toMatchObject({ status: "success", source: { kind: "ocm" } })
    expect(first.counts).toMatchObject({
      pagesProcessed: 4,
      processed: 191,
      created: 191,
      updated: 0,
      unchanged: 0,
      skippedInvalid: 0,
      skippedByCode: {},
    })
    expect(JSON.stringify(first)).not.toContain(server.key)
    expect(await stations().countDocuments()).toBe(191)
    const one = await stations().findOne({ externalId: `ocm:${ids[3]}` })
    const { Latitude, Longitude } = pois[3]!["AddressInfo"] as { Latitude: number; Longitude: number }
    expect(one).toMatchObject({
      ocmId: ids[3],
      countryCode: "PT",
      location: { type: "Point", coordinates: [Longitude, Latitude] },
    })
    expect(one!["dateCreated"]).toBeInstanceOf(Date)
    expect(one!["licence"]).toContain("CC BY")
    const near = { $near: { $geometry: one!["location"] as Document, $maxDistance: 1 } }
    expect(await stations().findOne({ location: near })).toMatchObject({ externalId: one!["externalId"] })

    const before = await stations().find().sort({ externalId: 1 }).toArray()
    const second = await jobOf("run", "--full")
    expect(second).toMatchObject({ status: "success", bookmark: { from: null } })
    expect(second.counts).toMatchObject({ created: 0, updated: 0, unchanged: 191 })
    expect(await stations().find().sort({ externalId: 1 }).toArray()).toEqual(before)

    edit(ids[5]!, { AddressInfo: { Title: "Renamed at the source" } })
    server.edit(ids[6]!, { IsRecentlyVerified: null, DateLastVerified: "2038-01-01T00:00:00Z", AddressInfo: { Distance: 3 } })
    const third = await jobOf("run")
    // the one that was updated last before is read again; what goes by the present time is no update
    expect(third).toMatchObject({ source: { isDelta: true }, bookmark: { after: second.id } })
    expect(third.counts).toMatchObject({ processed: 2, created: 0, updated: 1, unchanged: 1 })
    const { out } = await command("changes", third.id)
    expect(out).toContain(`ocm:${ids[5]}`)
    expect(out).toContain("Renamed at the source")
    const after = await stations().find().sort({ externalId: 1 }).toArray()
    const differing = after.filter((document, at) => JSON.stringify(document) !== JSON.stringify(before[at]))
    expect(differing.map(({ externalId, name }) => [externalId, name])).toEqual([[`ocm:${ids[5]}`, "Renamed at the source"]])
  })

  it("leaves a station as it is that was edited in the database after the validation", async () => {
    await jobOf("run")
    edit(ids[0]!, { AddressInfo: { Title: "Edited at the source, too" } })
    edit(ids[1]!, { AddressInfo: { Title: "Edited at the source only" } })
    const pending = await jobOf("validate")
    expect(pending).toMatchObject({ status: "pending", counts: { updated: 2 } })
    await stations().updateOne({ externalId: `ocm:${ids[0]}` }, { $set: { name: "Edited by hand" } })

    const done = await jobOf("commit", pending.id)
    expect(done.status).toBe("partial")
    expect(done.counts).toMatchObject({ updated: 1, conflict: 1 })
    expect(await stations().findOne({ externalId: `ocm:${ids[0]}` })).toMatchObject({ name: "Edited by hand" })
    expect(await stations().findOne({ externalId: `ocm:${ids[1]}` })).toMatchObject({ name: "Edited at the source only" })
  })

  it("counts what it leaves out by code, and imports the rest", async () => {
    server.edit(ids[0]!, { AddressInfo: { Latitude: 0, Longitude: 0 } })
    server.edit(ids[1]!, { AddressInfo: { Longitude: 181 } })
    server.edit(ids[2]!, { AddressInfo: { Latitude: "38.7" } })
    server.schedule({ kind: "rows", rows: [{ ...pois[3], ID: null }] }, { kind: "country", code: "ES", only: "first" })
    const job = await jobOf("run")
    expect(job.status).toBe("partial")
    expect(job.counts).toMatchObject({
      processed: 192,
      created: 187,
      skippedInvalid: 5,
      skippedByCode: {
        "rule.coordinates.zero": 1,
        "rule.coordinates.range": 1,
        "row.schema": 1,
        "ocm.malformed": 1,
        "ocm.country": 1,
      },
    })
    expect(await stations().countDocuments()).toBe(187)
    const { out } = await command("issues", job.id)
    for (const ref of [`ocm:${ids[0]}`, "ocm:page 1, item 1"]) expect(out).toContain(ref)
  })

  it("says why it cannot read the API, writes nothing, and ends with 1", async () => {
    server.schedule(null, { kind: "status", status: 403, body: "Invalid API key." })
    const { code, out } = await command("run")
    expect(code).toBe(1)
    expect(out).toContain("answered 403: Invalid API key.")
    expect(await stations().countDocuments()).toBe(0)
  })

  it("shows its help without an environment, and says all that is missing of it", async () => {
    const without = ConfigProvider.fromEnvRecord({})
    expect((await call(without, "--help")).out).toContain("charging stations from Open Charge Map into MongoDB")
    const { code, err } = await call(without, "run")
    expect(code).toBe(1)
    for (const name of ["OCM_API_KEY", "MONGO_URI"]) expect(err).toContain(`${name} is not set`)
  })
})
