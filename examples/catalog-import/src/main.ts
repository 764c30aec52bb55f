/**
 * The program: the catalog import with an operator's command line.
 *
 * @module
 */
import { Cli, Entry } from "@waybill/cli"
import { FileJobStore, FileSnapshotStore } from "@waybill/core/file"
import { Effect, Layer } from "effect"
import { catalogInto } from "./catalog.ts"
import { pool } from "./database.ts"
import { databaseCommand, setupCommand, workbookCommand } from "./extras.ts"
import { sourceOf } from "./source.ts"
import { shopSink } from "./target.ts"

Cli.run({
  imports: {
    catalog: Entry.make({
      description: "products and their variants from the purchasing department's workbook",
      definition: Effect.map(pool, (shop) => catalogInto(shopSink(shop))),
      arguments: { file: "the workbook, or the same table as .csv" },
      options: { sheet: "the sheet to read; the first by default" },
      source: ({ file, sheet }) => sourceOf(file, sheet),
    }),
  },
  extras: { setup: setupCommand, database: databaseCommand, workbook: workbookCommand },
  layer: Layer.merge(FileJobStore.layer(".waybill/jobs"), FileSnapshotStore.layer(".waybill/snapshots")),
})
