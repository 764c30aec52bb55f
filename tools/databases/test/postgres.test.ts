/**
 * Starting, taking, using and stopping a real PostgreSQL.
 *
 * @module
 */

import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest"
import { createPostgresDatabase, type DatabaseServer, startPostgres } from "../src/index.ts"
import { isThere, postgresTraces, query } from "./observe.ts"

afterEach(() => void vi.unstubAllEnvs())

describe.skipIf(inject("postgresUrl") === null)("a PostgreSQL of our own", () => {
  let server: DatabaseServer
  beforeAll(async () => {
    vi.stubEnv("TEST_POSTGRES_URL", "")
    server = await startPostgres({ durable: false, postgresFlags: ["-c", "work_mem=5MB"] })
  })
  afterAll(() => server.stop())

  test("is version 18, loopback only, UTF-8, and takes settings", async () => {
    const [row] = await query(
      server.url,
      `SELECT current_setting('server_version') AS version, current_setting('listen_addresses') AS addresses,
        current_setting('server_encoding') AS encoding, current_setting('max_connections') AS connections,
        current_setting('fsync') AS fsync, current_setting('work_mem') AS work_mem`,
    )
    expect(row).toEqual({
      version: expect.stringMatching(/^18\./),
      addresses: "127.0.0.1",
      encoding: "UTF8",
      connections: "100",
      fsync: "off",
      work_mem: "5MB",
    })
    expect(server.version).toBe(row?.["version"])
  })

  test("is described without its password", () => {
    const { password, port } = new URL(server.url)
    expect(password).not.toBe("")
    expect(server.description).toContain(`PostgreSQL ${server.version} at 127.0.0.1:${port}`)
    expect(server.description).not.toContain(password)
  })

  test("gives private databases that do not see each other and are dropped under open connections", async () => {
    const [one, two] = await Promise.all([createPostgresDatabase(server), createPostgresDatabase(server)])
    expect(one.name).toMatch(/^waybill_[0-9a-f]{16}$/)
    await query(one.url, "CREATE TABLE t AS SELECT 'größe' AS word")
    expect(await query(one.url, "SELECT current_database() AS name, word FROM t")).toEqual([{ name: one.name, word: "größe" }])
    await expect(query(two.url, "SELECT * FROM t")).rejects.toThrow(/does not exist/)
    const holding = query(one.url, "SELECT pg_sleep(60)").catch((error: unknown) => error)
    await one.drop()
    await Promise.all([one.drop(), two.drop()])
    expect(await holding).toBeInstanceOf(Error)
    expect(await query(server.url, "SELECT datname FROM pg_database WHERE datname LIKE 'waybill%'")).toEqual([])
  })

  test("is taken from TEST_POSTGRES_URL, and left alone when stopped", async () => {
    vi.stubEnv("TEST_POSTGRES_URL", server.url)
    const taken = await startPostgres()
    expect(taken.url).toBe(server.url)
    expect(taken.description).toContain("given by TEST_POSTGRES_URL")
    expect(taken.description).not.toContain(new URL(server.url).password)
    await taken.stop()
    expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }])
  })

  test("a server that cannot be used is named without its credentials", async () => {
    const wrong = new URL(server.url)
    wrong.password = "s3cr%23t"
    for (const url of [wrong.href, "postgresql://me:s3cr%23t@127.0.0.1:1/x", "postgresql://me:s3cr%23t@[oops/x"]) {
      vi.stubEnv("TEST_POSTGRES_URL", url)
      const error: unknown = await startPostgres().catch((reason: unknown) => reason)
      expect(String(error)).toContain("The server of TEST_POSTGRES_URL cannot be used: ")
      expect(String(error)).not.toContain("s3cr")
    }
  })
})

test.skipIf(inject("postgresUrl") === null)("two servers run side by side, and nothing is left of a stopped one", async () => {
  vi.stubEnv("TEST_POSTGRES_URL", "")
  const [one, two] = await Promise.all([startPostgres(), startPostgres({ durable: false })])
  try {
    expect(await query(one.url, "SHOW fsync")).toEqual([{ fsync: "on" }])
    const [first, second] = await Promise.all([postgresTraces(one.url), postgresTraces(two.url)])
    expect([isThere(first), isThere(second)]).toEqual([true, true])
    await Promise.all([one.stop(), one.stop()])
    expect([isThere(first), isThere(second)]).toEqual([false, true])
    await expect(query(one.url, "SELECT 1")).rejects.toThrow()
    await two.stop()
    expect(isThere(second)).toBe(false)
  } finally {
    await Promise.all([one.stop(), two.stop()])
  }
})

test("a server that does not start says what to set", async () => {
  vi.stubEnv("TEST_POSTGRES_URL", "")
  const started = startPostgres({ postgresFlags: ["-c", "no_such_setting=1"] })
  await expect(started).rejects.toThrow(/^No PostgreSQL can be started here \(.*no_such_setting.*\): set TEST_POSTGRES_URL /)
})
