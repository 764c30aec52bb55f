/**
 * A small application in memory: one import of prices, whose files are rows that the tests hold.
 */
import { Cell, DecisionStore, Entity, Field, Import, JobStore, Normalize, SnapshotStore } from "@waybill/core"
import { MemoryDecisionStore, MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Cli, Entry, type Host } from "../src/index.ts"

const Brand = Entity.make("brand", {
  schema: { name: Field.text(), city: Field.nullable(Field.text()) },
  key: "name",
  create: (name) => ({ name, city: null }),
})

const Price = Entity.make("price", {
  schema: { sku: Field.text(), brand: Field.text(), amount: Field.decimal({ precision: 10, scale: 2 }) },
  key: "sku",
  references: { brand: Brand },
})

const Row = Schema.Struct({ sku: Cell.text(), brand: Cell.text(), amount: Cell.decimal({ precision: 10, scale: 2 }) })

/** What the files hold. */
export const files: { readonly [name: string]: ReadonlyArray<ReadonlyArray<unknown>> } = {
  "good.csv": [
    ["A-1", "Philips", "10.00"],
    ["A-2", "Philips", "7.5"],
    ["A-3", "Osram", " 1200 "],
  ],
  "dearer.csv": [
    ["A-1", "Philips", "12.50"],
    ["A-2", "Philips", "7.5"],
  ],
  "bad.csv": [
    ["A-1", "Philips", "10.00"],
    ["A-2", "Philips", "ask us"],
    ["", "Philips", "on\u001b[31m request\n"],
  ],
  "misspelt.csv": [
    ["A-9", "Phillips", "10.00"],
    ["A-8", "Phillips", "11.00"],
    ["A-7", "-x'\nz", "12.00"],
  ],
  "unknown.csv": [
    ["A-9", "Acme", "10.00"],
    ["A-8", "Acme", "11.00"],
  ],
}

/** What was written to the two streams, and the exit code. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** An application with empty tables but for two brands. */
export const make = (
  options: {
    readonly allowPartial?: boolean
    readonly terminal?: boolean
    readonly second?: boolean
    readonly forgetful?: boolean
  } = {},
) => {
  const sink = MemorySink.make()
  sink.tables.set(
    "brand",
    new Map([
      ["Philips", ["Philips", null]],
      ["Osram", ["Osram", null]],
    ]),
  )
  const prices = Import.make({
    name: "prices",
    row: Row,
    normalize: [Normalize.trim()],
    entities: [Brand, Price],
    map: ({ amount, brand, sku }: typeof Row.Type) => [Price.of({ sku, brand, amount })],
    sink,
    allowPartial: options.allowPartial ?? false,
  })
  const entry = Entry.make({
    description: "prices of a supplier",
    definition: prices,
    arguments: { file: "the price list" },
    options: { region: "only prices of this region" },
    source: ({ file, region }) =>
      TestSource.make({
        columns: ["sku", "brand", "amount"],
        rows: files[file] ?? [],
        place: region === undefined ? file : `${file}@${region}`,
        hashed: true,
      }),
  })
  const stations = Import.make({ ...prices, name: "stations", transaction: "atomic" })
  const imports: { readonly [name: string]: Entry.Entry } = options.second
    ? {
        prices: entry,
        stations: { definition: stations, source: () => TestSource.make({ columns: ["sku", "brand", "amount"], rows: [] }) },
      }
    : { prices: entry }
  // made once: the jobs of one command are there for the next
  const layer = Layer.mergeAll(
    Layer.succeed(JobStore.JobStore, MemoryJobStore.make()),
    Layer.succeed(SnapshotStore.SnapshotStore, MemorySnapshotStore.make()),
    ...(options.forgetful === true ? [] : [Layer.succeed(DecisionStore.DecisionStore, MemoryDecisionStore.make())]),
  )
  const run = (...args: ReadonlyArray<string>): Promise<Ran> => {
    let out = ""
    let err = ""
    const host: Host.Host = {
      out: (text) =>
        Effect.sync(() => {
          out += text
        }),
      err: (text) => {
        err += text
      },
      colour: options.terminal ?? false,
      progress: options.terminal ?? false,
      user: "ada",
      program: "node dist/main.js",
    }
    return Cli.execute({ name: "shop", imports, layer }, args, host).pipe(
      Effect.map((code) => ({ code, out, err })),
      Effect.provide(TestClock.layer()),
      Effect.runPromise,
    )
  }
  return { run, sink, imports, layer, prices }
}

/** A host that keeps what is said, errors and all; `said` gives it once. */
export const listening = (): { readonly host: Host.Host; readonly said: () => string } => {
  let text = ""
  const host: Host.Host = {
    out: (some) =>
      Effect.sync(() => {
        text += some
      }),
    err: (some) => {
      text += some
    },
    colour: false,
    progress: false,
    user: "ada",
    program: "shop",
  }
  return {
    host,
    said: () => {
      const all = text
      text = ""
      return all
    },
  }
}

/** The id of the job that a JSON result is about. */
export const idOf = ({ out }: Ran): string => (JSON.parse(out) as { readonly id: string }).id

/** The text with the ids and hashes, which are random or long, replaced. */
export const masked = (text: string): string => text.replace(/\d{8}-\d{6}-[0-9a-z]{6}/g, "JOB").replace(/[0-9a-f]{64}/g, "SHA256")
