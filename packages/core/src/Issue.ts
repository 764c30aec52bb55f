/**
 * An issue is what is wrong with a row: a value that is kept with the job, never an exception.
 *
 * @module
 */

/** How bad an issue is: an `error` rejects its row, a `warning` does not. */
export type Severity = "error" | "warning"

/**
 * One thing that is wrong with one row, or with one cell of it.
 *
 * `code` is stable and meant for machines (`cell.integer`, `key.conflict`, `reference.missing`); `message` is for people and
 * says what would be right. `value` is the offending value as text, cut to 200 characters.
 */
export interface Issue {
  readonly severity: Severity
  readonly code: string
  /** Where a person finds the row again, e.g. `prices.xlsx!Prices:14`; see {@link "./Ref.ts"}. `null` for the whole input. */
  readonly ref: string | null
  /** The entity the issue is about, where the row has more than one. */
  readonly entity: string | null
  /** The column of the source (or the field of the entity) it is about. */
  readonly column: string | null
  readonly message: string
  readonly value: string | null
}

const excerptLength = 200

const own = (text: string): string => Buffer.from(text, "utf16le").toString("utf16le")

/** The text that an issue shows of a value: strings as they are, anything else as JSON, cut to 200 characters. */
export const excerpt = (value: unknown): string | null => {
  if (value === undefined || value === null) return null
  const text = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value)
  // a copy of its own: a cell may be cut out of its page's text, which the issue would keep in memory as long as the job runs
  return text.length > excerptLength ? `${own(text.slice(0, excerptLength))}…` : own(text)
}

/** Makes an issue; what is left out is `null`, and the severity is `error`. */
export const make = (
  issue: Pick<Issue, "code" | "message"> & Partial<Omit<Issue, "value">> & { readonly value?: unknown },
): Issue => ({
  severity: issue.severity ?? "error",
  code: issue.code,
  ref: issue.ref ?? null,
  entity: issue.entity ?? null,
  column: issue.column ?? null,
  message: issue.message,
  value: excerpt(issue.value),
})
