/**
 * The command that writes a job as a page.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { idOf, make } from "./application.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "waybill-html-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test("html writes the page of a job, whole or not at all", async () => {
  const { run } = make({ allowPartial: true })
  const job = idOf(await run("validate", "bad.csv", "--json"))
  const path = join(folder, "report.html")
  expect(await run("html", job, "--out", path)).toEqual({ code: 0, out: `${path} is written.\n`, err: "" })
  const text = await readFile(path, "utf8")
  expect([text.startsWith("<!doctype html>"), text.includes("ask us"), text.endsWith("</html>\n")]).toEqual([true, true, true])
  const nowhere = await run("html", job, "--out", join(folder, "none", "report.html"))
  expect([nowhere.code, nowhere.out]).toEqual([1, ""])
  expect(nowhere.err).toContain("report.html cannot be written")
  expect((await run("html", "no-such-job", "--out", path)).code).not.toBe(0)
  expect(await readdir(folder)).toEqual(["report.html"])
})
