/** A cursor: the greatest ID so far, how many pages it took, and whether that was the end. */
import type { Source } from "@waybill/core"

/** A position between two pages. */
export interface Position {
  readonly after: number
  readonly pages: number
  readonly done: boolean
}

/** Before the first page. */
export const start: Position = { after: 0, pages: 0, done: false }

/** The position as JSON. */
export const toCursor = ({ after, done, pages }: Position): Source.Cursor => ({ after, pages, ...(done ? { done } : {}) })

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** The position that a cursor tells, or `undefined` where it is none of this source. */
export const fromCursor = (cursor: Source.Cursor): Position | undefined => {
  if (typeof cursor !== "object" || cursor === null || Array.isArray(cursor)) return undefined
  const { after, done, pages } = cursor as { readonly [key: string]: unknown }
  return isCount(after) && isCount(pages) ? { after, pages, done: done === true } : undefined
}
