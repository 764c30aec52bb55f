import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { Engine, JobStore } from "@waybill/core"
import { CsvSource, XlsxSource } from "@waybill/source-spreadsheet"
import { Duration, Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { archive, decode, definition, history, ingest, ingestFolder, writeDaily, writeHourly } from "../src/index.ts"
import { count, ofRow } from "./independent.ts"
import { drop, hasRealTrips, realTrips, useTaxi } from "./support.ts"

const taxi = useTaxi()

const hoursOf = async () =>
  new Map(
    (await taxi.query("SELECT to_char(hour, 'YYYY-MM-DD HH24') AS key, * FROM taxi.hour ORDER BY hour")).map((row) => [
      row["key"] as string,
      ofRow(row),
    ]),
  )

const quartersOf = async () =>
  new Map(
    (await taxi.query("SELECT day::text || ' ' || quarter AS key, * FROM taxi.quarter_day")).map((row) => [
      row["key"] as string,
      ofRow(row),
    ]),
  )

const byHour = (pickup: string) => pickup.slice(0, 13)
const byQuarter = (pickup: string) => `${pickup.slice(0, 10)} ${Math.floor(Number(pickup.slice(11, 13)) / 6) + 1}`

const sheetOf = (bytes: Uint8Array, sheet: string) =>
  Effect.runPromise(
    XlsxSource.make({ bytes, sheet, headerRow: 3 })
      .read(null)
      .pipe(
        Stream.runFold(
          () => [] as Array<ReadonlyArray<unknown>>,
          (all, page) => [...all, ...page.rows.map((row) => row as ReadonlyArray<unknown>)],
        ),
      ),
  )

const trip = (pickup: string, total: string, zone = 1) =>
  `1,${pickup},${pickup.replace(/\d\d$/, "59")},2,1.5,${zone},4,1,${total},0.0,0.0,${total}`

describe("csv-hourly-report", () => {
  it.skipIf(!hasRealTrips)("adds up the real trips by the hour and the quarter of a day, to the cent", async () => {
    if (!taxi.database.available) return
    const csv = await readFile(realTrips, "utf8")
    const run = await taxi.run(ingest(realTrips.pathname))
    expect(run).toMatchObject({ status: "success", rowsLoaded: 10_000, rowsRejected: 0, rowsAggregated: 10_000 })
    expect(await hoursOf()).toEqual(new Map([...count(csv, byHour)].sort(([a], [b]) => (a < b ? -1 : 1))))
    expect(await quartersOf()).toEqual(count(csv, byQuarter))
    const { path } = await taxi.run(writeHourly(taxi.path("reports")))
    const hours = await sheetOf(await readFile(path), "Hours")
    const all = [...count(csv, () => "all").values()][0]!
    const total = hours.reduce((sum, row) => sum + Math.round(Number(row[7]) * 100), 0)
    expect([hours.length, total]).toEqual([count(csv, byHour).size, all.total])
  })

  it("loads nothing twice: neither the same drop, nor its trips in another", async () => {
    if (!taxi.database.available) return
    const first = await taxi.write("a.csv", drop(trip("2019-01-15 03:10:00", "8.0"), trip("2019-01-15 04:10:00", "9.5")))
    const both = await taxi.write("b.csv", drop(trip("2019-01-15 04:10:00", "9.5"), trip("2019-01-15 04:20:00", "1.0", 7)))
    expect(await taxi.run(ingest(first))).toMatchObject({ status: "success", rowsLoaded: 2, rowsAggregated: 2 })
    expect(await taxi.run(ingest(first))).toMatchObject({ status: "skipped", rowsAggregated: 0 })
    expect(await taxi.run(ingest(both))).toMatchObject({ status: "success", rowsLoaded: 1, rowsAggregated: 2 })
    const hours = await hoursOf()
    expect([...hours].map(([hour, { total, trips }]) => [hour, trips, total])).toEqual([
      ["2019-01-15 03", 1, 800],
      ["2019-01-15 04", 2, 1_050],
    ])
    const runs = await taxi.run(history(10))
    expect(runs.map((it) => [it["status"], it["rows_loaded"], it["ended_at"] instanceof Date])).toEqual([
      ["success", "1", true],
      ["skipped", "0", true],
      ["success", "2", true],
    ])
  })

  it("takes a trip that was taken back with its money only, and keeps the clock of the cab on the day the clocks change", async () => {
    if (!taxi.database.available) return
    // 2019-03-10 02:30 does not exist in New York, 2019-11-03 01:30 exists twice
    const file = await taxi.write(
      "clocks.csv",
      drop(trip("2019-03-10 02:30:00", "5.0"), trip("2019-11-03 01:30:00", "6.0"), trip("2019-11-03 01:30:00", "-6.0")),
    )
    await taxi.run(ingest(file))
    expect([...(await hoursOf())].map(([hour, { total, trips }]) => [hour, trips, total])).toEqual([
      ["2019-03-10 02", 1, 500],
      ["2019-11-03 01", 1, 0],
    ])
  })

  it("leaves bad rows out, and tells in the workbook where they are and why", async () => {
    if (!taxi.database.available) return
    const file = await taxi.write(
      "bad.csv",
      drop(trip("2019-01-15 03:10:00", "8.0"), trip("2019-01-15 25:10:00", "8.0"), trip("2019-01-15 05:10:00", "=1+1")),
    )
    expect(await taxi.run(ingest(file))).toMatchObject({ status: "partial", rowsLoaded: 1, rowsRejected: 2 })
    const { path } = await taxi.run(writeHourly(taxi.path("reports")))
    const left = await sheetOf(await readFile(path), "Left out")
    expect(left.map((row) => row.slice(0, 3))).toEqual([
      ["bad.csv:3", "pickup_datetime", "2019-01-15 25:10:00"],
      ["bad.csv:3", "dropoff_datetime", "2019-01-15 25:10:59"],
      ["bad.csv:4", "fare_amount", "=1+1"],
      ["bad.csv:4", "total_amount", "=1+1"],
    ])
  })

  it("puts drops away, and a file that cannot be read with its reason", async () => {
    if (!taxi.database.available) return
    await taxi.write("2.csv", "nonsense\n1\n")
    await taxi.write("1.csv", drop(trip("2019-01-15 03:10:00", "8.0")))
    await taxi.write("3.csv.part", "still written")
    const runs = await taxi.run(ingestFolder(taxi.folder()))
    expect(runs.map(({ status, subject }) => [subject, status])).toEqual([
      ["1.csv", "success"],
      ["2.csv", "failed"],
    ])
    expect((await readdir(taxi.folder())).sort()).toEqual(["3.csv.part", "done", "failed"])
    expect(await readFile(join(taxi.folder(), "failed", "2.csv.reason.txt"), "utf8")).toMatch(/2\.csv.*vendor_id/s)
    // another drop of a name that was there is another drop
    await taxi.write("1.csv", drop(trip("2019-01-15 03:20:00", "1.0", 9)))
    await taxi.run(ingestFolder(taxi.folder()))
    expect(await readdir(taxi.path("done"))).toHaveLength(2)
    expect((await hoursOf()).get("2019-01-15 03")).toMatchObject({ trips: 2, total: 900 })
  })

  it("finishes a commit that broke off, and makes sums that were not made", async () => {
    if (!taxi.database.available) return
    const rows = Array.from({ length: 30 }, (_, at) => trip(`2019-01-15 03:${10 + at}:00`, "2.0"))
    const file = await taxi.write("a.csv", drop(...rows))
    const broken = Effect.gen(function* () {
      const trips = yield* definition
      const { id } = yield* Engine.validate(trips, CsvSource.make({ file }))
      yield* Effect.exit(
        Engine.commit(trips, id, { onProgress: ({ phase }) => (phase === "commit" ? Effect.interrupt : Effect.void) }),
      )
      const store = yield* JobStore.JobStore
      return (yield* store.find({ import: "trips" })).map(({ status }) => status)
    })
    expect(await taxi.run(broken)).toEqual(["running"])
    // as a process leaves it that was killed
    await taxi.query("INSERT INTO taxi.run (kind, subject, started_at, status) VALUES ('ingest', 'a.csv', now(), 'running')")
    expect(await taxi.run(ingest(file))).toMatchObject({ status: "skipped" })
    expect([...(await hoursOf())]).toEqual([["2019-01-15 03", expect.objectContaining({ trips: 30, total: 6_000 })]])
    const runs = await taxi.run(history(10))
    expect(runs.map((it) => [it["status"], it["rows_loaded"]])).toEqual([
      ["skipped", "0"],
      ["success", "30"],
      ["interrupted", "0"],
    ])
    await taxi.query("DELETE FROM taxi.hour")
    expect(await taxi.run(ingest(file))).toMatchObject({ status: "skipped", rowsAggregated: 30 })
  })

  it("writes a day's summary with charts", async () => {
    if (!taxi.database.available) return
    await taxi.run(
      ingest(await taxi.write("a.csv", drop(trip("2019-01-15 03:10:00", "8.0"), trip("2019-01-15 19:10:00", "12.25")))),
    )
    const { path } = await taxi.run(writeDaily(taxi.path("reports")))
    expect(path.endsWith("daily_20190115.xlsx")).toBe(true)
    const bytes = await readFile(path)
    const hours = await sheetOf(bytes, "Hours")
    expect(hours.map((row) => [row[0], row[1], row[7]])).toEqual([
      ...Array.from({ length: 24 }, (_, at) => [
        `${String(at).padStart(2, "0")}:00`,
        at === 3 || at === 19 ? 1 : 0,
        at === 3 ? 8 : at === 19 ? 12.25 : 0,
      ]),
      ["Day", 2, 20.25],
    ])
    expect([1, 2, 3, 4].map((at) => bytes.includes(`xl/charts/chart${at}.xml`))).toEqual([true, true, true, false])
    await expect(taxi.run(writeDaily(taxi.path("reports"), "2019-02-30"))).rejects.toThrow("“2019-02-30” is no day")
  })

  it("names the hourly workbook by the minute it is made in", async () => {
    if (!taxi.database.available) return
    const at = Date.parse("2019-01-16T07:05:30Z")
    const { path } = await taxi.run(
      Effect.provide(Effect.andThen(TestClock.setTime(at), writeHourly(taxi.path("reports"))), TestClock.layer()),
    )
    expect(path.endsWith("hourly_20190116_0705.xlsx")).toBe(true)
  })

  it("archives old days into Parquet files that hold every value, keeps their sums, and refuses late trips for them", async () => {
    if (!taxi.database.available) return
    const old = [trip("2019-01-14 23:59:00", "8.0"), trip("2019-01-15 03:10:00", "-7.35"), trip("2019-01-15 03:10:00", "7.35")]
    await taxi.run(ingest(await taxi.write("a.csv", drop(...old, trip("2019-02-15 03:10:00", "1.0")))))
    const before = await hoursOf()
    const at = Effect.andThen(
      TestClock.setTime(Date.parse("2019-02-20T12:00:00Z")),
      archive(taxi.path("archive"), Duration.days(30)),
    )
    const stored = await taxi.query(
      "SELECT to_jsonb(it)::text AS row FROM taxi.trip AS it WHERE pickup < '2019-01-21' ORDER BY pickup, total",
    )
    expect(await taxi.run(Effect.provide(at, TestClock.layer()))).toMatchObject({ status: "success", rowsAggregated: 3 })
    const files = await readdir(taxi.path("archive"))
    expect(files.sort()).toEqual(["trips_20190114.parquet", "trips_20190115.parquet"])
    const archived = (await Promise.all(files.map(async (name) => decode(await taxi.read(`archive/${name}`))))).flat()
    expect(archived.map((it) => [it["pickup"], it["total"], it["reversal"]]).sort()).toEqual([
      ["2019-01-14 23:59:00", "8.00", "false"],
      ["2019-01-15 03:10:00", "-7.35", "true"],
      ["2019-01-15 03:10:00", "7.35", "false"],
    ])
    expect(stored).toHaveLength(3)
    expect(await taxi.query("SELECT count(*)::integer AS left FROM taxi.trip")).toEqual([{ left: 1 }])
    expect(await taxi.query("SELECT day::text, file, rows::integer FROM taxi.archive ORDER BY day")).toEqual([
      { day: "2019-01-14", file: "trips_20190114.parquet", rows: 1 },
      { day: "2019-01-15", file: "trips_20190115.parquet", rows: 2 },
    ])
    const late = await taxi.write("late.csv", drop(trip("2019-01-15 05:10:00", "1.0"), trip("2019-02-15 04:10:00", "1.0")))
    expect(await taxi.run(ingest(late))).toMatchObject({ status: "partial", rowsLoaded: 1, rowsRejected: 1 })
    const after = await hoursOf()
    for (const [hour, sums] of before) expect([hour, after.get(hour)]).toEqual([hour, sums])
    expect(after.size).toBe(before.size + 1)
  })

  it("keeps the rows of a day whose file does not hold them", async () => {
    if (!taxi.database.available) return
    await taxi.run(ingest(await taxi.write("a.csv", drop(trip("2019-01-15 03:10:00", "8.0")))))
    // a moment finer than the file's milliseconds
    await taxi.query("UPDATE taxi.trip SET dropoff = dropoff + interval '1 microsecond'")
    await expect(taxi.run(archive(taxi.path("archive"), Duration.days(30)))).rejects.toThrow("nothing was deleted")
    expect(await taxi.query("SELECT count(*)::integer AS left FROM taxi.trip")).toEqual([{ left: 1 }])
    expect(await readdir(taxi.path("archive"))).toEqual(["trips_20190115.parquet.part"])
    await expect(stat(taxi.path("archive/trips_20190115.parquet"))).rejects.toThrow("ENOENT")
  })
})
