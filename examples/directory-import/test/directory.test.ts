/**
 * The directory import on a real database: killed and finished, into folders; and into a server that speaks S3.
 */
import * as fs from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { S3Client } from "@aws-sdk/client-s3"
import { Collector } from "@waybill/collector"
import { usePostgres } from "@waybill-internal/databases/testing"
import { Effect, Logger } from "effect"
import pg from "pg"
import { afterEach, beforeEach, expect, test } from "vitest"
import { Application, Document, Settings, Tree, Trial } from "../src/index.ts"
import * as S3ObjectStore from "../src/S3ObjectStore.ts"

const database = usePostgres()
let folder: string
let pool: pg.Pool
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "waybill-directory-"))
  pool = new pg.Pool({ connectionString: database.url, max: 8 })
  await pool.query("DROP TABLE IF EXISTS document; DROP SCHEMA IF EXISTS waybill CASCADE")
})
afterEach(async () => {
  await pool.end()
  await fs.rm(folder, { recursive: true })
})

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

test("moments to kill at follow from the seed, and lie between 1 and the most", () => {
  const first = (seed: number) =>
    Array.from(
      { length: 200 },
      (
        (from) => () =>
          from.next().value as number
      )(Trial.moments(seed, 7)),
    )
  expect(first(1)).toEqual(first(1))
  expect(first(1)).not.toEqual(first(2))
  expect([...new Set(first(1))].sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test("killed at a file and finished: each file is once in store and database, and the reasons are right", async () => {
  const [inbox, objects] = [path.join(folder, "in"), path.join(folder, "objects")]
  const expected = await Tree.make(inbox, { files: 13, bytes: 13_000 })
  expect(expected.quarantined.size).toBe(3)
  const program: Trial.Program = {
    command: ["--conditions=@waybill/source", "--import", here("process/register.mjs"), here("../src/main.ts")],
    environment: { IMPORT_FOLDER: inbox, OBJECTS_FOLDER: objects, DATABASE_URL: database.url, IMPORT_LEASE_MS: "1000" },
  }
  const broken = await Trial.run(program, 5)
  expect(broken.signal, broken.err).toBe("SIGKILL")
  const { code, err, out } = await Trial.run(program, undefined)
  expect(code, err).toBe(2)
  expect(out).toContain("13 files")
  expect(out).toContain("gone on with after it broke off")
  expect(await Trial.problems(expected, inbox, objects, pool)).toEqual([])
  expect(await Trial.tally(inbox, pool)).toEqual({
    files: 13,
    done: 10,
    quarantined: new Map([
      ["rule.file.empty", 1],
      ["rule.file.kind", 2],
    ]),
    duplicates: 1,
    left: 0,
  })
  // a file that is not there is told
  await fs.rm(path.join(objects, (await fs.readdir(objects))[0]!), { recursive: true })
  expect((await Trial.problems(expected, inbox, objects, pool))[0]).toMatch(/^object store: .* is not there$/)
  // processes that translate their own sources take their time
}, 300_000)

// as much of S3 as is needed: objects in memory, HEAD and PUT, and a failure where one is asked for
const startBucket = async () => {
  const objects = new Map<string, Buffer>()
  const puts: Array<string> = []
  const server = createServer((request, response) => {
    const key = decodeURIComponent(new URL(request.url!, "http://bucket").pathname)
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const object = objects.get(key)
      if (request.method === "HEAD")
        return object === undefined
          ? response.writeHead(404).end()
          : response.writeHead(200, { "Content-Length": object.length }).end()
      puts.push(key)
      objects.set(key, Buffer.concat(chunks))
      return response.writeHead(200, { ETag: '"x"' }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    region: "test",
    credentials: { accessKeyId: "key", secretAccessKey: "s3cr3t" },
    requestChecksumCalculation: "WHEN_REQUIRED",
    maxAttempts: 1,
  })
  return { objects, puts, client, stop: () => new Promise((resolve) => server.close(resolve)) }
}

test("two processes that begin at once do each file once", async () => {
  const [inbox, objects] = [path.join(folder, "in"), path.join(folder, "objects")]
  const expected = await Tree.make(inbox, { files: 26, bytes: 20_000 })
  const program: Trial.Program = {
    command: ["--conditions=@waybill/source", "--import", here("process/register.mjs"), here("../src/main.ts")],
    environment: { IMPORT_FOLDER: inbox, OBJECTS_FOLDER: objects, DATABASE_URL: database.url },
  }
  const both = await Promise.all([Trial.run(program, undefined), Trial.run(program, undefined)])
  expect(both.map(({ code, err }) => (code === 1 ? err : code)).sort()).toEqual([0, 2])
  expect(both.map(({ out }) => out.split(" files")[0]).sort()).toEqual(["0", "26"])
  expect(await Trial.problems(expected, inbox, objects, pool)).toEqual([])
}, 300_000)

test("into a bucket: content goes there once, whatever names it has; what is too large is quarantined", async () => {
  const bucket = await startBucket()
  const inbox = path.join(folder, "in")
  await fs.mkdir(path.join(inbox, "b"), { recursive: true })
  await fs.writeFile(path.join(inbox, "a.txt"), "hello")
  await fs.writeFile(path.join(inbox, "b/a.txt"), "hello")
  await fs.writeFile(path.join(inbox, "b/renamed.txt"), "hello")
  await fs.writeFile(path.join(inbox, "big.txt"), "x".repeat(2_000))
  await pool.query(Document.ddl)
  const settings = Settings.read({
    IMPORT_FOLDER: inbox,
    DATABASE_URL: database.url,
    OBJECTS_BUCKET: "docs",
    IMPORT_MAX_FILE_BYTES: "1000",
  })
  const collector = Application.collectorOf(settings, pool, S3ObjectStore.make(bucket.client, "docs", "v1/"))
  const run = <A, E>(effect: Effect.Effect<A, E, any>) =>
    Effect.runPromise(
      (effect as Effect.Effect<A, E>).pipe(Effect.provide(Application.storesOf(pool)), Effect.provide(Logger.layer([]))),
    )
  const first = await run(Collector.run(collector))
  expect(first.outcomes.map(({ file, kind }) => `${file} ${kind}`)).toEqual([
    "a.txt done",
    "b/a.txt skipped",
    "b/renamed.txt done",
    "big.txt quarantined",
  ])
  expect(bucket.puts).toEqual(["/docs/v1/2c/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"])
  expect(bucket.objects.get(bucket.puts[0]!)?.toString()).toContain("hello")
  expect(await fs.readFile(path.join(inbox, "quarantine/big.txt.reason.txt"), "utf8")).toContain("at most 1000 are taken")
  expect((await pool.query("SELECT name FROM document ORDER BY name")).rows).toEqual([{ name: "a.txt" }, { name: "renamed.txt" }])
  await bucket.stop()
})

test("a file that changes between validation and commit is not written under the hash of another", async () => {
  const inbox = path.join(folder, "in")
  await fs.mkdir(inbox)
  await fs.writeFile(path.join(inbox, "a.txt"), "hello")
  await pool.query(Document.ddl)
  const settings = Settings.read({
    IMPORT_FOLDER: inbox,
    DATABASE_URL: database.url,
    OBJECTS_FOLDER: path.join(folder, "objects"),
  })
  const objects = {
    name: "changing",
    size: async () => {
      await fs.writeFile(path.join(inbox, "a.txt"), "HELLO")
      return undefined
    },
    put: () => Promise.reject(new Error("nothing may be put")),
  }
  const collected = await Effect.runPromise(
    Collector.run(Application.collectorOf(settings, pool, objects)).pipe(
      Effect.provide(Application.storesOf(pool)),
      Effect.provide(Logger.layer([])),
    ),
  )
  expect(collected.outcomes).toMatchObject([{ file: "a.txt", kind: "left" }])
  expect(collected.outcomes[0]!.reason).toContain("no longer the file that was validated")
  expect((await pool.query("SELECT FROM document")).rows).toEqual([])
  // and the new file of that name is nobody's yet
  expect(await fs.readFile(path.join(inbox, "a.txt"), "utf8")).toBe("HELLO")
})
