/**
 * What a profile does to the cells of a file: texts are normalized before formats are applied to them, and behind both defaults are filled in.
 * Whatever is changed in a row is logged.
 */
import { Normalize, type Source } from "@waybill/core"
import * as IssueColumn from "../IssueColumn.ts"
import { type Change, ColumnFormats, type Readers } from "./ColumnFormats.ts"
import type { Definition } from "./ProfileSchema.ts"

/** Changes the texts of a row, which is the `row`th of its page, and adds what was changed. */
export type PrepareRow = (cells: Array<unknown>, row: number, changes: Array<Change>) => void

/** Makes it for a table, once its columns are known. */
export type Prepare = (columns: ReadonlyArray<string>) => PrepareRow

type Rule = NonNullable<Definition["normalizations"]>[number]

const ruleOf = ({ columns, rule, words }: Rule): Normalize.Normalization =>
  rule === "empty" ? Normalize.empty(words, columns ?? null) : Normalize[rule](columns ?? null)

/** The normalizations of a profile; `undefined` where it has none. None of them remembers a cell, so reading can begin anywhere. */
export const normalizing = ({ normalizations = [] }: Definition): Prepare | undefined => {
  if (normalizations.length === 0) return undefined
  const rules = normalizations
    .map(ruleOf)
    .map(({ columns, rule, start }) => ({ columns, rule: `profile.${rule}`, cell: start() }))
  return (columns) => {
    const steps = columns.map((column) =>
      IssueColumn.is(column) ? [] : rules.filter((rule) => rule.columns === null || rule.columns.includes(column)),
    )
    return (cells, row, changes) => {
      const width = Math.min(cells.length, columns.length)
      for (let at = 0; at < width; at++) {
        for (const { cell, rule } of steps[at]!) {
          const before = cells[at]
          if (typeof before !== "string" || before === "") break
          const after = cell(before) ?? ""
          if (after === before) continue
          cells[at] = after
          changes.push({ row, column: columns[at]!, rule, before, after })
        }
      }
    }
  }
}

const isEmpty = (cell: unknown): boolean =>
  cell === null || cell === undefined || (typeof cell === "string" && cell.trim() === "")

/** What is done to the pages of a reading, one after the other. */
export type PreparePage = (page: Source.Page) => Source.Page

/**
 * Fills the defaults of a profile into pages, and into those of a workbook (whose source knows neither) also what its normalizations and formats make
 * of texts. Made once for each reading; `isStart` says that its first page is that of the file.
 */
export const pages = (definition: Definition, readers: Readers, isStart: boolean): PreparePage => {
  const isTable = definition.kind === "xlsx"
  const prepare = isTable ? normalizing(definition) : undefined
  const choices = readers.map(({ given }) => (given === "detect" ? "" : given))
  const defaults = Object.entries(definition.defaults ?? {})
  let first = isStart
  return (page) => {
    const columns = page.columns!
    const rows = page.rows as ReadonlyArray<Array<unknown>>
    const present = defaults.flatMap(([column, value]) => {
      const at = columns.indexOf(column)
      return at < 0 ? [] : [{ column, value, at }]
    })
    const absent = defaults.filter(([column]) => !columns.includes(column))
    const texts = prepare?.(columns)
    const formats = isTable && readers.length > 0 ? new ColumnFormats(readers, choices, columns, "xlsx") : undefined
    const changes: Array<Source.PageChange> = []
    const made: Array<Change> = []
    const issues: Array<Source.PageIssue> = []
    for (let row = 0; row < rows.length; row++) {
      const cells = rows[row]!
      texts?.(cells, row, made)
      formats?.apply(cells, row, made, issues)
      if (made.length > 0) changes.push(...made.splice(0))
      // a row of a CSV that is short is an error of its own: where a cell is missing, nobody knows which
      if (defaults.length === 0 || (!isTable && cells.length < columns.length)) continue
      while (cells.length < columns.length) cells.push(null)
      for (const { at, column, value } of present) {
        const before = cells[at]
        if (!isEmpty(before)) continue
        cells[at] = value
        changes.push({ row, column, rule: "profile.default", before: typeof before === "string" ? before : null, after: value })
      }
      // before what is to the right of the header, which keeps its place behind the columns
      if (absent.length > 0) cells.splice(columns.length, 0, ...absent.map(([, value]) => value))
    }
    const notices = first ? [...(formats?.notices ?? []), ...absent.map(added)] : []
    first = false
    return {
      ...page,
      columns: [...columns, ...absent.map(([column]) => column)],
      issues: issues.length === 0 ? page.issues : inOrder([...page.issues, ...issues]),
      ...(changes.length > 0 ? { changes: inOrder([...(page.changes ?? []), ...changes]) } : {}),
      ...(notices.length > 0 ? { notices: [...(page.notices ?? []), ...notices] } : {}),
    }
  }
}

const added = ([column, value]: readonly [string, string]) => ({
  code: "profile.default",
  message: `There is no column ${JSON.stringify(column)}; the profile says that it is ${JSON.stringify(value)} in every row.`,
})

// row by row; of one row, in the order in which it was looked at
const inOrder = <A extends { readonly row: number }>(found: Array<A>): ReadonlyArray<A> =>
  found.sort((one, other) => one.row - other.row)
