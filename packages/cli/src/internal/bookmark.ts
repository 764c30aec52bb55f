/**
 * A bookmark as people read it.
 */
import type { Job } from "@waybill/core"

const marked = (bookmark: unknown): string => (typeof bookmark === "string" ? bookmark : JSON.stringify(bookmark))

/** What of an incremental source was read, and where the next reading starts; empty where the source is none. */
export const bookmarkOf = ({ bookmark, status }: Job.Job): string => {
  // jobs that were stored before there were bookmarks have no such field
  if ((bookmark ?? null) === null) return ""
  const { after, from, reached } = bookmark!
  const read = from === null ? "all was read" : `read from ${marked(from)}, which job ${after} had reached`
  if (reached === null) return read
  const next = `the next reading starts from ${marked(reached)}`
  if (status === "success") return `${read}; ${next}`
  return status === "pending" || status === "running"
    ? `${read}; once this is committed, ${next}`
    : `${read}; it stays where it was`
}
