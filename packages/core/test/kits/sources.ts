/**
 * The harness of a test source, with handles that are counted, and sources that cannot be read.
 */
import { Source } from "@waybill/core"
import { type SourceSuite, TestSource } from "@waybill/core/testing"
import { Effect, Stream } from "effect"

const columns = ["sku", "title", "price"]
const rows = Array.from({ length: 25 }, (_, at) => [`P-${at + 1}`, at % 7 === 0 ? null : `Product ${at + 1}`, at + 0.5])

const secret = "s3cr3t-key"

/** What is held at the moment, over all sources. */
export interface Handles {
  count: number
}

/** A test source that opens a handle for each read, and says an issue of each page's first row. */
export const handled = (handles: Handles, source: Source.Source): Source.Source => ({
  ...source,
  read: (from) =>
    Stream.unwrap(
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => void handles.count++),
          () => Effect.sync(() => void handles.count--),
        ),
        () =>
          Stream.map(source.read(from), (page) => ({
            ...page,
            issues: [{ row: 0, severity: "warning" as const, code: "test.first", column: "sku", message: "it is the first" }],
          })),
      ),
    ),
})

/** A source that fails at its second page. */
export const failing = (source: Source.Source, error: Source.SourceError): Source.Source => ({
  ...source,
  read: (from) => Stream.concat(Stream.take(source.read(from), 1), Stream.fail(error)),
})

/** A test source over rows. */
export const sourceOf = (given: ReadonlyArray<ReadonlyArray<unknown>>): Source.Source =>
  TestSource.make({ columns, rows: given, pageRows: 10, place: "prices", hashed: true })

/** The harness, of a source that is broken in one way or not at all. */
export const harnessOf = (
  change: (source: Source.Source, handles: Handles) => Source.Source = (source) => source,
  more: Partial<SourceSuite.Harness> = {},
): SourceSuite.Harness => {
  const handles: Handles = { count: 0 }
  const open = (given: ReadonlyArray<ReadonlyArray<unknown>>): SourceSuite.Open =>
    Effect.sync(() => change(handled(handles, sourceOf(given)), handles))
  return {
    open: open(rows),
    rows,
    refs: rows.map((_, at) => `prices:${at + 1}`),
    pageRows: 10,
    changed: open(rows.with(3, ["P-4", "Product 5", 3.5])),
    empty: open([]),
    held: Effect.sync(() => handles.count),
    broken: [broken("the server is busy", "Busy", true), broken("the key is refused", "Refused", false)],
    secrets: [secret],
    ...more,
  }
}

/** A source that ends in an error. */
export const broken = (
  name: string,
  reason: Source.Reason,
  isRetryable: boolean,
  message = "prices.example answered 503",
): SourceSuite.Broken => ({
  name,
  reason,
  isRetryable,
  open: Effect.succeed(failing(sourceOf(rows), new Source.SourceError({ reason, message, isRetryable }))),
})

export { rows, secret }
