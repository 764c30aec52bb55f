/**
 * The daily summary: one day in figures and charts, by the hour and by the quarter of the day.
 *
 * @module
 */
import {
  Chart,
  ChartFormat,
  ChartLegendPosition,
  ChartLine,
  ChartRange,
  ChartSeries,
  ChartSolidFill,
  DocProperties,
  Workbook,
  type Worksheet,
} from "wasm-xlsxwriter"
import type { Hour, QuarterDay, Sums } from "./figures.ts"
import { quarterNames, sumColumns } from "./hourlyWorkbook.ts"
import { addSums, addTable, colour, colours, firstRow } from "./sheets.ts"

const nothing: Sums = {
  trips: 0,
  passengers: 0,
  distance: "0.00",
  fare: "0.00",
  tips: "0.00",
  tolls: "0.00",
  total: "0.00",
}

const series = (sheet: string, name: string, column: number, rows: number, rgb: number, isLine = false): ChartSeries => {
  const format = isLine
    ? new ChartFormat().setLine(new ChartLine().setColor(colour(rgb)).setWidth(2.25))
    : new ChartFormat().setSolidFill(new ChartSolidFill().setColor(colour(rgb)))
  return new ChartSeries()
    .setName(name)
    .setCategories(ChartRange.newFromRange(sheet, firstRow, 0, firstRow + rows - 1, 0))
    .setValues(ChartRange.newFromRange(sheet, firstRow, column, firstRow + rows - 1, column))
    .setFormat(format)
}

const chart = (kind: Chart, title: string, alternative: string, x: string, y: string): Chart => {
  kind.title().setName(title)
  kind.xAxis().setName(x)
  kind.yAxis().setName(y).setNumFormat("#,##0")
  return kind.setAltText(alternative).setWidth(760).setHeight(320)
}

const addDaySums = (sheet: Worksheet, row: number, label: string, sums: Sums): void =>
  addSums(
    sheet,
    row,
    label,
    sumColumns.map(({ format, value }, at) => ({ at: at + 1, value: value(sums) as number, format: format! })),
  )

/** What a daily summary is made of. Hours and quarters without trips may be missing; `sums` are the day's, added up by the database. */
export interface Contents {
  readonly day: string
  readonly hours: ReadonlyArray<Hour>
  readonly quarters: ReadonlyArray<QuarterDay>
  readonly sums: Sums | undefined
}

/** The workbook's bytes. */
export const dailyWorkbook = ({ day, hours, quarters, sums = nothing }: Contents): Uint8Array => {
  const workbook = new Workbook()
  workbook.setProperties(new DocProperties().setTitle(`Taxi trips of ${day}`).setAuthor("csv-hourly-report"))
  // every hour has its line: one that is not there would move the others in the chart
  const byHour = Array.from({ length: 24 }, (_, at): Hour => {
    const hour = `${String(at).padStart(2, "0")}:00`
    return { ...(hours.find((it) => it.hour.endsWith(` ${hour}`)) ?? nothing), hour }
  })
  const byQuarter = quarterNames.map((name, at) => ({ ...(quarters.find((it) => it.quarter === at + 1) ?? nothing), name }))
  const sheet = addTable<Hour>(
    workbook,
    "Hours",
    `Taxi trips of ${day}, by the hour of the pickup`,
    [{ title: "Hour", width: 12, value: ({ hour }) => hour }, ...sumColumns],
    byHour,
  )
  addDaySums(sheet, firstRow + 24, "Day", sums)
  const trips = chart(
    Chart.newColumn().pushSeries(series("Hours", "Trips", 1, 24, colours.first)),
    `Trips by the hour, ${day}`,
    `Columns: how many trips began in each hour of ${day}`,
    "Hour of the pickup",
    "Trips",
  )
  trips.legend().setHidden()
  sheet.insertChart(1, 9, trips)
  sheet.insertChart(
    19,
    9,
    chart(
      Chart.newLine()
        .pushSeries(series("Hours", "Total", 7, 24, colours.first, true))
        .pushSeries(series("Hours", "Fares", 4, 24, colours.second, true)),
      `Income by the hour, ${day}`,
      `Lines: total and fares of each hour of ${day}`,
      "Hour of the pickup",
      "Dollars",
    ),
  )
  const quarterSheet = addTable<(typeof byQuarter)[number]>(
    workbook,
    "Quarter days",
    `Taxi trips of ${day}, by the quarter of the day`,
    [{ title: "Quarter", width: 12, value: ({ name }) => name }, ...sumColumns],
    byQuarter,
  )
  addDaySums(quarterSheet, firstRow + 4, "Day", sums)
  const shares = chart(
    Chart.newColumn()
      .pushSeries(series("Quarter days", "Fares", 4, 4, colours.first))
      .pushSeries(series("Quarter days", "Tips", 5, 4, colours.second)),
    `Fares and tips by the quarter of the day, ${day}`,
    `Columns: fares and tips of each quarter of ${day}`,
    "Quarter of the day",
    "Dollars",
  )
  shares.legend().setPosition(ChartLegendPosition.Bottom)
  quarterSheet.insertChart(9, 0, shares)
  return workbook.saveToBufferSync()
}
