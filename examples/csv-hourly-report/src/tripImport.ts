/**
 * The import: every row of a drop becomes a trip in the table `taxi.trip`.
 *
 * @module
 */
import { Import, Normalize, Rule, type Sink } from "@waybill/core"
import { PostgresSink } from "@waybill/sink-postgres"
import { Effect } from "effect"
import { Database, query } from "./Database.ts"
import { ofRow, Row, Trip } from "./Trip.ts"

const day = (moment: string): string => moment.slice(0, 10)

/**
 * The import into a sink. A bad row is left out, counted and told; the others go in, all or none. Days that are archived take no more
 * trips: their rows are out of the database, and their sums would count them twice or not at all.
 */
export const tripImport = (sink: Sink.Sink, archived: ReadonlySet<string>): Import.Import =>
  Import.make({
    name: "trips",
    row: Row,
    normalize: [Normalize.trim()],
    entities: [Trip],
    map: (row: Row) => [ofRow(row)],
    rules: [
      Rule.check<Row>("backwards", (row) =>
        row.dropoff_datetime < row.pickup_datetime
          ? {
              column: "dropoff_datetime",
              value: row.dropoff_datetime,
              message: `expected a time after the pickup at ${row.pickup_datetime}`,
            }
          : undefined,
      ),
      Rule.check<Row>("archived", (row) =>
        archived.has(day(row.pickup_datetime))
          ? {
              column: "pickup_datetime",
              value: row.pickup_datetime,
              message: `the trips of ${day(row.pickup_datetime)} are archived; expected a later day`,
            }
          : undefined,
      ),
    ],
    sink,
    allowPartial: true,
  })

/** The import as it is now: with the days that are archived. */
export const definition = Effect.gen(function* () {
  const { pool } = yield* Database
  const days = yield* query("the archive could not be read", "SELECT day::text AS day FROM taxi.archive")
  const sink = PostgresSink.make({ pool, tables: { trip: PostgresSink.table("taxi.trip") } })
  return tripImport(sink, new Set(days.map(({ day }) => String(day))))
})
