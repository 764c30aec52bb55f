/**
 * What this program can do besides importing: make the shop's tables, start a database, write a workbook to import.
 *
 * @module
 */
import { Extra } from "@waybill/cli"
import { Command } from "@waybill/source-spreadsheet/report"
import { Effect } from "effect"
import { pool, setup, trial } from "./database.ts"
import { aliases, sourceOf } from "./source.ts"
import { generateWorkbook } from "./workbook/generateWorkbook.ts"
import { leastRows } from "./workbook/mess.ts"

/** Makes the tables in the database of `DATABASE_URL`. */
export const setupCommand: Extra.Extra = {
  description: "make the shop's tables in the database of DATABASE_URL",
  run: (_, { out }) => Effect.andThen(Effect.flatMap(pool, setup), out("The shop's tables are made.\n")),
}

/** Writes what a job found as a workbook, or into the file that it read. */
export const reportCommand = Extra.make(Command.make({ source: sourceOf, csv: { aliases }, xlsx: { aliases } }))

/** Starts a database and waits. */
export const databaseCommand: Extra.Extra = {
  description: "start a PostgreSQL with the shop's tables, to try this out; ends with Ctrl-C",
  run: (_, { out }) =>
    Effect.flatMap(trial, ({ description, url }) =>
      Effect.andThen(
        out(`${description}\nIt is thrown away when you press Ctrl-C. In another terminal:\n  export DATABASE_URL='${url}'\n`),
        Effect.never,
      ),
    ),
}

/** Writes the sample workbook. */
export const workbookCommand: Extra.Extra = Extra.make({
  description: "write a workbook as a purchasing department would send it",
  arguments: { path: "where to write it" },
  options: { rows: `how many rows, at least ${leastRows}; 600 by default`, delivery: "1, or 2 for the next one with new prices" },
  run: ({ delivery, path, rows = "600" }, { out }) => {
    if (!/^\d{1,6}$/.test(rows) || Number(rows) < leastRows)
      return Effect.fail(new Extra.UsageError(`--rows is a whole number of at least ${leastRows}`))
    return Effect.andThen(
      generateWorkbook(path, { rows: Number(rows), seed: 1, delivery: delivery === "2" ? 2 : 1 }),
      out(`${path} is written.\n`),
    )
  },
})
