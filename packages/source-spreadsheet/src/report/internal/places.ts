/**
 * Where an issue is, as a person looks for it: sheet or file, row, column.
 */
import { type Issue, type Job, Ref } from "@waybill/core"

/** A place and a row of it; both are empty for an issue of the whole input. */
export interface Place {
  readonly sheet: string
  readonly row: string | number | null
}

/** The sheet (of a file without sheets: the file) and row of a ref. */
export const placeOf = (job: Job.Job, ref: string | null): Place => {
  if (ref === null) return { sheet: "", row: null }
  const name = job.source.name
  // the whole of a file or sheet, which notices are about
  if (ref === name || (ref.startsWith(`${name}!`) === false && ref.indexOf(":") < 0)) return { sheet: ref, row: null }
  const parsed = Ref.parse(ref)
  if (parsed === undefined) return { sheet: sheetOf(name, ref), row: null }
  return { sheet: sheetOf(name, parsed.place), row: parsed.label }
}

const sheetOf = (name: string, place: string): string => (place.startsWith(`${name}!`) ? place.slice(name.length + 1) : place)

/** The issues of one row as a person reads them beside it, a line each. */
export const sentence = (issues: ReadonlyArray<Issue.Issue>, separator = "\n"): string =>
  issues
    .map(({ code, column, message, severity }) => {
      const about = column === null ? "" : `${column}: `
      return `${severity === "warning" && code !== "row.rejected" ? "warning: " : ""}${about}${message}`
    })
    .join(separator)
