/**
 * Reads a mutant, and says how that ended. There are two ends that may be: pages to the last, or a `SourceError` that no second try would mend.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import { CsvSource, XlsxSource } from "@waybill/source-spreadsheet"
import { Cause, Effect, Exit, Option, Stream } from "effect"
import type { Mutant } from "./mutant.ts"

/** How it ended; `wrong` is what must not be. */
export type End =
  | { readonly end: "read"; readonly rows: number }
  | { readonly end: "refused"; readonly reason: Source.Reason; readonly message: string }
  | { readonly end: "wrong"; readonly what: string }

const isCell = (cell: unknown): boolean =>
  cell === null || typeof cell === "string" || typeof cell === "boolean" || (typeof cell === "number" && Number.isFinite(cell))

/** What is wrong with a page that a source gave; `undefined` where nothing is. */
export const contradiction = ({ columns, cursor, issues, labels, rows }: Source.Page): string | undefined => {
  if (columns === null || !columns.every((name) => typeof name === "string")) return "the page has no names of columns"
  if (rows.length !== labels.length) return `the page has ${rows.length} rows and ${labels.length} labels`
  for (const row of rows) if (!Array.isArray(row) || !row.every(isCell)) return `a row is ${JSON.stringify(row)?.slice(0, 200)}`
  for (const { code, row } of issues)
    if (!(row >= 0 && row < rows.length)) return `the issue ${code} is of row ${row} of ${rows.length}`
  const text = JSON.stringify(cursor)
  if (text === undefined || JSON.stringify(JSON.parse(text)) !== text) return "the cursor is no JSON"
  return undefined
}

/** Reads a mutant to its end. */
export const attempt = async ({ bytes, options, reader }: Pick<Mutant, "bytes" | "options" | "reader">): Promise<End> => {
  let rows = 0
  let wrong: string | undefined
  // the options are those of its reader
  const all = { ...options, bytes, name: `mutant.${reader}` } as CsvSource.Options & XlsxSource.Options
  const read = Effect.suspend(() => {
    const source = reader === "csv" ? CsvSource.make(all) : XlsxSource.make(all)
    return Stream.runForEach(source.read(null), (page) =>
      Effect.sync(() => {
        wrong ??= contradiction(page)
        rows += page.rows.length
        page.release?.()
      }),
    )
  })
  const exit = await Effect.runPromiseExit(read)
  if (wrong !== undefined) return { end: "wrong", what: wrong }
  if (Exit.isSuccess(exit)) return { end: "read", rows }
  const error = Cause.findErrorOption(exit.cause)
  if (Cause.hasDies(exit.cause) || Option.isNone(error)) return { end: "wrong", what: Cause.pretty(exit.cause) }
  const { isRetryable, message, reason } = error.value
  // the bytes are in memory: there is nothing that a second try could change
  if (isRetryable) return { end: "wrong", what: `${reason} may be tried again: ${message}` }
  return { end: "refused", reason, message }
}
