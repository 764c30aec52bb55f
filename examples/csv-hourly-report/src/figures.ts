/**
 * The figures that reports show, read from the sums. Amounts are decimals and stay text until they are written.
 *
 * @module
 */
import { JobStore } from "@waybill/core"
import { Effect } from "effect"
import { query } from "./Database.ts"

/** Sums of trips. */
export interface Sums {
  readonly trips: number
  readonly passengers: number
  readonly distance: string
  readonly fare: string
  readonly tips: string
  readonly tolls: string
  readonly total: string
}

/** The sums of an hour; `hour` is `2019-01-15 03:00`, the cab's clock. */
export interface Hour extends Sums {
  readonly hour: string
}

/** The sums of a quarter of a day: 1 from midnight, 2 from 6, 3 from noon, 4 from 18. */
export interface QuarterDay extends Sums {
  readonly day: string
  readonly quarter: number
}

/** A row that was left out. */
export interface Rejected {
  readonly place: string
  readonly column: string
  readonly value: string
  readonly message: string
}

const sums = "trips::integer, passengers::integer, distance::text, fare::text, tips::text, tolls::text, total::text"

/** The hours from a day on and before another, in order. */
export const hours = (from: string, before: string) =>
  Effect.map(
    query(
      "the hours could not be read",
      `SELECT to_char(hour, 'YYYY-MM-DD HH24:MI') AS hour, ${sums} FROM taxi.hour WHERE hour >= $1 AND hour < $2 ORDER BY hour`,
      [from, before],
    ),
    (rows) => rows as unknown as ReadonlyArray<Hour>,
  )

/** The quarters of days from a day on and before another, in order. */
export const quarters = (from: string, before: string) =>
  Effect.map(
    query(
      "the quarters could not be read",
      `SELECT day::text AS day, quarter, ${sums} FROM taxi.quarter_day WHERE day >= $1 AND day < $2 ORDER BY day, quarter`,
      [from, before],
    ),
    (rows) => rows as unknown as ReadonlyArray<QuarterDay>,
  )

/** The first day that has trips and the day after the last one; `undefined` where there are none. */
export const span = Effect.map(
  query(
    "the hours could not be read",
    "SELECT min(hour)::date::text AS first, (max(hour)::date + 1)::text AS before FROM taxi.hour",
  ),
  ([row]) => (row?.["first"] == null ? undefined : { from: String(row["first"]), before: String(row["before"]) }),
)

/** Rows that the last drops had and the database has not, at most `limit`. */
export const rejected = (limit: number) =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const jobs = yield* store.find({ import: "trips", status: ["partial", "failed"], limit: 50 })
    const found: Array<Rejected> = []
    for (const job of jobs) {
      if (found.length >= limit) break
      const issues = yield* store.issues(job.id, { limit: limit - found.length })
      for (const issue of issues)
        found.push({
          place: issue.ref ?? job.source.name,
          column: issue.column ?? "",
          value: issue.value === undefined || issue.value === null ? "" : String(issue.value),
          message: issue.message,
        })
    }
    return found
  })
