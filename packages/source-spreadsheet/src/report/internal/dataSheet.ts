/**
 * The sheet Data: the rows of a job as they can be imported again, with what is wrong beside them.
 *
 * Rows that were accepted are there as the normalizations left them, rejected ones as they came. With the source all rows are there, without it
 * only the rejected ones, which the job keeps.
 */
import { Inspection, type Issue, type Job, type Source } from "@waybill/core"
import { Effect, Stream } from "effect"
import * as IssueColumn from "../../IssueColumn.ts"
import { type Book, mostLinks, type OpenTable, type Row, reference } from "./Book.ts"
import { placeOf, sentence } from "./places.ts"
import { type Cell, type Column, columnLetters, type Value } from "./SheetText.ts"
import type { Style } from "./styles.ts"
import { cut, longestCell } from "./text.ts"

/** The name of the sheet. */
export const name = "Data"

/** What the sheet came to hold. */
export interface Written {
  readonly sheets: ReadonlyArray<string>
  readonly rows: number
  /** Whether all rows of the source are there, or only those that were rejected. */
  readonly isWhole: boolean
  /** Refs of rows that a sheet cannot hold: cells that are too long. The first few, and how many there are. */
  readonly leftOut: { readonly first: ReadonlyArray<string>; readonly count: number }
  /** The cell of an issue, as a link leads there. */
  readonly find: (ref: string, column: string | null) => string | undefined
}

// a row on its way to the sheet
interface Line {
  readonly ref: string
  readonly cells: ReadonlyArray<unknown>
  readonly issues: ReadonlyArray<Issue.Issue>
}

const leftOutShown = 20
const mostColumns = 16_384

const cellOf = (cell: unknown): Value => {
  if (cell === undefined || cell === null) return null
  if (typeof cell === "string" || typeof cell === "boolean") return cell
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : String(cell)
  return JSON.stringify(cell)
}

/** Writes rows as they come: columns as the first page has them, and a further sheet where a page has others. */
class DataSheets<E, R> {
  readonly sheets: Array<string> = []
  rows = 0
  readonly leftOut = { first: [] as Array<string>, count: 0 }
  private table: OpenTable<E, R> | undefined
  private layout = ""
  private columns: ReadonlyArray<string> = []
  // without an issue column that a file brought from an earlier report
  private positions: ReadonlyArray<number> = []
  // where rows with issues are: sheet and row; as many as there can be links
  private readonly places = new Map<string, readonly [sheet: string, row: number, columns: ReadonlyArray<string>]>()

  constructor(
    private readonly book: Book<E, R>,
    private readonly job: Job.Job,
  ) {}

  add(columns: ReadonlyArray<string>, lines: ReadonlyArray<Line>) {
    const self = this
    return Effect.gen(function* () {
      const layout = JSON.stringify(columns)
      if (self.table === undefined || layout !== self.layout) yield* self.begin(columns, layout, lines)
      const rows: Array<Row> = []
      const table = self.table!
      for (const line of lines) {
        const cells = self.positions.map((at) => cellOf(line.cells[at]))
        if (cells.some((cell) => typeof cell === "string" && cell.length > longestCell)) {
          if (self.leftOut.count++ < leftOutShown) self.leftOut.first.push(line.ref)
          continue
        }
        rows.push({ cells: self.styled(cells, line) })
        // one by one where it matters on which sheet a row comes to be
        if (line.issues.length > 0 && self.places.size < mostLinks) {
          yield* table.add(rows.splice(0))
          self.places.set(line.ref, [table.sheets.at(-1)!, table.row, self.columns])
        }
      }
      yield* table.add(rows)
    })
  }

  end() {
    const self = this
    return Effect.gen(function* () {
      if (self.table === undefined) yield* self.begin([], "[]", [])
      yield* self.endTable()
    })
  }

  readonly find = (ref: string, column: string | null): string | undefined => {
    const place = this.places.get(ref)
    if (place === undefined) return undefined
    const [sheet, row, columns] = place
    const at = column === null ? -1 : columns.indexOf(column)
    return reference(sheet, `${columnLetters(at < 0 ? columns.length : at)}${row}`)
  }

  private begin(columns: ReadonlyArray<string>, layout: string, lines: ReadonlyArray<Line>) {
    this.layout = layout
    this.positions = [...columns.keys()].filter((at) => !IssueColumn.is(columns[at]!)).slice(0, mostColumns - 1)
    this.columns = this.positions.map((at) => columns[at]!)
    const isText = this.isText()
    const own = this.columns.map(
      (heading, at): Column => ({
        heading,
        width: widthOf(
          heading,
          lines.map(({ cells }) => cells[this.positions[at]!]),
        ),
        style: isText ? "text" : "value",
      }),
    )
    return Effect.map(this.endTable(), () => {
      this.table = this.book.table({
        name,
        columns: [...own, { heading: IssueColumn.header, width: 60, style: "issue" }],
        order: 3,
        colour: "2E7D32",
        before: this.sheets.length,
      })
    })
  }

  private endTable() {
    const { table } = this
    if (table === undefined) return Effect.void
    return Effect.map(table.end(), () => {
      this.sheets.push(...table.sheets)
      this.rows += table.rows
      this.table = undefined
    })
  }

  // cells of a CSV are text, and what is typed into them has to stay text; those of a workbook are what is typed
  private isText(): boolean {
    return this.job.source.kind === "csv"
  }

  private styled(cells: ReadonlyArray<Value>, { issues, ref }: Line): ReadonlyArray<Value | Cell> {
    const isText = this.isText()
    const errors = new Set(issues.filter(({ severity }) => severity === "error").map(({ column }) => column))
    const warnings = new Set(issues.map(({ column }) => column))
    const styleOf = (value: Value, at: number): Style | undefined => {
      const column = this.columns[at]!
      if (errors.has(column)) return isText ? "bad" : "badValue"
      if (warnings.has(column)) return "warning"
      return typeof value === "string" && !isText ? "text" : undefined
    }
    const own = cells.map((value, at): Value | Cell => {
      const style = styleOf(value, at)
      return style === undefined ? value : { value, style }
    })
    if (issues.length === 0) return own
    const { row } = placeOf(this.job, ref)
    const text = cut(`${row === null ? "" : `row ${row}: `}${sentence(issues)}`)
    return [...own, errors.size > 0 ? text : { value: text, style: "hint" }]
  }
}

const widthOf = (heading: string, cells: ReadonlyArray<unknown>): number => {
  let width = heading.length + 4
  for (const cell of cells.slice(0, 200)) {
    const length = cell === null || cell === undefined ? 0 : String(cell).length + 2
    if (length > width) width = length
  }
  return Math.min(48, Math.max(9, width))
}

/** Writes the sheet. */
export const write = <E, R, RS>(book: Book<E, R>, job: Job.Job, source: Source.Source<RS> | undefined) =>
  Effect.gen(function* () {
    const data = new DataSheets(book, job)
    if (source === undefined) {
      const columns = yield* columnsOfRejected(job.id)
      yield* Stream.runForEachArray(Inspection.rejected(job.id), (letters) =>
        data.add(
          columns,
          letters.map(({ issues, ref, row }): Line => ({ ref, issues, cells: cellsOf(columns, row) })),
        ),
      )
    } else
      yield* Stream.runForEach(Inspection.rows(job.id, source), ({ columns, rows }) =>
        data.add(
          columns ?? ["row"],
          rows.map(({ isRejected, issues, normalized, raw, ref }): Line => {
            const row = isRejected ? raw : normalized
            return { ref, issues, cells: columns === null ? [row] : (row as ReadonlyArray<unknown>) }
          }),
        ),
      )
    yield* data.end()
    const { find, leftOut, rows, sheets } = data
    return { sheets, rows, leftOut, find, isWhole: source !== undefined } satisfies Written
  })

// all columns that rejected rows have, in the order they are met
const columnsOfRejected = (jobId: string) =>
  Effect.gen(function* () {
    const columns = new Set<string>()
    yield* Stream.runForEachArray(Inspection.rejected(jobId), (letters) =>
      Effect.sync(() => {
        for (const { row } of letters) for (const column of "value" in row ? ["row"] : row.columns) columns.add(column)
      }),
    )
    return [...columns]
  })

const cellsOf = (
  columns: ReadonlyArray<string>,
  row: { readonly value: unknown } | { readonly columns: ReadonlyArray<string>; readonly cells: ReadonlyArray<unknown> },
) => {
  if ("value" in row) return columns.map((column) => (column === "row" ? row.value : null))
  return columns.map((column) => {
    const at = row.columns.indexOf(column)
    return at < 0 ? null : row.cells[at]
  })
}
