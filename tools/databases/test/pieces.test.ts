/**
 * The small pieces: reasons that keep secrets, one file out of a zip archive, links made side by side.
 *
 * @module
 */

import { mkdtemp, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { postgresBinaries } from "../src/postgresBinaries.ts"
import { hostOf, reasonOf } from "../src/reason.ts"
import { extractFile } from "../src/zip.ts"

test("a reason is one line without credentials", () => {
  const url = "postgresql://me:p%40ss/w@host:5432/db?sslpassword=other"
  expect(reasonOf(new Error(`bad ${url}`), url)).toBe("bad ***")
  expect(reasonOf(new Error("p@ss/w or\n  p%40ss/w or other"), url)).toBe("*** or | *** or ***")
  expect(reasonOf(new AggregateError([new Error("one"), new Error("two")]))).toBe("one; two")
  expect(hostOf(url)).toBe("host:5432")
  expect(hostOf("mongodb://u:p@a:1,b:2/db?x=y@z")).toBe("a:1,b:2")
  expect(hostOf("postgresql:///db")).toBe("localhost")
})

test("one file is taken out of a zip archive", async () => {
  // made with Python's zipfile: `a/one.txt` stored, `a/bin/two` deflated (200 times "waybill ")
  const archive = Buffer.from(
    "UEsDBBQAAAAAAAAAIQBX7nGSBQAAAAUAAAAJAAAAYS9vbmUudHh0Zmlyc3RQSwMEFAAAAAgAAAAhAFsV9ZsXAAAAQAYAAAkAAABhL2Jpbi90d28rT6xMyszJUSgfpUfpUXqUHqVHaRJoAFBLAQIUAxQAAAAAAAAAIQBX7nGSBQAAAAUAAAAJAAAAAAAAAAAAAACAAQAAAABhL29uZS50eHRQSwECFAMUAAAACAAAACEAWxX1mxcAAABABgAACQAAAAAAAAAAAAAAgAEsAAAAYS9iaW4vdHdvUEsFBgAAAAACAAIAbgAAAGoAAAAAAA==",
    "base64",
  )
  expect((await extractFile(archive, "/one.txt")).toString()).toBe("first")
  expect((await extractFile(archive, "/bin/two")).toString()).toBe("waybill ".repeat(200))
  await expect(extractFile(archive, "/three")).rejects.toThrow("no file /three")
  await expect(extractFile(Buffer.alloc(100), "/one.txt")).rejects.toThrow("no zip archive")
})

test("the libraries of PostgreSQL are linked, also by several at once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "waybill-test-"))
  try {
    const found = await Promise.all(Array.from({ length: 8 }, () => postgresBinaries(folder, { open: false })))
    expect(new Set(found.map(({ postgres }) => postgres)).size).toBe(1)
    const native = join(dirname(found[0]?.postgres ?? ""), "..")
    const list = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]"))
    for (const { target } of list) expect((await stat(join(native, "..", target))).isFile()).toBe(true)
  } finally {
    await rm(folder, { recursive: true })
  }
})
