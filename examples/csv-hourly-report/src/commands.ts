/**
 * The program's own commands, beside those that every import has.
 *
 * @module
 */
import { Extra } from "@waybill/cli"
import { Effect, Layer, Option, Redacted } from "effect"
import { HttpServer } from "effect/http"
import { archive } from "./archive.ts"
import { Database } from "./Database.ts"
import { ingestFolder } from "./ingest.ts"
import { history, type Run } from "./Run.ts"
import { writeDaily, writeHourly } from "./reports.ts"
import { SettingsError, settings } from "./Settings.ts"
import * as service from "./service.ts"

const line = ({ kind, message, rowsAggregated = 0, rowsLoaded = 0, rowsRejected = 0, status, subject }: Run): string =>
  `${kind} ${subject}: ${status}; ${rowsLoaded} loaded, ${rowsRejected} rejected, ${rowsAggregated} aggregated${message === undefined ? "" : `; ${message}`}\n`

/** Ingests all drops of the folder. */
export const ingestCommand = Extra.make({
  description: "ingest every CSV file of DROP_FOLDER, and put it away",
  run: (_, { out, user }) =>
    Effect.gen(function* () {
      const runs = yield* ingestFolder((yield* settings).drops, user)
      yield* out(runs.length === 0 ? "There are no drops.\n" : runs.map(line).join(""))
    }),
})

/** Writes the hourly workbook. */
export const hourlyCommand = Extra.make({
  description: "write hourly_YYYYMMDD_HHMM.xlsx into REPORT_FOLDER",
  run: (_, { out }) =>
    Effect.flatMap(settings, ({ reports }) => Effect.flatMap(writeHourly(reports), ({ path }) => out(`${path} is written.\n`))),
})

/** Writes the daily summary. */
export const dailyCommand = Extra.make({
  description: "write daily_YYYYMMDD.xlsx with charts into REPORT_FOLDER",
  options: { day: "the day, such as 2019-01-15; the last one that has trips by default" },
  run: ({ day }, { out }) =>
    Effect.flatMap(settings, ({ reports }) =>
      Effect.flatMap(writeDaily(reports, day), ({ path }) => out(`${path} is written.\n`)),
    ),
})

/** Archives old days. */
export const archiveCommand = Extra.make({
  description: "move trips that are older than KEEP from the database into Parquet files",
  run: (_, { out }) =>
    Effect.flatMap(settings, (read) => Effect.flatMap(archive(read.archive, read.keep), (run) => out(line(run)))),
})

/** Shows the history. */
export const historyCommand = Extra.make({
  description: "show the last runs",
  run: (_, { out }) =>
    Effect.flatMap(history(20), (runs) =>
      out(
        runs.length === 0
          ? "There are no runs yet.\n"
          : runs
              .map(
                (run) =>
                  `${run["started_at"].toISOString()}  ${run["kind"]}  ${run["subject"]}  ${run["status"]}  ${run["rows_loaded"]} loaded, ${run["rows_rejected"]} rejected, ${run["rows_aggregated"]} aggregated${run["message"] === null ? "" : `  ${run["message"]}`}\n`,
              )
              .join(""),
      ),
    ),
})

/** Runs the service until it is told to end. */
export const serveCommand = Extra.make({
  description: "serve POST /ingest, POST /generate/daily, GET /health and GET /metrics, and do what the schedules say",
  run: (_, { out }) =>
    Effect.gen(function* () {
      const read = yield* settings
      const token = Option.getOrUndefined(read.token)
      if (token === undefined || Redacted.value(token).length < 16)
        return yield* Effect.fail(
          new SettingsError({ message: "INGEST_TOKEN is not set, or too short; expected at least 16 characters" }),
        )
      const { description } = yield* Database
      const built = yield* Layer.build(service.layer(read, token))
      const address = yield* Effect.provide(HttpServer.addressFormattedWith(Effect.succeed), built)
      yield* out(`Listening on ${address}, with ${description}.\n`)
      yield* service.schedules(read)
    }),
})
