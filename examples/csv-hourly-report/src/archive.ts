/**
 * Retention: the trips of old days go into Parquet files, one for a day, and out of the database. Their sums stay.
 *
 * A file is written, read back and compared with the rows, value by value, before the rows are deleted; the file gets its name first, and the
 * deletion and the entry in `taxi.archive` are one transaction. A process that dies between them leaves a file that the next run writes again.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { mkdir, open, readFile, rename } from "node:fs/promises"
import { join } from "node:path"
import { Clock, Data, Duration, Effect } from "effect"
import { parquetReadObjects } from "hyparquet"
import { ByteWriter, parquetWrite } from "hyparquet-writer"
import type pg from "pg"
import { aggregate } from "./aggregate.ts"
import { attempt, query, transaction } from "./Database.ts"
import { exclusively, recorded } from "./Run.ts"

/** A day could not be archived; its rows are where they were. */
export class ArchiveError extends Data.TaggedError("ArchiveError")<{ readonly message: string }> {}

type Kind = "integer" | "boolean" | "moment" | "decimal"

const columns: ReadonlyArray<readonly [name: string, kind: Kind]> = [
  ["vendor", "integer"],
  ["pickup", "moment"],
  ["dropoff", "moment"],
  ["pickup_zone", "integer"],
  ["dropoff_zone", "integer"],
  ["reversal", "boolean"],
  ["passengers", "integer"],
  ["distance", "decimal"],
  ["fare", "decimal"],
  ["tip", "decimal"],
  ["tolls", "decimal"],
  ["total", "decimal"],
  ["payment", "integer"],
]

// how each kind is in the file: moments without a zone, and amounts as whole cents with their scale, so that nothing goes through a double
const forms = {
  integer: { element: { type: "INT32" }, write: (text: string): unknown => Number(text), read: String },
  boolean: { element: { type: "BOOLEAN" }, write: (text: string): unknown => text === "true", read: String },
  moment: {
    element: { type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: false, unit: "MILLIS" } },
    write: (text: string): unknown => new Date(`${text.replace(" ", "T")}Z`),
    read: (value: unknown) =>
      (value as Date)
        .toISOString()
        .replace("T", " ")
        .replace(/(\.000)?Z$/, ""),
  },
  decimal: {
    element: { type: "INT64", converted_type: "DECIMAL", precision: 10, scale: 2 },
    write: (text: string): unknown => BigInt(text.replace(".", "")),
    read: (value: unknown) => (value as number).toFixed(2),
  },
} as const

/** The bytes of a Parquet file of rows, whose values are texts as PostgreSQL writes them. */
export const encode = (rows: ReadonlyArray<Readonly<Record<string, string>>>): Uint8Array => {
  const writer = new ByteWriter()
  parquetWrite({
    writer,
    schema: [
      { name: "trip", num_children: columns.length },
      ...columns.map(([name, kind]) => ({ name, repetition_type: "REQUIRED", ...forms[kind].element })),
    ] as Parameters<typeof parquetWrite>[0]["schema"] & {},
    columnData: columns.map(([name, kind]) => ({ name, data: rows.map((row) => forms[kind].write(row[name]!)) as Array<any> })),
    createdBy: "csv-hourly-report",
  })
  return writer.getBytes()
}

/** The rows of a Parquet file that {@link encode} made, as texts. */
export const decode = async (bytes: Uint8Array): Promise<ReadonlyArray<Readonly<Record<string, string>>>> => {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  const rows = await parquetReadObjects({ file })
  return rows.map((row) => Object.fromEntries(columns.map(([name, kind]) => [name, forms[kind].read(row[name])])))
}

const rowsOf = (client: pg.PoolClient, day: string) =>
  client.query(
    `SELECT ${columns.map(([name]) => `${name}::text AS ${name}`).join(", ")} FROM taxi.trip
     WHERE pickup >= $1::date AND pickup < $1::date + 1 ORDER BY vendor, pickup, dropoff, pickup_zone, dropoff_zone, reversal`,
    [day],
  )

const archiveDay = (folder: string, day: string, archivedAt: string) =>
  transaction("REPEATABLE READ", (client) =>
    Effect.gen(function* () {
      const { rows } = yield* attempt(`the trips of ${day} could not be read`, () => rowsOf(client, day))
      const name = `trips_${day.replaceAll("-", "")}.parquet`
      const { bytes, read } = yield* Effect.tryPromise({
        try: async () => {
          await mkdir(folder, { recursive: true })
          const path = join(folder, name)
          const file = await open(`${path}.part`, "w")
          try {
            await file.writeFile(encode(rows))
            await file.sync()
          } finally {
            await file.close()
          }
          const bytes = await readFile(`${path}.part`)
          const read = await decode(bytes)
          if (JSON.stringify(read) === JSON.stringify(rows)) await rename(`${path}.part`, path)
          return { bytes, read }
        },
        catch: (cause) =>
          new ArchiveError({
            message: `the trips of ${day} could not be archived: ${cause instanceof Error ? cause.message : String(cause)}`,
          }),
      })
      const wrong = rows.findIndex((row, at) => JSON.stringify(row) !== JSON.stringify(read[at]))
      if (wrong >= 0 || read.length !== rows.length)
        return yield* Effect.fail(
          new ArchiveError({ message: `${name} does not hold what was written (row ${wrong + 1}); nothing was deleted` }),
        )
      const sha256 = createHash("sha256").update(bytes).digest("hex")
      yield* attempt(`the trips of ${day} could not be deleted`, async () => {
        await client.query("INSERT INTO taxi.archive (day, file, rows, sha256, archived_at) VALUES ($1, $2, $3, $4, $5)", [
          day,
          name,
          rows.length,
          sha256,
          archivedAt,
        ])
        await client.query("DELETE FROM taxi.trip WHERE pickup >= $1::date AND pickup < $1::date + 1", [day])
      })
      return rows.length
    }),
  )

/**
 * Archives every day that is older than `keep`, oldest first, a transaction for each. Days are taken as the cabs' clocks have them, and today as
 * UTC has it: with a `keep` of days, the hours between do not matter.
 */
export const archive = (folder: string, keep: Duration.Duration) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const cutoff = new Date(now - Duration.toMillis(keep)).toISOString().slice(0, 10)
    return yield* exclusively(
      recorded(
        "archive",
        `days before ${cutoff}`,
        Effect.gen(function* () {
          // sums of a day that is archived are never made again: they have to be right before
          yield* aggregate
          const days = yield* query(
            "the days could not be read",
            "SELECT DISTINCT pickup::date::text AS day FROM taxi.trip WHERE pickup < $1::date ORDER BY day",
            [cutoff],
          )
          let rows = 0
          for (const { day } of days) rows += yield* archiveDay(folder, day, new Date(now).toISOString())
          return {
            status: "success" as const,
            rowsLoaded: 0,
            rowsAggregated: rows,
            message: `${days.length} days, ${rows} rows`,
          }
        }),
      ),
    )
  })
