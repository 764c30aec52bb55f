/**
 * The application: the import with its source and target, the program's own commands, and the stores of jobs, snapshots and decisions.
 *
 * @module
 */
import { join } from "node:path"
import { Entry } from "@waybill/cli"
import { FileDecisionStore, FileJobStore, FileSnapshotStore } from "@waybill/core/file"
import { Config, Effect, Layer } from "effect"
import { catalogInto } from "./catalog.ts"
import { pool } from "./database.ts"
import { databaseCommand, reportCommand, setupCommand, workbookCommand } from "./extras.ts"
import { sourceOf } from "./source.ts"
import { shopSink } from "./target.ts"

const catalog = Entry.make({
  description: "products and their variants from the purchasing department's workbook",
  definition: Effect.map(pool, (shop) => catalogInto(shopSink(shop))),
  arguments: { file: "the workbook, or the same table as .csv" },
  options: { sheet: "the sheet to read; the first by default" },
  source: ({ file, sheet }) => sourceOf(file, sheet),
})

const stores = Layer.unwrap(
  Effect.map(Config.String("IMPORT_FOLDER").pipe(Config.withDefault(".waybill")), (folder) =>
    Layer.mergeAll(
      FileJobStore.layer(join(folder, "jobs")),
      FileSnapshotStore.layer(join(folder, "snapshots")),
      FileDecisionStore.layer(join(folder, "decisions")),
    ),
  ),
)

/** What the command line runs. */
export const application = {
  imports: { catalog },
  extras: { setup: setupCommand, database: databaseCommand, workbook: workbookCommand, report: reportCommand },
  layer: stores,
}
