/**
 * Writing reports: read the sums, make the workbook, put it into the folder of reports under its final name at once.
 *
 * @module
 */
import { mkdir, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Clock, Data, Effect } from "effect"
import { query } from "./Database.ts"
import { dailyWorkbook } from "./dailyWorkbook.ts"
import { hours, quarters, rejected, type Sums, span } from "./figures.ts"
import { hourlyWorkbook } from "./hourlyWorkbook.ts"
import { exclusively, history, type Outcome, recorded } from "./Run.ts"

/** A report could not be made or written. */
export class ReportError extends Data.TaggedError("ReportError")<{ readonly message: string }> {}

const attempt = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, ReportError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new ReportError({ message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}` }),
  })

// nobody finds half a workbook under its name
const put = (folder: string, name: string, bytes: () => Uint8Array) =>
  attempt(`${name} could not be written`, async () => {
    await mkdir(folder, { recursive: true })
    const path = join(folder, name)
    await writeFile(`${path}.part`, bytes())
    await rename(`${path}.part`, path)
    return path
  })

const rowsOf = (sums: ReadonlyArray<Sums>): number => sums.reduce((all, { trips }) => all + trips, 0)

/** The day behind a day, both as `2019-01-31`. */
export const dayAfter = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)

/** Whether a text is a day that the calendar has. */
export const isDay = (text: string): boolean => {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

/** A moment in the name of a file, in UTC: `20190115_0336`. */
export const stamp = (time: number): string =>
  new Date(time).toISOString().replace(/^(\d+)-(\d+)-(\d+)T(\d+):(\d+).*$/, "$1$2$3_$4$5")

/** Writes `hourly_YYYYMMDD_HHMM.xlsx`, named by the minute it is made in (UTC): all hours there are, the last runs, what was left out. */
export const writeHourly = (folder: string) =>
  Effect.flatMap(Clock.currentTimeMillis, (time) => {
    const name = `hourly_${stamp(time)}.xlsx`
    return exclusively(
      recorded(
        "hourly",
        name,
        Effect.gen(function* () {
          const all = yield* span
          const { before, from } = all ?? { from: "2000-01-01", before: "2000-01-01" }
          const contents = {
            title: all === undefined ? "No taxi trips yet" : `Taxi trips from ${from}`,
            hours: yield* hours(from, before),
            quarters: yield* quarters(from, before),
            // the one that writes this has no end yet
            runs: (yield* history(201)).filter((run) => run["status"] !== "running"),
            rejected: yield* rejected(10_000),
          }
          const path = yield* put(folder, name, () => hourlyWorkbook(contents))
          return { status: "success", rowsAggregated: rowsOf(contents.hours), path } satisfies Outcome & { readonly path: string }
        }),
      ),
    )
  })

/** Writes `daily_YYYYMMDD.xlsx` with the figures and charts of a day; of the last day that has trips where none is given. */
export const writeDaily = (folder: string, day?: string) =>
  Effect.gen(function* () {
    if (day !== undefined && !isDay(day))
      return yield* Effect.fail(new ReportError({ message: `“${day}” is no day; expected one such as 2019-01-15` }))
    const last = yield* query("the hours could not be read", "SELECT max(hour)::date::text AS day FROM taxi.hour")
    const of = day ?? (last[0]?.["day"] as string | null)
    if (of == null) return yield* Effect.fail(new ReportError({ message: "there are no trips to report about yet" }))
    const name = `daily_${of.replaceAll("-", "")}.xlsx`
    return yield* exclusively(
      recorded(
        "daily",
        name,
        Effect.gen(function* () {
          const sums = yield* query(
            "the day could not be added up",
            `SELECT sum(trips)::integer AS trips, sum(passengers)::integer AS passengers, sum(distance)::text AS distance, sum(fare)::text AS fare,
               sum(tips)::text AS tips, sum(tolls)::text AS tolls, sum(total)::text AS total
             FROM taxi.hour WHERE hour >= $1 AND hour < $2 HAVING count(*) > 0`,
            [of, dayAfter(of)],
          )
          const contents = {
            day: of,
            hours: yield* hours(of, dayAfter(of)),
            quarters: yield* quarters(of, dayAfter(of)),
            sums: sums[0] as unknown as Sums | undefined,
          }
          const path = yield* put(folder, name, () => dailyWorkbook(contents))
          return { status: "success", rowsAggregated: contents.sums?.trips ?? 0, path } satisfies Outcome & {
            readonly path: string
          }
        }),
      ),
    )
  })
