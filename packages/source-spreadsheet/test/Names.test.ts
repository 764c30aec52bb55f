/** A job says which file it was about, also where that could not be opened. */
import { Cell, Engine, Entity, Field, Import } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { Effect, Layer, Logger, Schedule, Schema } from "effect"
import { expect, test } from "vitest"
import { CsvSource, Profile, ProfiledSource, XlsxSource } from "../src/index.ts"

const Product = Entity.make("product", { schema: { sku: Field.text() }, key: "sku" })
const products = Import.make({
  name: "products",
  row: Schema.Struct({ sku: Cell.text() }),
  entities: [Product],
  map: Import.columns(Product),
  sink: MemorySink.make(),
  retry: Schedule.recurs(0),
})
const layer = Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, Logger.layer([]))
const profile = Effect.runSync(
  Effect.fromResult(Profile.parse(JSON.stringify({ name: "acme", version: 1, kind: "csv", requires: ["sku"] }), "acme.json")),
)

test.each([
  ["a CSV file", CsvSource.make({ file: "/no such folder/mrach.csv" }), "mrach.csv"],
  ["a workbook", XlsxSource.make({ file: "/no such folder/mrach.xlsx" }), "mrach.xlsx"],
  [
    "a file of a name of its own",
    CsvSource.make({ file: "/no such folder/mrach.csv", name: "prices of March" }),
    "prices of March",
  ],
  [
    "a file that is read by a profile",
    ProfiledSource.make({ file: "/no such folder/mrach.csv", profiles: [profile] }),
    "mrach.csv",
  ],
])("the job of %s that is not there has its name", async (_, source, name) => {
  const job = await Effect.runPromise(Effect.provide(Engine.validate(products, source), layer))
  expect(job).toMatchObject({ status: "failed", failure: { code: "source.NotFound" }, source: { name } })
})
