/**
 * The command line as a process: its exit codes, its streams, and how it takes an interruption.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { build } from "tsup"
import { beforeAll, expect, test } from "vitest"

const root = fileURLToPath(new URL("..", import.meta.url))
const built = `${root}/.cache/tested`

// one program of the sources, so that no package has to be built and a process starts soon
beforeAll(() =>
  build({
    config: false,
    silent: true,
    entry: [`${root}/test/process/main.ts`],
    outDir: built,
    format: "esm",
    target: "node20",
    external: [/^effect/],
    noExternal: [/^@waybill\//],
    esbuildOptions: (options) => {
      options.conditions = ["@waybill/source"]
    },
  }),
)

const start = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [`${built}/main.js`, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  const streams = { out: "", err: "" }
  child.stdout.on("data", (data) => {
    streams.out += String(data)
  })
  child.stderr.on("data", (data) => {
    streams.err += String(data)
  })
  const ended = once(child, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
    ...streams,
  }))
  const said = async (text: string): Promise<void> => {
    while (!streams.err.includes(text)) await once(child.stderr, "data")
  }
  return { child, ended, said }
}

test("a result goes to standard output, with exit code 0", async () => {
  const { code, err, out } = await start("validate", "good.csv", "--json").ended
  expect(err).toBe("")
  expect(JSON.parse(out)).toMatchObject({ status: "pending" })
  expect(code).toBe(0)
})

test.each([
  ["SIGINT", 130, "Interrupted"],
  ["SIGTERM", 143, "Asked to end"],
] as const)("%s closes what is open, then exit code %i", async (signal, code, text) => {
  const { child, ended, said } = start("run", "good.csv")
  await said("writing\n")
  child.kill(signal)
  expect(await ended).toStrictEqual({
    code,
    signal: null,
    out: "",
    err: `writing\n${text}: stopping; what was not completed is rolled back.\nrolled back\n`,
  })
})

test("a command that only waits goes on until it is interrupted", async () => {
  const { child, ended, said } = start("wait")
  await said("waiting\n")
  // long enough for a process that has nothing to do to end by itself
  await new Promise((resolve) => setTimeout(resolve, 300))
  child.kill("SIGINT")
  expect(await ended).toMatchObject({ code: 130, out: "" })
})
