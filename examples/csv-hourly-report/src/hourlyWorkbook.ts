/**
 * The hourly workbook: every hour and quarter of a day, what the last runs did, and the rows that were left out.
 *
 * @module
 */
import { DocProperties, Workbook } from "wasm-xlsxwriter"
import type { Hour, QuarterDay, Rejected, Sums } from "./figures.ts"
import { addTable, type Column } from "./sheets.ts"

/** Names of the quarters of a day. */
export const quarterNames = ["00–06", "06–12", "12–18", "18–24"] as const

/** The columns of sums. An amount becomes a number of the workbook here, which shows two decimals. */
export const sumColumns: ReadonlyArray<Column<Sums>> = [
  { title: "Trips", width: 10, format: "#,##0", value: ({ trips }) => trips },
  { title: "Passengers", width: 12, format: "#,##0", value: ({ passengers }) => passengers },
  { title: "Miles", width: 12, format: "#,##0.00", value: ({ distance }) => Number(distance) },
  { title: "Fares", width: 14, format: "#,##0.00", value: ({ fare }) => Number(fare) },
  { title: "Tips", width: 12, format: "#,##0.00", value: ({ tips }) => Number(tips) },
  { title: "Tolls", width: 12, format: "#,##0.00", value: ({ tolls }) => Number(tolls) },
  { title: "Total", width: 14, format: "#,##0.00", value: ({ total }) => Number(total) },
]

const text = (value: unknown): string =>
  value === null || value === undefined ? "" : value instanceof Date ? value.toISOString() : String(value)

const runColumns: ReadonlyArray<Column<Readonly<Record<string, unknown>>>> = [
  { title: "Run", width: 8, format: "0", value: (run) => Number(run["id"]) },
  { title: "Kind", width: 10, value: (run) => text(run["kind"]) },
  { title: "File", width: 36, value: (run) => text(run["subject"]) },
  { title: "Status", width: 12, value: (run) => text(run["status"]) },
  { title: "Began (UTC)", width: 26, value: (run) => text(run["started_at"]) },
  { title: "Ended (UTC)", width: 26, value: (run) => text(run["ended_at"]) },
  { title: "Rows loaded", width: 13, format: "#,##0", value: (run) => Number(run["rows_loaded"]) },
  { title: "Rows rejected", width: 13, format: "#,##0", value: (run) => Number(run["rows_rejected"]) },
  { title: "Rows aggregated", width: 15, format: "#,##0", value: (run) => Number(run["rows_aggregated"]) },
  { title: "Message", width: 60, value: (run) => text(run["message"]) },
]

const rejectedColumns: ReadonlyArray<Column<Rejected>> = [
  { title: "Place", width: 44, value: ({ place }) => place },
  { title: "Column", width: 20, value: ({ column }) => column },
  { title: "Value", width: 26, value: ({ value }) => value },
  { title: "What is wrong", width: 70, value: ({ message }) => message },
]

/** What an hourly workbook is made of. */
export interface Contents {
  readonly title: string
  readonly hours: ReadonlyArray<Hour>
  readonly quarters: ReadonlyArray<QuarterDay>
  readonly runs: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly rejected: ReadonlyArray<Rejected>
}

/** The workbook's bytes. */
export const hourlyWorkbook = ({ hours, quarters, rejected, runs, title }: Contents): Uint8Array => {
  const workbook = new Workbook()
  workbook.setProperties(new DocProperties().setTitle(title).setAuthor("csv-hourly-report"))
  addTable<Hour>(
    workbook,
    "Hours",
    `${title}: by the hour of the pickup`,
    [{ title: "Hour", width: 18, value: ({ hour }) => hour }, ...sumColumns],
    hours,
  )
  addTable<QuarterDay>(
    workbook,
    "Quarter days",
    `${title}: by the quarter of the day`,
    [
      { title: "Day", width: 12, value: ({ day }) => day },
      { title: "Quarter", width: 10, value: ({ quarter }) => quarterNames[quarter - 1]! },
      ...sumColumns,
    ],
    quarters,
  )
  addTable(workbook, "Runs", "The last runs, newest first", runColumns, runs)
  addTable(workbook, "Left out", "Rows of the last drops that are not in these figures", rejectedColumns, rejected)
  return workbook.saveToBufferSync()
}
