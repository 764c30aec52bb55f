/**
 * Rules look at decoded rows: at one (`check`), or across all rows of an import (`unique`). What they find is an issue.
 *
 * That keys are not repeated with differing content and that references lead somewhere needs no rule: the engine sees to it.
 *
 * @module
 */
import type { Severity } from "./Issue.ts"

/** What a rule found in a row. */
export interface Finding {
  readonly column?: string
  readonly message: string
  readonly value?: unknown
}

/** A rule. `start` makes one for a run: what it returns is called once for each decoded row, in the order of the source. */
export interface Rule<Row> {
  /** Stable; becomes the code of its issues as `rule.<code>`. */
  readonly code: string
  readonly severity: Severity
  readonly start: () => (row: Row, ref: () => string) => ReadonlyArray<Finding>
}

/** A rule about one row: returns what is wrong, or nothing. */
export const check = <Row>(
  code: string,
  look: (row: Row) => Finding | string | undefined,
  severity: Severity = "error",
): Rule<Row> => ({
  code,
  severity,
  start: () => (row) => {
    const found = look(row)
    return found === undefined ? [] : [typeof found === "string" ? { message: found } : found]
  },
})

/** A rule across rows: the values of these columns together appear in one row only. Rows where all of them are empty are passed over. */
export const unique = <Row extends object>(
  code: string,
  columns: ReadonlyArray<keyof Row & string>,
  severity: Severity = "error",
): Rule<Row> => ({
  code,
  severity,
  start: () => {
    const seen = new Map<string, string>()
    return (row, ref) => {
      const values = columns.map((column) => row[column] ?? null)
      if (values.every((value) => value === null)) return []
      const key = JSON.stringify(values)
      const first = seen.get(key)
      if (first === undefined) {
        seen.set(key, ref())
        return []
      }
      return [
        { column: columns[0]!, message: `expected a value that no other row has; ${first} has it too`, value: values.join(", ") },
      ]
    }
  },
})
