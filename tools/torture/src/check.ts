/**
 * Reads a case and says in what it differs from its expectation.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import { Effect, Result, Stream } from "effect"
import type { Case, Cell, ExpectedIssue } from "./case.ts"

/** Reads a case with the source that `open` makes of it; gives one line for each difference, none where all is as expected. */
export const differences = async <Options>(
  it: Case<Options>,
  open: (bytes: Uint8Array, options: Options) => Source.Source,
): Promise<ReadonlyArray<string>> => {
  const columns: Array<ReadonlyArray<string>> = []
  const rows: Array<ReadonlyArray<Cell>> = []
  const labels: Array<number | string> = []
  const issues: Array<ExpectedIssue> = []
  const notices: Array<string> = []
  const read = open(it.bytes(), it.options)
    .read(null)
    .pipe(
      Stream.runForEach((page) =>
        Effect.sync(() => {
          if (page.columns !== null) columns.push(page.columns)
          rows.push(...(page.rows as ReadonlyArray<ReadonlyArray<Cell>>))
          labels.push(...page.labels)
          for (const { row, code, column } of page.issues) issues.push({ label: page.labels[row]!, code, column })
          for (const { code } of page.notices ?? []) notices.push(code)
        }),
      ),
    )
  const result = await Effect.runPromise(Effect.result(read))
  const { expected } = it
  const found: Array<string> = []
  const compare = (what: string, is: unknown, wanted: unknown): void => {
    if (JSON.stringify(is) !== JSON.stringify(wanted)) found.push(`${what}: expected ${shown(wanted)}, found ${shown(is)}`)
  }
  if ("error" in expected) {
    if (Result.isSuccess(result)) return [`expected ${expected.error.reason}, read ${rows.length} rows`]
    compare("reason", result.failure.reason, expected.error.reason)
    for (const words of expected.error.says)
      if (!result.failure.message.includes(words)) found.push(`message: expected ${words} in: ${result.failure.message}`)
    return found
  }
  if (Result.isFailure(result)) return [`expected rows, found ${result.failure.reason}: ${result.failure.message}`]
  if (expected.columns !== undefined) for (const each of columns) compare("columns", each, expected.columns)
  if (expected.columns !== undefined && columns.length === 0) found.push("columns: no page came")
  if (expected.rows !== undefined) compare("rows", rows, expected.rows)
  if (expected.labels !== undefined) compare("labels", labels, expected.labels)
  if (expected.notices !== undefined) compare("notices", notices, expected.notices)
  compare("issues", issues, "issues" in expected ? expected.issues : [])
  return found
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 2_000 ? `${text.slice(0, 2_000)}… (${text.length} characters)` : text
}
