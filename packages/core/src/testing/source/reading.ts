/**
 * Laws about reading a source: the same rows each time, from the start and from any cursor.
 */
import * as assert from "node:assert/strict"
import { Effect, Stream } from "effect"
import * as Ref from "../../Ref.ts"
import type { Cursor, Page, Source } from "../../Source.ts"
import type { Law } from "../Law.ts"
import type { Harness } from "./Harness.ts"

/** All pages from a cursor on, each copied before its rows are let go of. */
export const pagesOf = (source: Source, from: Cursor | null = null): Effect.Effect<ReadonlyArray<Page>, unknown> =>
  Stream.runCollect(Stream.map(source.read(from), copyOf))

// without its way to let go of the rows, which is a function of each page's own
const copyOf = ({ release: _, ...page }: Page): Page => ({ ...page, rows: structuredClone(page.rows), labels: [...page.labels] })

/** The rows of pages, one after the other. */
export const rowsOf = (pages: ReadonlyArray<Page>): ReadonlyArray<unknown> => pages.flatMap((page) => page.rows)

/** The refs of pages, one after the other. */
export const refsOf = (pages: ReadonlyArray<Page>): ReadonlyArray<string> =>
  pages.flatMap((page) => page.rows.map((_, at) => Ref.make(page.place, page.labels[at]!)))

const thirdOf = (pages: ReadonlyArray<Page>): void =>
  assert.ok(pages.length >= 3, `the input should have three pages or more, and has ${pages.length}`)

/** See the file's first sentence. */
export const readingLaws = ({ open, refs, rows }: Harness): ReadonlyArray<Law> => [
  {
    name: "the rows of the input are delivered in their order",
    holds: "`read(null)` gives exactly the expected rows, over three pages or more",
    check: Effect.scoped(
      Effect.gen(function* () {
        const pages = yield* pagesOf(yield* open)
        thirdOf(pages)
        assert.deepEqual(rowsOf(pages), rows)
      }),
    ),
  },
  {
    name: "each row has the ref by which a person finds it",
    holds: "`place:label` of each row is the expected one, and no two are the same",
    check: Effect.scoped(
      Effect.gen(function* () {
        const found = refsOf(yield* pagesOf(yield* open))
        assert.deepEqual(found, refs)
        assert.equal(new Set(found).size, found.length, "two rows have the same ref")
      }),
    ),
  },
  {
    name: "every read gives the same pages",
    holds: "two reads of one source give equal pages: rows, places, labels, cursors, issues and notices",
    check: Effect.scoped(
      Effect.gen(function* () {
        const source = yield* open
        assert.deepEqual(yield* pagesOf(source), yield* pagesOf(source))
      }),
    ),
  },
  {
    name: "two reads at once do not disturb each other",
    holds: "two reads of one source, page by page in turns, give the same rows",
    check: Effect.scoped(
      Effect.gen(function* () {
        const source = yield* open
        const pairs = yield* Stream.runCollect(
          Stream.zip(Stream.map(source.read(null), copyOf), Stream.map(source.read(null), copyOf)),
        )
        for (const [one, other] of pairs) assert.deepEqual(one.rows, other.rows)
      }),
    ),
  },
  {
    name: "reading goes on from every cursor with exactly the rest",
    holds: "`read(cursor of page k)` gives the rows behind page k, for every k",
    check: Effect.scoped(
      Effect.gen(function* () {
        const source = yield* open
        const pages = yield* pagesOf(source)
        for (const [at, page] of pages.entries())
          assert.deepEqual(
            rowsOf(yield* pagesOf(source, page.cursor)),
            rowsOf(pages.slice(at + 1)),
            `from the cursor of page ${at + 1}`,
          )
      }),
    ),
  },
  {
    name: "a row has the same ref wherever reading began",
    holds: "`read(cursor of page k)` gives the refs of the rows behind page k, for every k",
    check: Effect.scoped(
      Effect.gen(function* () {
        const source = yield* open
        const pages = yield* pagesOf(source)
        for (const [at, page] of pages.entries()) {
          const rest = refsOf(yield* pagesOf(source, page.cursor))
          const expected = refsOf(pages.slice(at + 1))
          // as many as there are: how many there must be is another law
          assert.deepEqual(rest.slice(-expected.length), expected.slice(-rest.length), `from the cursor of page ${at + 1}`)
        }
      }),
    ),
  },
  {
    name: "a cursor is JSON",
    holds: "a cursor is the same after `JSON.parse(JSON.stringify(cursor))`",
    check: Effect.scoped(
      Effect.gen(function* () {
        for (const { cursor } of yield* pagesOf(yield* open)) {
          assert.notEqual(cursor, undefined, "a page has no cursor")
          assert.notEqual(cursor, null, "null is the start, no cursor")
          assert.deepStrictEqual(JSON.parse(JSON.stringify(cursor)), cursor)
        }
      }),
    ),
  },
  {
    name: "a cursor is good for another process",
    holds: "another source over the same input goes on from a cursor as the one that gave it",
    check: Effect.scoped(
      Effect.gen(function* () {
        const source = yield* open
        for (const { cursor } of yield* pagesOf(source)) {
          const kept = JSON.parse(JSON.stringify(cursor)) as Cursor
          assert.deepEqual(rowsOf(yield* pagesOf(yield* open, kept)), rowsOf(yield* pagesOf(source, kept)))
        }
      }),
    ),
  },
]
