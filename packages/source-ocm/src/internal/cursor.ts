/** A cursor: the greatest ID so far, how many pages it took, whether that was the end; and what bookmarks are made of. */
import type { Source } from "@waybill/core"
import { momentOf } from "./moment.ts"

/** A position between two pages. */
export interface Position {
  readonly after: number
  readonly pages: number
  readonly done: boolean
  /** The server's time with the first page, where it told one. */
  readonly began?: string
  /** The latest `DateLastStatusUpdate` so far. */
  readonly latest?: string
}

/** Before the first page. */
export const start: Position = { after: 0, pages: 0, done: false }

/** The position as JSON. */
export const toCursor = ({ after, began, done, latest, pages }: Position): Source.Cursor => ({
  after,
  pages,
  ...(done ? { done } : {}),
  ...(began === undefined ? {} : { began }),
  ...(latest === undefined ? {} : { latest }),
})

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** The position that a cursor tells, or `undefined` where it is none of this source. */
export const fromCursor = (cursor: Source.Cursor): Position | undefined => {
  if (typeof cursor !== "object" || cursor === null || Array.isArray(cursor)) return undefined
  const { after, began, done, latest, pages } = cursor as { readonly [key: string]: unknown }
  if (!isCount(after) || !isCount(pages)) return undefined
  const first = momentOf(began)
  const last = momentOf(latest)
  return {
    after,
    pages,
    done: done === true,
    ...(first === undefined ? {} : { began: first }),
    ...(last === undefined ? {} : { latest: last }),
  }
}
