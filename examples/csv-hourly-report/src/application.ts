/**
 * The application: the import with its source, the program's own commands, and the stores, all in one database.
 *
 * @module
 */
import { Entry } from "@waybill/cli"
import { Worker } from "@waybill/core"
import { PostgresJobStore, PostgresSnapshotStore } from "@waybill/sink-postgres"
import { CsvSource } from "@waybill/source-spreadsheet"
import { Duration, Effect, Layer } from "effect"
import { archiveCommand, dailyCommand, historyCommand, hourlyCommand, ingestCommand, serveCommand } from "./commands.ts"
import { Database } from "./Database.ts"
import { definition } from "./tripImport.ts"

const trips = Entry.make({
  description: "taxi trips from a CSV file",
  definition,
  arguments: { file: "the drop, a CSV file" },
  source: ({ file }) => CsvSource.make({ file }),
})

/** Jobs and snapshots are kept in the database too, so that the service needs no disk that lasts. */
export const stores = Layer.unwrap(
  Effect.map(Database, ({ pool }) => Layer.merge(PostgresJobStore.layer({ pool }), PostgresSnapshotStore.layer({ pool }))),
)

/** One process works at a time, so what a dead one had is free again soon. */
export const worker = Layer.effect(
  Worker.Worker,
  Effect.map(Worker.Worker, (it) => ({ ...it, lease: Duration.seconds(10) })),
)

/** What the command line runs. */
export const application = {
  imports: { trips },
  extras: {
    ingest: ingestCommand,
    hourly: hourlyCommand,
    daily: dailyCommand,
    archive: archiveCommand,
    history: historyCommand,
    serve: serveCommand,
  },
  layer: Layer.merge(stores, worker).pipe(Layer.provideMerge(Database.layer)),
}
