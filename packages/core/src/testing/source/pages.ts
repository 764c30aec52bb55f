/**
 * Laws about a page: its size, its form, its issues, and how it is let go of.
 */
import * as assert from "node:assert/strict"
import { Effect, Stream } from "effect"
import * as Scalar from "../../Scalar.ts"
import type { Page } from "../../Source.ts"
import { type Law, waiver } from "../Law.ts"
import type { Harness } from "./Harness.ts"
import { pagesOf, rowsOf } from "./reading.ts"

const isCell = (cell: unknown): boolean =>
  cell === null || typeof cell === "string" || typeof cell === "boolean" || (typeof cell === "number" && Number.isFinite(cell))

const checkRow = (columns: Page["columns"], row: unknown): void => {
  if (columns === null) {
    assert.equal(Scalar.jsonProblem(row), undefined)
    return
  }
  assert.ok(Array.isArray(row), "a row of a table should be an array of cells")
  for (const cell of row) assert.ok(isCell(cell), `a cell should be text, a number, a boolean or null, and is ${typeof cell}`)
}

/** See the file's first sentence. */
export const pageLaws = ({ held, open, pageRows }: Harness): ReadonlyArray<Law> => [
  {
    name: "a page has a row, and no more rows than were asked for",
    holds: "1 ≤ rows ≤ `pageRows` in every page",
    check: Effect.scoped(
      Effect.gen(function* () {
        for (const { rows } of yield* pagesOf(yield* open))
          assert.ok(rows.length >= 1 && rows.length <= pageRows, `a page has ${rows.length} rows; asked for at most ${pageRows}`)
      }),
    ),
  },
  {
    name: "each row has one label, and each page a place",
    holds: "as many labels as rows; `place` is not empty",
    check: Effect.scoped(
      Effect.gen(function* () {
        for (const { labels, place, rows } of yield* pagesOf(yield* open)) {
          // how many rows there must be is another law
          assert.equal(labels.length, rows.length)
          assert.match(place, /\S/, "the place is empty")
        }
      }),
    ),
  },
  {
    name: "rows are raw",
    holds: "with `columns` a row is an array of text, numbers, booleans and nulls; without, it is JSON",
    check: Effect.scoped(
      Effect.gen(function* () {
        for (const { columns, rows } of yield* pagesOf(yield* open)) for (const row of rows) checkRow(columns, row)
      }),
    ),
  },
  {
    name: "an issue is about a row of its page",
    holds: "`issues[i].row` is a position in `rows`, its code and message are not empty, its column is one of `columns`",
    check: Effect.scoped(
      Effect.gen(function* () {
        for (const { columns, issues, rows } of yield* pagesOf(yield* open))
          for (const { code, column, message, row } of issues) {
            assert.ok(Number.isInteger(row) && row >= 0 && row < rows.length, `row ${row} of ${rows.length}`)
            assert.match(code, /\S/)
            assert.match(message, /\S/)
            if (columns !== null && column !== null) assert.ok(columns.includes(column), `there is no column ${column}`)
          }
      }),
    ),
  },
  {
    name: "letting go of a page takes nothing of the others",
    holds: "with `release` called after each page, cells taken before and the pages after are what they are without it",
    check: Effect.scoped(
      Effect.gen(function* () {
        const source = yield* open
        const taken: Array<unknown> = []
        yield* Stream.runForEach(source.read(null), (page) =>
          Effect.sync(() => {
            for (const row of page.rows) taken.push(Array.isArray(row) ? [...row] : row)
            page.release?.()
          }),
        )
        assert.deepEqual(taken, rowsOf(yield* pagesOf(source)))
      }),
    ),
  },
  {
    name: "a read that is broken off holds nothing",
    holds: "after the first page, after an error of the reader and after all pages as many handles are held as before",
    ...(typeof held === "string" ? { waived: waiver(held)! } : {}),
    check:
      typeof held === "string"
        ? Effect.void
        : Effect.scoped(
            Effect.gen(function* () {
              const source = yield* open
              const before = yield* held
              yield* Stream.runDrain(Stream.take(source.read(null), 1))
              assert.equal(yield* held, before, "after the first page")
              yield* Effect.exit(Stream.runForEach(source.read(null), () => Effect.fail("broken off")))
              assert.equal(yield* held, before, "after an error of the reader")
              yield* Stream.runDrain(source.read(null))
              assert.equal(yield* held, before, "after all pages")
            }),
          ),
  },
]
