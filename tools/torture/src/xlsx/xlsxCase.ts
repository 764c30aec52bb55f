/**
 * How cases of workbooks are written down.
 *
 * @module
 */
import type { XlsxSource } from "@waybill/source-spreadsheet"
import type { Case, Cell, Expected } from "../case.ts"
import { type Book, bookOf, data } from "./workbookWriter.ts"

/** How a case is read. */
export type XlsxOptions = Omit<XlsxSource.Options, "file" | "bytes">

/** A case of a workbook. */
export type XlsxCase = Case<XlsxOptions>

/** Names of columns for sheets without a header. */
export const letters = [..."ABCDEF"]

/** A workbook, read without a header where `options` do not say otherwise. */
export const book = (name: string, content: Book, expected: Expected, options: XlsxOptions = { headers: letters }): XlsxCase => ({
  name,
  bytes: () => bookOf(content),
  options,
  expected,
})

/** A sheet of these rows that has to give these rows, and nothing else to tell. */
export const rows = (
  name: string,
  xml: ReadonlyArray<string>,
  expected: ReadonlyArray<ReadonlyArray<Cell>>,
  content: Book = {},
  options?: XlsxOptions,
): XlsxCase => book(name, { ...content, sheet: data(...xml) }, { rows: expected, notices: [] }, options)

/** Bytes that have to be refused with a message that says all of this. */
export const refused = (
  name: string,
  bytes: () => Uint8Array,
  reason: "Malformed" | "TooLarge" | "NotFound",
  says: ReadonlyArray<string>,
  options: XlsxOptions = { headers: letters },
): XlsxCase => ({ name, bytes, options, expected: { error: { reason, says } } })
