/**
 * Starting, taking, using and stopping a real MongoDB, and finding its program.
 *
 * @module
 */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest"
import { createMongoDatabase, type DatabaseServer, startMongo } from "../src/index.ts"
import { isThere, mongoTraces, withMongo } from "./observe.ts"

afterEach(() => void vi.unstubAllEnvs())

describe.skipIf(inject("mongoUrl") === null)("a MongoDB of our own", () => {
  let server: DatabaseServer
  beforeAll(async () => {
    vi.stubEnv("TEST_MONGO_URL", "")
    server = await startMongo({ mongodFlags: ["--wiredTigerCacheSizeGB", "0.5"] })
  })
  afterAll(() => server.stop())

  test("is a wiredTiger replica set on loopback only", async () => {
    const [status, options, hello] = await withMongo(server.url, (client) =>
      Promise.all(
        [{ serverStatus: 1 }, { getCmdLineOpts: 1 }, { hello: 1 }].map((command) => client.db("admin").command(command)),
      ),
    )
    expect(status?.["storageEngine"].name).toBe("wiredTiger")
    expect(status?.["version"]).toBe(server.version)
    expect(options?.["parsed"].net.bindIp).toBe("127.0.0.1")
    expect(options?.["parsed"].storage.wiredTiger.engineConfig.cacheSizeGB).toBe(0.5)
    expect(hello).toMatchObject({ setName: "waybill", isWritablePrimary: true })
    expect(server.description).toContain(`MongoDB ${server.version} at 127.0.0.1:`)
  })

  test("has transactions", async () => {
    const database = await createMongoDatabase(server)
    await withMongo(database.url, async (client) => {
      const things = client.db().collection("things")
      await things.insertOne({ kept: true })
      const session = client.startSession()
      session.startTransaction()
      await things.insertOne({ kept: false }, { session })
      await session.abortTransaction()
      await session.endSession()
      expect(await things.find({}, { projection: { _id: 0 } }).toArray()).toEqual([{ kept: true }])
    })
    await database.drop()
  })

  test("gives private databases that do not see each other and are dropped", async () => {
    const [one, two] = await Promise.all([createMongoDatabase(server), createMongoDatabase(server)])
    expect(one.name).toMatch(/^waybill_[0-9a-f]{16}$/)
    await withMongo(one.url, (client) => client.db().collection("things").insertOne({ here: 1 }))
    expect(await withMongo(two.url, (client) => client.db().collection("things").countDocuments())).toBe(0)
    const names = () =>
      withMongo(server.url, async (client) => (await client.db().admin().listDatabases()).databases.map((each) => each.name))
    expect(await names()).toContain(one.name)
    await Promise.all([one.drop(), one.drop(), two.drop()])
    expect(await names()).not.toContain(one.name)
  })

  test("is taken from TEST_MONGO_URL, and left alone when stopped", async () => {
    vi.stubEnv("TEST_MONGO_URL", server.url)
    const taken = await startMongo()
    expect(taken).toMatchObject({ url: server.url, version: server.version })
    expect(taken.description).toMatch(/, replica set, given by TEST_MONGO_URL$/)
    await taken.stop()
    expect(await withMongo(server.url, (client) => client.db("admin").command({ ping: 1 }))).toMatchObject({ ok: 1 })
  })

  test("nothing is left of a stopped one", async () => {
    vi.stubEnv("TEST_MONGO_URL", "")
    const other = await startMongo()
    const traces = await mongoTraces(other.url).finally(() => Promise.all([other.stop(), other.stop()]))
    expect(isThere(traces)).toBe(false)
  })
})

test("the address of a private database keeps credentials, hosts and parameters", async () => {
  const urlOf = async (url: string) => {
    const database = await createMongoDatabase({ url })
    return database.url.replace(database.name, "NAME")
  }
  expect(await urlOf("mongodb://a:1,b:2")).toBe("mongodb://a:1,b:2/NAME")
  expect(await urlOf("mongodb://a:1,b:2/?replicaSet=x")).toBe("mongodb://a:1,b:2/NAME?replicaSet=x")
  expect(await urlOf("mongodb://u:p@a/?tls=true")).toBe("mongodb://u:p@a/NAME?tls=true&authSource=admin")
  expect(await urlOf("mongodb+srv://u:p@a/users")).toBe("mongodb+srv://u:p@a/NAME?authSource=users")
  expect(await urlOf("mongodb://u:p@a/users?authSource=b")).toBe("mongodb://u:p@a/NAME?authSource=b")
})

test("a server that cannot be used is named without its credentials", async () => {
  for (const url of [
    "mongodb://me:s3cr%23t@127.0.0.1:1/?serverSelectionTimeoutMS=300",
    "mongo://me:s3cr%23t@h",
    "mongodb://me:s3cr%zzt@h",
  ]) {
    vi.stubEnv("TEST_MONGO_URL", url)
    const error: unknown = await startMongo().catch((reason: unknown) => reason)
    expect(String(error)).toContain("The server of TEST_MONGO_URL cannot be used: ")
    expect(String(error)).not.toContain("s3cr")
  }
}, 60_000)

describe("without a mongod", () => {
  let home: string
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "waybill-test-home-"))
    await mkdir(join(home, ".cache", "waybill"), { recursive: true })
    await writeFile(join(home, ".cache", "waybill", "mongod-download-failed"), "as the test wants it")
  })
  afterAll(() => rm(home, { recursive: true }))

  test("one sentence says where was looked and what to set", async () => {
    for (const [name, value] of Object.entries({ HOME: home, PATH: "", MONGOMS_VERSION: "8.2.99", TEST_MONGO_URL: "" }))
      vi.stubEnv(name, value)
    vi.stubEnv("MONGOMS_SYSTEM_BINARY", undefined)
    await expect(startMongo()).rejects.toThrow(
      /^No MongoDB can be started here \(.*failed less than a day ago.*there is no pip.*\): set MONGOMS_SYSTEM_BINARY .* TEST_MONGO_URL /,
    )
  })

  test("a named one that is not there is an error, not a hint", async () => {
    vi.stubEnv("TEST_MONGO_URL", "")
    vi.stubEnv("MONGOMS_SYSTEM_BINARY", join(home, "mongod"))
    await expect(startMongo()).rejects.toThrow(/^The mongod of MONGOMS_SYSTEM_BINARY does not run: .* is not there\.$/)
  })
})
