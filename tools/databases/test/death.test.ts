/**
 * Nothing is left of the servers when the process that started them dies without stopping them.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest"
import { disappears, mongoTraces, postgresTraces, runs } from "./observe.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

const program = `
import { startMongo, startPostgres } from "./src/index.js"
const servers = await Promise.all([startPostgres(), startMongo()])
console.log(JSON.stringify(servers.map((server) => server.url)))
process.stdin.once("data", (word) => {
  if (String(word).trim() === "exit") process.exit(3)
  if (String(word).trim() === "throw") throw new Error("as the test wants it")
  process.stdin.unref()
})`

describe.skipIf(inject("postgresUrl") === null || inject("mongoUrl") === null)("a process that dies", () => {
  let folder: string
  beforeAll(async () => {
    // plain node runs JavaScript: the sources are translated next to the package's own node_modules
    await mkdir(join(root, "node_modules", ".cache"), { recursive: true })
    folder = await mkdtemp(join(root, "node_modules", ".cache", "death-"))
    await mkdir(join(folder, "src"))
    await writeFile(join(folder, "package.json"), '{ "type": "module" }')
    await writeFile(join(folder, "main.js"), program)
    await copyFile(join(root, "guardian.mjs"), join(folder, "guardian.mjs"))
    const compilerOptions = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      rewriteRelativeImportExtensions: true,
    }
    for (const file of await readdir(join(root, "src"))) {
      const { outputText } = ts.transpileModule(await readFile(join(root, "src", file), "utf8"), { compilerOptions })
      await writeFile(join(folder, "src", file.replace(/\.ts$/, ".js")), outputText)
    }
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const start = async (): Promise<readonly [ChildProcess, ReadonlyArray<string>]> => {
    const env = { ...process.env, TEST_POSTGRES_URL: "", TEST_MONGO_URL: "" }
    const child = spawn(process.execPath, [join(folder, "main.js")], { env, stdio: ["pipe", "pipe", "ignore"] })
    const [line] = await once(createInterface(child.stdout), "line")
    return [child, JSON.parse(String(line))]
  }

  test.each<[string, (child: ChildProcess) => void]>([
    ["of SIGINT", (child) => child.kill("SIGINT")],
    ["of SIGTERM", (child) => child.kill("SIGTERM")],
    ["of SIGKILL", (child) => child.kill("SIGKILL")],
    ["by exit()", (child) => child.stdin?.write("exit\n")],
    ["of an error", (child) => child.stdin?.write("throw\n")],
    ["because it has nothing more to do", (child) => child.stdin?.write("end\n")],
  ])("%s leaves no server and no folder", async (_, die) => {
    const [child, [postgresUrl = "", mongoUrl = ""]] = await start()
    const traces = await Promise.all([postgresTraces(postgresUrl), mongoTraces(mongoUrl)])
    expect(traces.map(({ pid }) => runs(pid))).toEqual([true, true])
    const ended = once(child, "exit")
    die(child)
    await ended
    expect(await Promise.all(traces.map(disappears))).toEqual([true, true])
  })

  test("while its servers are starting leaves none either", async () => {
    const temporary = await mkdtemp("/tmp/waybill-test-")
    try {
      const env = { ...process.env, TMPDIR: temporary, TEST_POSTGRES_URL: "", TEST_MONGO_URL: "" }
      const child = spawn(process.execPath, [join(folder, "main.js")], { env, stdio: ["pipe", "ignore", "ignore"] })
      await expect.poll(async () => (await readdir(temporary)).length, { timeout: 10_000 }).toBeGreaterThan(0)
      child.kill("SIGKILL")
      await expect.poll(() => readdir(temporary), { timeout: 20_000 }).toEqual([])
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  })
})
