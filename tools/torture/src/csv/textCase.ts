/**
 * Cases whose bytes are a text in UTF-8, written out.
 *
 * @module
 */
import type { ExpectedIssue } from "../case.ts"
import type { CsvCase } from "./cases.ts"

/** A case with any expectation. */
export const text = (
  name: string,
  content: string,
  expected: CsvCase["expected"],
  options: CsvCase["options"] = {},
): CsvCase => ({
  name,
  bytes: () => Buffer.from(content),
  options,
  expected,
})

/** A case of rows without issues. */
export const rows = (
  name: string,
  content: string,
  columns: ReadonlyArray<string>,
  cells: ReadonlyArray<ReadonlyArray<string>>,
  labels: ReadonlyArray<number>,
  notices: ReadonlyArray<string>,
  options: CsvCase["options"] = {},
): CsvCase => text(name, content, { columns, rows: cells, labels, notices }, options)

/** An issue that is expected. */
export const issue = (label: number, code: string, column: string | null = null): ExpectedIssue => ({ label, code, column })
