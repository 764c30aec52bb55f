// A sample of the mutants, and that what must not be is seen: hangs, crashes, defects, pages that contradict themselves.
import { fileURLToPath } from "node:url"
import type { Source } from "@waybill/core"
import { build } from "tsup"
import { beforeAll, describe, expect, it } from "vitest"
import { attempt, contradiction } from "../src/attempt.ts"
import { campaign } from "../src/campaign.ts"
import { minimize } from "../src/minimize.ts"
import { mutant } from "../src/mutant.ts"
import { seeds } from "../src/seeds.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const built = `${root}/dist/tested`
const data = fileURLToPath(new URL("../../../../shared/data", import.meta.url))
const all = seeds(data)
const quiet = (): void => {}

describe("readers", () => {
  beforeAll(() =>
    build({
      config: false,
      silent: true,
      entry: [`${root}/src/child.ts`],
      outDir: built,
      format: "esm",
      target: "node20",
      noExternal: [/^@waybill/],
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url)' },
      esbuildOptions: (options) => {
        options.conditions = ["@waybill/source"]
      },
    }),
  )

  it("end every mutant of a sample as they may", async () => {
    const place = { program: `${built}/child.js`, data }
    const result = await campaign(place, { seed: 20_251_123, iterations: 250, processes: 2, log: quiet })
    expect(result.found).toEqual([])
    // both ends are there, or the sample says nothing
    expect(result.read).toBeGreaterThan(30)
    expect(result.refused).toBeGreaterThan(30)
    expect(result.read + result.refused).toBe(250)
  })
})

it("mutants are the same whenever they are made, and differ from each other", () => {
  const made = (seed: number) => Array.from({ length: 30 }, (_, at) => mutant(all, seed, at))
  expect(made(7)).toEqual(made(7))
  expect(new Set([...made(7), ...made(8)].map(({ bytes }) => bytes.toString("base64"))).size).toBeGreaterThan(50)
})

describe("a process", () => {
  const program = `${root}/test/programs/bad.mjs`
  const found = async (way: string) => {
    const { found } = await campaign({ program, data: way, seconds: 0.5 }, { seed: 1, iterations: 2, processes: 1, log: quiet })
    return found.map(({ iteration, kind }) => [kind, iteration])
  }

  it("that hangs is ended, and the next iteration read", async () => {
    expect(await found("hang")).toEqual([
      ["hang", 0],
      ["hang", 1],
    ])
  })

  it("that is killed is seen", async () => {
    expect(await found("kill")).toEqual([
      ["crash", 0],
      ["crash", 1],
    ])
  })
})

describe("a reading", () => {
  const read = (reader: "csv" | "xlsx", text: string, options = {}) => attempt({ reader, bytes: Buffer.from(text), options })

  it("ends with rows or with a reason", async () => {
    expect(await read("csv", "a,b\n1,2\n")).toEqual({ end: "read", rows: 1 })
    expect(await read("xlsx", "a,b\n1,2\n")).toMatchObject({ end: "refused", reason: "Malformed" })
  })

  it("that is a defect is wrong", async () => {
    expect(await read("csv", "a,b\n1,2\n", { headers: ["a"], headerRow: 1 })).toMatchObject({
      end: "wrong",
      what: expect.stringContaining("TypeError"),
    })
  })

  const page: Source.Page = {
    columns: ["a"],
    rows: [["1"]],
    labels: [2],
    place: "x",
    issues: [],
    cursor: { at: 1 },
  }
  const issue = { severity: "error", code: "c", column: null, message: "m" } as const

  it.each<[string, Partial<Source.Page>]>([
    ["labels", { labels: [] }],
    ["names", { columns: null }],
    ["a row", { rows: [[Number.NaN]] }],
    ["a row", { rows: [[undefined]] }],
    ["of row 1", { issues: [{ ...issue, row: 1 }] }],
    ["cursor", { cursor: undefined as unknown as null }],
  ])("whose pages contradict themselves is wrong: %s", (says, change) => {
    expect(contradiction(page)).toBeUndefined()
    expect(contradiction({ ...page, ...change })).toContain(says)
  })
})

it("a mutant is made small for as long as it ends as badly", async () => {
  const isBad = (bytes: Buffer): boolean => bytes.includes(0x22)
  const at = Array.from({ length: 200 }, (_, index) => index).find((index) => isBad(mutant(all, 3, index).bytes))!
  const { mutant: small, verdict } = await minimize(all, 3, at, async ({ bytes }) =>
    isBad(bytes) ? "wrong: a quote" : undefined,
  )
  expect(verdict).toBe("wrong: a quote")
  expect(small.bytes.toString()).toBe('"')
})
