/**
 * A source of rows that a test holds in its hand.
 *
 * @module
 */
import { Effect, Stream } from "effect"
import * as Fingerprint from "../Fingerprint.ts"
import { type Page, type Source, SourceError } from "../Source.ts"

/** What {@link make} takes. */
export interface Options {
  /** The columns of a table; without them the rows are objects. */
  readonly columns?: ReadonlyArray<string>
  readonly rows: ReadonlyArray<unknown>
  /** Rows in a page; 100 by default. */
  readonly pageRows?: number
  /** The place in refs; `test` by default. Labels are numbers from 1. */
  readonly place?: string
  /** Whether the source has a hash, as a file has; it has not by default. */
  readonly hashed?: boolean
}

/** A source whose cursor is the number of rows before it. */
export const make = ({ columns, hashed = false, pageRows = 100, place = "test", rows }: Options): Source => ({
  kind: "test",
  identify: Effect.sync(() => ({
    name: place,
    sha256: hashed ? Fingerprint.of({ columns: columns ?? null, rows: rows as never }) : null,
    bytes: null,
    details: {},
  })),
  read: (from) => {
    if (from !== null && !(Number.isSafeInteger(from) && (from as number) >= 0))
      return Stream.fail(
        new SourceError({ reason: "Malformed", message: "the cursor is not one of a test source", isRetryable: false }),
      )
    const pages: Array<Page> = []
    for (let start = (from as number | null) ?? 0; start < rows.length; start += pageRows) {
      const some = rows.slice(start, start + pageRows)
      pages.push({
        columns: columns ?? null,
        rows: some,
        place,
        labels: some.map((_, at) => start + at + 1),
        cursor: start + some.length,
        issues: [],
      })
    }
    return Stream.fromIterable(pages, { chunkSize: 1 })
  },
})
