/**
 * The sums by the hour and by the quarter of a day, made of the trips in the server.
 *
 * They are made anew of all trips that are not archived yet, and only what differs is written. So they are right whatever happened before:
 * a run that broke off, a drop that corrects another, an import that was undone.
 *
 * @module
 */
import { Effect } from "effect"
import { attempt, type Database, type DatabaseError, transaction } from "./Database.ts"

const names = ["trips", "passengers", "distance", "fare", "tips", "tolls", "total"] as const

// a reversal takes money back and is no trip of its own
const sums = `
  count(*) FILTER (WHERE NOT reversal) AS trips,
  coalesce(sum(passengers) FILTER (WHERE NOT reversal), 0) AS passengers,
  coalesce(sum(distance) FILTER (WHERE NOT reversal), 0) AS distance,
  sum(fare) AS fare, sum(tip) AS tips, sum(tolls) AS tolls, sum(total) AS total, count(*) AS rows`

const written = (table: string, keys: ReadonlyArray<string>, groups: ReadonlyArray<string>, day: string) => {
  const list = [...keys, ...names].join(", ")
  return `
WITH live AS (
  SELECT ${groups.map((group, at) => `${group} AS ${keys[at]}`).join(", ")}, ${sums} FROM taxi.trip GROUP BY ${groups.join(", ")}
), written AS (
  INSERT INTO ${table} AS it (${list}) SELECT ${list} FROM live
  ON CONFLICT (${keys.join(", ")}) DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(", ")}
  WHERE (${names.map((name) => `it.${name}`).join(", ")}) IS DISTINCT FROM (${names.map((name) => `excluded.${name}`).join(", ")})
  RETURNING ${keys.map((key) => `it.${key}`).join(", ")}
), gone AS (
  DELETE FROM ${table} AS it
  WHERE NOT EXISTS (SELECT FROM live WHERE (${keys.map((key) => `live.${key}`).join(", ")}) = (${keys.map((key) => `it.${key}`).join(", ")}))
    AND NOT EXISTS (SELECT FROM taxi.archive WHERE archive.day = ${day})
)
SELECT coalesce(sum(live.rows), 0)::bigint AS rows FROM live JOIN written USING (${keys.join(", ")})`
}

const hours = written("taxi.hour", ["hour"], ["date_trunc('hour', pickup)"], "it.hour::date")

const quarters = written(
  "taxi.quarter_day",
  ["day", "quarter"],
  ["pickup::date", "(extract(hour FROM pickup)::integer / 6 + 1)"],
  "it.day",
)

/** Brings the sums up to date, and returns how many rows are in the hours that changed. */
export const aggregate: Effect.Effect<number, DatabaseError, Database> = transaction("REPEATABLE READ", (client) =>
  attempt("the sums were not brought up to date", async () => {
    const { rows } = await client.query(hours)
    await client.query(quarters)
    return Number(rows[0].rows)
  }),
).pipe(Effect.withSpan("taxi.aggregate"))
