/**
 * A bookmark: the moment up to which all updates of stations were given, by the server's clock, as ISO text.
 *
 * It is the earlier of two moments that the server tells. The time of its first answer: what is updated later may be missed, since pages
 * are read by ID. And the latest `DateLastStatusUpdate` of all: the server answers from a cache that may be hours behind its database
 * (openchargemap/ocm-system, `CacheProviderMongoDB`), and what it has not yet is no earlier than what it has. A future date, which data can
 * hold by mistake, so never counts.
 */
import type { Source } from "@waybill/core"
import { fromCursor } from "./cursor.ts"

/** See {@link Source.Incremental}. A server that does not tell the time gives no bookmark; one that gave nothing leaves it where it is. */
export const reached = (cursor: Source.Cursor | null, from: Source.Bookmark | null): Source.Bookmark | null => {
  const position = cursor === null ? undefined : fromCursor(cursor)
  if (position?.began === undefined) return from
  const { began, latest = began } = position
  // ISO texts of one form sort as their moments do
  const [moment] = [began, latest].sort()
  // an overlap leads back, a bookmark does not
  return typeof from === "string" && from > moment! ? from : moment!
}
