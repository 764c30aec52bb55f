/**
 * Tables and examples of the pages say what the code does.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Cell, Engine, Entity, Field, Import, Job, Limits, Mirror, Normalize, SnapshotStore } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { CsvSource } from "@waybill/source-spreadsheet"
import { Duration, Effect, Layer, Logger, Schema } from "effect"
import { expect, test } from "vitest"
import * as Markdown from "./Markdown.ts"

const concepts = Markdown.read("docs/concepts.md")
const failures = Markdown.read("docs/failures.md")
const guarantees = Markdown.read("docs/guarantees.md")

// the rows of the table behind a heading or a sentence, cells without backticks
const table = (page: Markdown.Page, after: string): ReadonlyArray<ReadonlyArray<string>> => {
  // without what only aligns columns
  const text = page.text.replace(/ {2,}/g, " ").replace(/-{4,}/g, "---")
  const start = text.indexOf(after)
  expect(start, `${page.path} has no “${after}”`).toBeGreaterThanOrEqual(0)
  const lines = text.slice(start).split("\n")
  const first = lines.findIndex((line) => line.startsWith("| ---"))
  const rows = lines.slice(first + 1)
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|")),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim().replaceAll("`", "")),
    )
}

test("the statuses and moves of a job are those of the code", () => {
  expect(table(concepts, "| status | means |").map(([status]) => status)).toEqual(Object.keys(Job.moves))
  const told = table(concepts, "| from | to | when |").flatMap(([from, to, reason]) =>
    from!.split(", ").map((it) => `${it} → ${to}: ${reason}`),
  )
  const known = Object.entries(Job.moves).flatMap(([from, moves]) =>
    Object.entries(moves).map(([to, reason]) => `${from} → ${to}: ${reason}`),
  )
  expect([...told].sort()).toEqual([...known].sort())
})

test("the limits and their defaults are those of the code", () => {
  const shown = (value: unknown): string =>
    value === null
      ? "none"
      : Duration.isDuration(value)
        ? `${Duration.toHours(value)} hours`
        : value === 1024 ** 3
          ? "1 GiB"
          : (value as number).toLocaleString("en")
  const told = table(guarantees, "| limit | default |").map(([limit, value]) => [limit, value!.replace(" records", "")])
  expect(Object.fromEntries(told)).toEqual(
    Object.fromEntries(Object.entries(Limits.defaults).map(([name, it]) => [name, shown(it)])),
  )
})

// the testing kit makes issues of codes of its own
const sources = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(Markdown.root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.parentPath.includes("testing"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))

test("every code of the engine is explained", () => {
  const told = new Set([...failures.text.matchAll(/`([a-zA-Z]+(?:\.[a-zA-Z-…]+)?)`/g)].map(([, code]) => code!))
  const isTold = (code: string): boolean => told.has(code) || told.has(code.replace(/\..*$/, ".…"))
  const found = sources("packages/core/src").flatMap((text) => [
    ...[...text.matchAll(/\bcode: "([a-z]+(?:\.[a-zA-Z-]+)?)"/g)].map(([, code]) => code!),
    ...[...text.matchAll(/\bcode: `([a-z]+)\.\$\{/g)].map(([, family]) => `${family}.…`),
    ...[...text.matchAll(/\bwrong\("([a-z]+)"/g)].map(([, kind]) => `cell.${kind}`),
  ])
  // these families are listed one by one
  const listed = new Set(["source.…", "limit.…", "verify.…", "field.…", "cell.…", "mirror.…"])
  expect(found.length).toBeGreaterThan(20)
  expect([...new Set(found)].filter((code) => !listed.has(code) && !isTold(code))).toEqual([])
  expect(Mirror.guards.filter((guard) => !told.has(`mirror.${guard}`))).toEqual([])
})

test("what a job seals is what the page shows", async () => {
  const Product = Entity.make("product", {
    schema: { sku: Field.text(), title: Field.text(), price: Field.decimal({ scale: 2 }) },
    key: "sku",
  })
  const products = Import.make({
    name: "products",
    row: Schema.Struct({ sku: Cell.text(), title: Cell.text(), price: Cell.decimal({ scale: 2 }) }),
    normalize: [Normalize.trim()],
    entities: [Product],
    map: Import.columns(Product),
    allowPartial: true,
    sink: MemorySink.make(),
  })
  const sealed = (text: string) =>
    Effect.gen(function* () {
      const source = CsvSource.make({ name: "prices.csv", bytes: Buffer.from(text) })
      const job = yield* Engine.validate(products, source)
      const store = yield* SnapshotStore.SnapshotStore
      const parts = new Map<string, string>()
      for (const { name } of yield* store.list(job.id))
        parts.set(name, Buffer.from(yield* store.get(job.id, name)).toString("utf8"))
      return parts
    })
  const [good, bad] = await Effect.runPromise(
    Effect.provide(
      Effect.all([
        sealed("sku,title,price\nA-1,Lamp,12.5\nA-2, Shade ,8\n"),
        sealed("sku,title,price\nA-1,Lamp,12.5\nA-2, Shade ,8\nA-3,Bulb,cheap\n"),
      ]),
      Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, Logger.layer([])),
    ),
  )
  const parts = new Map([...good, ...[...bad].filter(([name]) => name.startsWith("log/rejected"))])

  const listed = table(concepts, "| part | what it holds |").map(([name]) => name!)
  // candidates only where there are any
  expect(listed.filter((name) => name !== "log/candidates.ndjson").sort()).toEqual([...parts.keys()].sort())

  // the block that follows the sentence which begins with the part's name
  const shown = (name: string): string => {
    const line = concepts.text.split("\n").findIndex((it) => it.startsWith(`\`${name}\``) && it.endsWith(":")) + 1
    return concepts.blocks.find((block) => block.line > line)!.code
  }
  for (const name of ["records/product/000000.ndjson", "refs/product/000000.ndjson", "log/normalization/000000.ndjson"])
    expect(shown(name)).toBe(parts.get(name))
  expect(JSON.parse(shown("log/rejected/000000.ndjson"))).toEqual(JSON.parse(parts.get("log/rejected/000000.ndjson")!))

  // hashes are cut short in the page
  const cut = (json: string): unknown =>
    JSON.parse(json, (_, value) => (typeof value === "string" && /^[0-9a-f]{8,}…?$/.test(value) ? "hash" : value))
  expect(cut(shown("snapshot.json"))).toEqual(cut(parts.get("snapshot.json")!))
})

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly engines?: { readonly node?: string }
  readonly peerDependencies?: { readonly [name: string]: string }
}
const manifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(Markdown.root, folder, "package.json"), "utf8")) as Manifest
const packages = readdirSync(join(Markdown.root, "packages"))
  .map((name) => `packages/${name}`)
  .filter((folder) => existsSync(join(Markdown.root, folder, "package.json")))

test("the README lists every package, and the versions that they need", () => {
  const readme = Markdown.read("README.md")
  const listed = table(readme, "| package | what it is |").map(([name]) => name)
  expect([...listed].sort()).toEqual(packages.map((folder) => `[${manifest(folder).name}](${folder})`).sort())
  for (const peers of packages.map((folder) => manifest(folder).peerDependencies ?? {}))
    for (const [name, range] of Object.entries(peers))
      expect(readme.text).toContain(`\`${name}\` ${range.replace(/(\.0)+$/, "")}`)
})

test("the oldest Node that packages promise is the oldest that the checks run on, and the one that pages name", () => {
  const oldest = /^>=([\d.]+)$/.exec(manifest(".").engines?.node ?? "")?.[1]
  expect(packages.map((folder) => manifest(folder).engines?.node)).toEqual(packages.map(() => `>=${oldest}`))
  const workflow = readFileSync(join(Markdown.root, ".github/workflows/ci.yml"), "utf8")
  expect(/node: \["([^"]+)"/.exec(workflow)?.[1]).toBe(oldest)
  for (const page of ["README.md", "CONTRIBUTING.md", "packages/core/README.md"])
    expect(Markdown.read(page).text).toContain(`Node ${oldest} or newer`)
})
