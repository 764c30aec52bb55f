/**
 * The sheets that list what a job found, line by line: Issues, Candidates, Normalization, Changes.
 */
import { type Candidates, Inspection, type Issue, type Job } from "@waybill/core"
import { Effect, Stream } from "effect"
import type { Book, OpenTable, Row, Table } from "./Book.ts"
import { placeOf } from "./places.ts"
import type { Cell, Column, Value } from "./SheetText.ts"
import type { Style } from "./styles.ts"
import { cut } from "./text.ts"

/** What a table came to hold. */
export interface Listed {
  readonly sheets: ReadonlyArray<string>
  readonly rows: number
  readonly unlinked: number
}

const column = (heading: string, width: number, style: Column["style"] = "text"): Column => ({ heading, width, style })

// values of records as people read them
const shown = (value: unknown): Value => {
  if (value === undefined || value === null) return null
  if (typeof value === "string") return cut(value)
  return typeof value === "number" || typeof value === "boolean" ? value : cut(JSON.stringify(value))
}

const fill = <A, E, R, EB, RB>(
  book: Book<EB, RB>,
  table: Table,
  items: Stream.Stream<A, E, R>,
  rowsOf: (item: A) => ReadonlyArray<Row>,
) =>
  Effect.gen(function* () {
    const open: OpenTable<EB, RB> = book.table(table)
    yield* Stream.runForEachArray(items, (some) => open.add(some.flatMap(rowsOf)))
    yield* open.end()
    return { sheets: open.sheets, rows: open.rows, unlinked: open.unlinked } satisfies Listed
  })

const severity = ({ severity: value }: Issue.Issue): Cell => ({ value, style: value })

/** Every issue, its row linked to its cell in Data. */
export const issues = <E, R>(book: Book<E, R>, job: Job.Job, find: (ref: string, column: string | null) => string | undefined) =>
  fill(
    book,
    {
      name: "Issues",
      order: 2,
      colour: "B42318",
      columns: [
        column("severity", 10),
        column("sheet", 16),
        column("row", 9, "place"),
        column("column", 18),
        column("value", 24, "wrapped"),
        column("message", 54, "wrapped"),
        column("code", 20),
        column("entity", 13),
      ],
    },
    Inspection.issues(job.id),
    (issue) => {
      const { row, sheet } = placeOf(job, issue.ref)
      const to = issue.ref === null ? undefined : find(issue.ref, issue.column)
      return [
        {
          cells: [
            severity(issue),
            sheet,
            to === undefined ? row : { value: row, style: "link" },
            issue.column,
            shown(issue.value),
            cut(issue.message),
            issue.code,
            issue.entity,
          ],
          link: to === undefined ? undefined : { at: 2, to },
        },
      ]
    },
  )

const standings: { readonly [standing in Candidates.Standing]: Style } = {
  open: "warning",
  created: "good",
  mapped: "text",
  rejected: "error",
}

/** What rows refer to and exists nowhere: where each stands, what it is read as, and which keys of the job's records are near. */
export const candidates = <E, R>(book: Book<E, R>, job: Job.Job) =>
  fill(
    book,
    {
      name: "Candidates",
      order: 4,
      colour: "7F6000",
      columns: [
        column("entity", 20),
        column("key", 36),
        column("first row", 36),
        column("rows", 10, "number"),
        column("standing", 12),
        column("read as", 36),
        column("nearest keys", 48, "wrapped"),
      ],
    },
    Inspection.candidates(job.id),
    ({ decided, entity, firstRef, key, nearest, rows, standing }) => [
      {
        cells: [
          entity,
          cut(key),
          firstRef,
          rows,
          { value: standing, style: standings[standing] },
          standing === "mapped" ? shown(decided?.as) : null,
          nearest.length === 0 ? null : cut(nearest.join(", ")),
        ],
      },
    ],
  )

/** Every change that a normalization made. */
export const normalizations = <E, R>(book: Book<E, R>, job: Job.Job) =>
  fill(
    book,
    {
      name: "Normalization",
      order: 5,
      colour: "5F6B7A",
      columns: [
        column("sheet", 16),
        column("row", 9, "place"),
        column("column", 20),
        column("rule", 18),
        column("before", 40, "removed"),
        column("after", 40, "added"),
      ],
    },
    Inspection.normalizations(job.id),
    ({ after, before, column: name, ref, rule }) => {
      const { row, sheet } = placeOf(job, ref)
      return [{ cells: [sheet, row, name, rule, shown(before), shown(after)] }]
    },
  )

/** What a commit does, field by field; records that stay as they are have no line. */
export const changes = <E, R>(book: Book<E, R>, job: Job.Job) =>
  fill(
    book,
    {
      name: "Changes",
      order: 6,
      colour: "1F3A5F",
      columns: [
        column("action", 10),
        column("entity", 16),
        column("key", 24),
        column("field", 18),
        column("old", 34, "removed"),
        column("new", 34, "added"),
        column("sheet", 16),
        column("row", 9, "place"),
      ],
    },
    Inspection.records(job.id),
    (record) => {
      const { row, sheet } = placeOf(job, record.ref)
      const line = (field: string | null, before: unknown, after: unknown): Row => ({
        cells: [actionCell(record.action), record.entity, cut(record.key), field, shown(before), shown(after), sheet, row],
      })
      switch (record.action) {
        case "unchanged":
          return []
        case "update":
          return record.changes.map(({ after, before, field }) => line(field, before, after))
        case "create":
          return [line(null, null, summary(record.values))]
        default:
          return [line(null, null, null)]
      }
    },
  )

const actionStyles: { readonly [action: string]: Style } = { create: "good", update: "warning", refuse: "error", delete: "error" }

const actionCell = (action: string): Cell => ({ value: action, style: actionStyles[action] ?? "text" })

const summary = (values: Inspection.PlannedRecord["values"]): string =>
  cut(
    Object.entries(values)
      .filter(([, value]) => value !== null)
      .map(([field, value]) => `${field}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
      .join(", "),
    2_000,
  )
