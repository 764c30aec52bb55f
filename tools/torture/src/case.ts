/**
 * A case is an input as somebody really sends it, how to read it, and what has to come of it. The expectation is written by hand or by the generator
 * that wrote the bytes, never by the reader.
 *
 * @module
 */
import type { Source } from "@waybill/core"

/** An issue of a row, as far as it is compared. */
export interface ExpectedIssue {
  /** The row's number or label. */
  readonly label: number | string
  readonly code: string
  readonly column: string | null
}

/** A cell of an expected row. */
export type Cell = string | number | boolean | null

/** What a reading gives that comes to its end. */
export interface ExpectedTable {
  readonly columns?: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<Cell>>
  readonly labels?: ReadonlyArray<number | string>
  /** Codes of all notices, in order; not compared where it is left out. */
  readonly notices?: ReadonlyArray<string>
}

/** What has to come of a case: rows without issues, rows with exactly these issues, or an error that says certain words. */
export type Expected =
  | ExpectedTable
  | (Partial<ExpectedTable> & { readonly issues: ReadonlyArray<ExpectedIssue> })
  | { readonly error: { readonly reason: Source.Reason; readonly says: ReadonlyArray<string> } }

/** See the file's first sentence. */
export interface Case<Options> {
  /** Says what is special; unique within its list. */
  readonly name: string
  /** Made anew when it is asked for: some are large. */
  readonly bytes: () => Uint8Array
  /** How it is read, without its bytes. */
  readonly options: Options
  readonly expected: Expected
}
