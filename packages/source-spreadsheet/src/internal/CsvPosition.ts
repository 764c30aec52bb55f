/**
 * A position in a CSV file, just after a page: the cursor of a CSV source. It holds all that was decided of the file, so that
 * nothing is decided anew in its midst.
 */
import type { Source } from "@waybill/core"
import { type Choice, choices } from "./ColumnFormats.ts"
import { type Dialect, fromList, toList } from "./CsvDialect.ts"
import { type Codepage, isCodepage } from "./Encoding.ts"
import { isCount, isListOf, isText } from "./Shape.ts"

/** See the file's first sentence. */
export interface CsvPosition {
  /** Byte offset of the next row. */
  readonly offset: number
  /** Its row number. */
  readonly row: number
  readonly encoding: Codepage
  readonly dialect: Dialect
  readonly commentCells: number
  /** How the columns that have a format are read, in the order of the formats. */
  readonly choices: ReadonlyArray<Choice>
  readonly columns: ReadonlyArray<string>
  /** Columns without a name that have had no data yet. */
  readonly unnamed: ReadonlyArray<number>
  /** Rows of nothing but delimiters so far, and the number of the first; then the same of comments. Told at the end. */
  readonly left: ReadonlyArray<number>
  /** Whether the row before ended in another way than rows do. */
  readonly isOdd: boolean
}

/** The position that a cursor holds; `undefined` where it is not one of a CSV source. */
export const fromCursor = (cursor: Source.Cursor): CsvPosition | undefined => {
  if (typeof cursor !== "object" || cursor === null || Array.isArray(cursor)) return undefined
  const it = cursor as { readonly [key: string]: Source.Cursor }
  const { offset, row, encoding, columns, unnamed, left, odd, comment, formats } = it
  const dialect = fromList(it["dialect"])
  return isCount(offset) &&
    isCount(row) &&
    isCodepage(encoding) &&
    dialect !== undefined &&
    isCount(comment) &&
    isListOf(isText)(formats) &&
    formats.every((choice) => choices.includes(choice)) &&
    isListOf(isText)(columns) &&
    isListOf(isCount)(unnamed) &&
    isListOf(isCount)(left) &&
    left.length === 4 &&
    typeof odd === "boolean"
    ? {
        offset,
        row,
        encoding,
        dialect,
        commentCells: comment,
        choices: formats as ReadonlyArray<Choice>,
        columns,
        unnamed,
        left,
        isOdd: odd,
      }
    : undefined
}

/** The cursor of a position. */
export const toCursor = (position: CsvPosition): Source.Cursor => ({
  offset: position.offset,
  row: position.row,
  encoding: position.encoding,
  dialect: toList(position.dialect),
  comment: position.commentCells,
  formats: position.choices,
  columns: position.columns,
  unnamed: position.unnamed,
  left: position.left,
  odd: position.isOdd,
})
