/**
 * Writes a table as CSV by the dialect it is told, and nothing of what the reader thinks of it.
 *
 * @module
 */

/** How a table is written. */
export interface Dialect {
  readonly delimiter: string
  readonly end: string
  readonly quote: string
  readonly escape: "doubled" | "backslash"
}

/** What is usual. */
export const usual: Dialect = { delimiter: ",", end: "\n", quote: '"', escape: "doubled" }

const cellOf = (text: string, { delimiter, escape: escapes, quote }: Dialect): string => {
  const escaped =
    escapes === "doubled"
      ? text.replaceAll(quote, quote + quote)
      : text.replace(/["'\\]/g, (it) => (it === quote || it === "\\" ? `\\${it}` : it))
  const isPlain = escaped === text && !text.includes(delimiter) && !/[\r\n]/.test(text)
  return isPlain ? text : quote + escaped + quote
}

/** The text of a table, its last row ended. */
export const textOf = (rows: ReadonlyArray<ReadonlyArray<string>>, dialect: Dialect = usual): string =>
  rows.map((row) => row.map((text) => cellOf(text, dialect)).join(dialect.delimiter) + dialect.end).join("")
