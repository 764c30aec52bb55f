/**
 * The issue column is what reports add to a partner's rows, to say what is wrong with each. Sources leave it out when they read, so that a report
 * that was corrected can be uploaded as it is.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import { fold } from "./Headers.ts"
import { unquoted } from "./internal/formulaText.ts"

/** The header of the issue column. Whatever a file has in a column of this name is not read. */
export const header = "Waybill issues"

/** Whether a header is that of the issue column, in any case and with blanks around it. */
export const is = (name: string): boolean => fold(name) === fold(header)

/** The name of the cell that marks a report workbook, and where its rows begin that can be imported again. */
export const dataName = "Waybill.Data"

/**
 * A page without its issue column. Cells of a CSV that a report kept from being taken for formulas are as they were before.
 */
export const leaveOut = (page: Source.Page, isCsv: boolean): Source.Page => {
  const at = page.columns?.findIndex(is) ?? -1
  if (at < 0) return page
  const columns = page.columns!
  const without = <A>(cells: ReadonlyArray<A>): ReadonlyArray<A> => cells.filter((_, position) => position !== at)
  const rows = (page.rows as ReadonlyArray<ReadonlyArray<unknown>>).map((cells) => {
    const kept = without(cells)
    return isCsv ? kept.map((cell) => (typeof cell === "string" ? unquoted(cell) : cell)) : kept
  })
  const issues = page.issues.filter((issue) => issue.column !== columns[at])
  const release = (): void => {
    rows.length = 0
    page.release?.()
  }
  return { ...page, columns: without(columns), rows, issues, release }
}
