/**
 * A source of one's own: files of newline-delimited JSON, an object a line.
 */
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { basename } from "node:path"
import { Source } from "@waybill/core"
import { Effect, Stream } from "effect"

/** What {@link ndjsonSource} takes. */
export interface Options {
  readonly file: string
  /** Rows in a page; 500 by default. */
  readonly pageRows?: number
}

const fail = (reason: Source.Reason, message: string): Source.SourceError =>
  new Source.SourceError({ reason, message, isRetryable: false })

/** A source of the objects of a file; a row's label is its line number, the cursor the number of lines before the next page. */
export const ndjsonSource = ({ file, pageRows = 500 }: Options): Source.Source => {
  const place = basename(file)
  const bytes = Effect.tryPromise({
    try: () => readFile(file),
    catch: () => fail("NotFound", `${place} cannot be read`),
  })
  const parsed = (line: string, number: number): Effect.Effect<unknown, Source.SourceError> =>
    Effect.try({ try: () => JSON.parse(line) as unknown, catch: () => fail("Malformed", `${place}:${number} is not JSON`) })
  const page = (lines: ReadonlyArray<string>, first: number): Effect.Effect<Source.Page, Source.SourceError> =>
    Effect.map(
      Effect.forEach(lines, (line, at) => parsed(line, first + at + 1)),
      (rows) => ({
        columns: null,
        rows,
        place,
        labels: rows.map((_, at) => first + at + 1),
        cursor: first + rows.length,
        issues: [],
      }),
    )
  return {
    kind: "ndjson",
    identify: Effect.map(bytes, (all) => ({
      name: place,
      sha256: createHash("sha256").update(all).digest("hex"),
      bytes: all.length,
      details: {},
    })),
    read: (from) => {
      const start = from ?? 0
      if (typeof start !== "number" || !Number.isSafeInteger(start) || start < 0)
        return Stream.fail(fail("Malformed", `${place}: the cursor is not one of this source`))
      return Stream.unwrap(
        Effect.map(bytes, (all) => {
          const lines = all
            .toString("utf8")
            .trimEnd()
            .split("\n")
            .filter((line) => line !== "")
          const starts = Array.from(
            { length: Math.ceil(Math.max(0, lines.length - start) / pageRows) },
            (_, at) => start + at * pageRows,
          )
          return Stream.mapEffect(Stream.fromIterable(starts), (first) => page(lines.slice(first, first + pageRows), first))
        }),
      )
    },
  }
}
