/**
 * A position in a CSV file, just after a page: the cursor of a CSV source.
 */
import type { Source } from "@waybill/core"
import { type Delimiter, delimiters } from "./CsvDelimiter.ts"

/** See the file's first sentence. */
export interface CsvPosition {
  /** Byte offset of the next row. */
  readonly offset: number
  /** Its row number. */
  readonly row: number
  readonly delimiter: Delimiter
  readonly columns: ReadonlyArray<string>
  /** Columns without a name that have had no data yet. */
  readonly unnamed: ReadonlyArray<number>
  /** Rows of nothing but delimiters so far, and the row number of the first; told at the end. */
  readonly blank: ReadonlyArray<number>
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isListOf =
  <A>(check: (value: unknown) => value is A) =>
  (value: unknown): value is ReadonlyArray<A> =>
    Array.isArray(value) && value.every(check)

const isText = (value: unknown): value is string => typeof value === "string"

/** The position that a cursor holds; `undefined` where it is not one of a CSV source. */
export const fromCursor = (cursor: Source.Cursor): CsvPosition | undefined => {
  if (typeof cursor !== "object" || cursor === null || Array.isArray(cursor)) return undefined
  const { offset, row, delimiter, columns, unnamed, blank } = cursor as { readonly [key: string]: Source.Cursor }
  return isCount(offset) &&
    isCount(row) &&
    delimiters.includes(delimiter as Delimiter) &&
    isListOf(isText)(columns) &&
    isListOf(isCount)(unnamed) &&
    isListOf(isCount)(blank)
    ? { offset, row, delimiter: delimiter as Delimiter, columns, unnamed, blank }
    : undefined
}

/** The cursor of a position. */
export const toCursor = (position: CsvPosition): Source.Cursor => ({ ...position })
