/**
 * A position in a sheet, just after a page: the cursor of an XLSX source.
 */
import type { Source } from "@waybill/core"

/** See the file's first sentence. */
export interface XlsxPosition {
  readonly sheet: string
  /** How many rows of the sheet that have cells were read, in the order of the file. */
  readonly rows: number
  /** Whether that was the last of all, and everything was told. */
  readonly ended: boolean
  readonly columns: ReadonlyArray<string>
  /** Columns without a name that have had no data yet. */
  readonly unnamed: ReadonlyArray<number>
  /** The row of the header; 0 where there is none. */
  readonly header: number
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** The position that a cursor holds; `undefined` where it is not one of an XLSX source. */
export const fromCursor = (cursor: Source.Cursor): XlsxPosition | undefined => {
  if (typeof cursor !== "object" || cursor === null || Array.isArray(cursor)) return undefined
  const { sheet, rows, ended, columns, unnamed, header } = cursor as { readonly [key: string]: unknown }
  return typeof sheet === "string" &&
    isCount(rows) &&
    typeof ended === "boolean" &&
    Array.isArray(columns) &&
    columns.every((column) => typeof column === "string") &&
    Array.isArray(unnamed) &&
    unnamed.every(isCount) &&
    isCount(header)
    ? { sheet, rows, ended, columns, unnamed, header }
    : undefined
}

/** The cursor of a position. */
export const toCursor = (position: XlsxPosition): Source.Cursor => ({ ...position })
