/**
 * What the tests share: a folder of their own, two imports over a sink, and a collector on them.
 */
import * as fs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { Cell, Entity, Field, Import, type Sink } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { CsvSource } from "@waybill/source-spreadsheet"
import { Effect, Layer, Logger, Schedule, Schema } from "effect"
import { afterEach, beforeEach } from "vitest"
import { Collector } from "../src/index.ts"

/** The folder of the test that runs. */
export let folder: string

/** Gives each test of a file a folder. */
export const useFolder = (): void => {
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "waybill-collector-"))
  })
  afterEach(() => fs.rm(folder, { recursive: true }))
}

const Price = Entity.make("price", {
  schema: { sku: Field.text(), amount: Field.decimal({ precision: 10, scale: 2 }) },
  key: "sku",
})
const Stock = Entity.make("stock", { schema: { sku: Field.text(), count: Field.integer() }, key: "sku" })

export const make = (options: Partial<Collector.Options<never>> = {}, sink: Sink.Sink = MemorySink.make()) => {
  const prices = Import.make({
    name: "prices",
    row: Schema.Struct({ sku: Cell.text(), amount: Cell.decimal({ precision: 10, scale: 2 }) }),
    entities: [Price],
    map: (row) => [Price.of(row)],
    sink,
    retry: Schedule.recurs(0),
  })
  const stock = Import.make({
    name: "stock",
    row: Schema.Struct({ sku: Cell.text(), count: Cell.integer() }),
    entities: [Stock],
    map: (row) => [Stock.of(row)],
    allowPartial: true,
    sink,
  })
  const source = ({ name, path: file }: Collector.File) => CsvSource.make({ file, name })
  return Collector.make({
    name: "shop drop",
    folder: path.join(folder, "in"),
    patterns: [
      { glob: "prices/**/*.csv", import: prices, source },
      { glob: ["stock/*.csv", "stock-*.csv"], import: stock, source },
    ],
    ...options,
  })
}

export const write = async (files: { readonly [name: string]: string }, below = "in"): Promise<void> => {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, below, name)
    await fs.mkdir(path.dirname(file), { recursive: true })
    await fs.writeFile(file, text)
  }
}

// all files of the folder with their text
export const tree = async (): Promise<{ readonly [name: string]: string }> => {
  const names = (await fs.readdir(path.join(folder, "in"), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
  return Object.fromEntries(
    await Promise.all(names.map(async (file) => [path.relative(path.join(folder, "in"), file), await fs.readFile(file, "utf8")])),
  )
}

const layer = () => Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, Logger.layer([]))
export const run = <A, E>(effect: Effect.Effect<A, E, any>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect as Effect.Effect<A, E, never>, layer()))

export const price = (...lines: ReadonlyArray<string>): string => `sku,amount\n${lines.map((it) => `${it}\n`).join("")}`
