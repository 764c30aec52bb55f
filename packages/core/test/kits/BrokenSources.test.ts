/**
 * Each law of a source is there for something: a source that breaks it, and nothing else, fails it and no other.
 */
import { Source } from "@waybill/core"
import { SourceSuite } from "@waybill/core/testing"
import { Effect, Stream } from "effect"
import { expect, test } from "vitest"
import { broken, harnessOf, rows, secret, sourceOf } from "./sources.ts"
import { brokenOf } from "./telling.ts"

// changes each page, by its number in the read
const paging = (
  source: Source.Source,
  change: (page: Source.Page, from: Source.Cursor | null) => Source.Page,
): Source.Source => ({
  ...source,
  read: (from) => Stream.map(source.read(from), (page) => change(page, from)),
})
const identifying = (source: Source.Source, change: (identity: Source.Identity) => Source.Identity): Source.Source => ({
  ...source,
  identify: Effect.map(source.identify, change),
})

let asked = 0
// a cell that is no text, number or boolean
const dated = rows.map(([sku]) => [sku, new Date(0), 1])

const brokenSources: Readonly<Record<string, SourceSuite.Harness>> = {
  "a source says the same of itself each time": harnessOf((source) =>
    identifying(source, (identity) => ({ ...identity, details: { asked: asked++ } })),
  ),
  "what a source says of itself can be kept with a job": harnessOf((source) =>
    identifying(source, (identity) => ({ ...identity, details: { at: new Date(0) } as never })),
  ),
  // hashes how many there are
  "the hash changes when a byte of the input does": harnessOf((source) =>
    identifying(source, (identity) => ({ ...identity, sha256: "a".repeat(64) })),
  ),
  // trims
  "the rows of the input are delivered in their order": harnessOf((source) =>
    paging(source, (page) => ({ ...page, rows: page.rows.map((row) => (row as ReadonlyArray<unknown>).map((it) => it ?? "")) })),
  ),
  // counts the header, as no other reader of the file does
  "each row has the ref by which a person finds it": harnessOf((source) =>
    paging(source, (page) => ({ ...page, labels: page.labels.map((label) => (label as number) + 1) })),
  ),
  "every read gives the same pages": harnessOf((source) =>
    paging(source, (page) => ({ ...page, notices: [{ code: "test.read", message: `read ${asked++}` }] })),
  ),
  // a reader that all reads share: while one is under way another one gets the page after
  "two reads at once do not disturb each other": harnessOf((source) => {
    let reading = 0
    return {
      ...source,
      read: (from) =>
        Stream.unwrap(
          Effect.map(
            Effect.acquireRelease(
              Effect.sync(() => ++reading),
              () => Effect.sync(() => void reading--),
            ),
            (others) => (others > 1 ? Stream.drop(source.read(from), 1) : source.read(from)),
          ),
        ),
    }
  }),
  // goes on in another order
  "reading goes on from every cursor with exactly the rest": harnessOf((source) =>
    paging(source, (page, from) => (from === null ? page : { ...page, rows: page.rows.toReversed() })),
  ),
  // counts from where it began
  "a row has the same ref wherever reading began": harnessOf((source) =>
    paging(source, (page, from) => ({
      ...page,
      labels: page.labels.map((label) => (label as number) - ((from as number) ?? 0)),
    })),
  ),
  // has a member that JSON leaves out
  "a cursor is JSON": harnessOf((source) => ({
    ...source,
    read: (from) => {
      const after = (from as { readonly after?: number } | null)?.after
      return Stream.map(source.read(after ?? from), (page) => ({
        ...page,
        cursor: { after: page.cursor, before: undefined } as never,
      }))
    },
  })),
  // remembers where its cursors lead
  "a cursor is good for another process": harnessOf((source) => {
    const known = new Set<string>()
    return {
      ...source,
      read: (from) =>
        from === null || typeof from !== "number" || !Number.isSafeInteger(from) || known.has(String(from))
          ? Stream.map(source.read(from), (page) => {
              known.add(String(page.cursor))
              return page
            })
          : Stream.empty,
    }
  }),
  "a page has a row, and no more rows than were asked for": harnessOf((source) => ({
    ...source,
    read: (from) =>
      Stream.concat(
        source.read(from),
        from === null
          ? Stream.make({ columns: null, rows: [], labels: [], issues: [], cursor: 25, place: "prices" } satisfies Source.Page)
          : Stream.empty,
      ),
  })),
  // a label more than it has rows, of a row that it left out
  "each row has one label, and each page a place": harnessOf((source) =>
    paging(source, (page) => ({ ...page, labels: [...page.labels, 99] })),
  ),
  "rows are raw": harnessOf((source) => source, { open: Effect.sync(() => sourceOf(dated)), rows: dated }),
  // by its position in the file
  "an issue is about a row of its page": harnessOf((source) =>
    paging(source, (page) => ({ ...page, issues: page.issues.map((it) => ({ ...it, row: (page.labels[0] as number) - 1 })) })),
  ),
  // one array for all pages, which is emptied
  "letting go of a page takes nothing of the others": harnessOf((source) => {
    return {
      ...source,
      read: (from) => {
        let isReleased = false
        return Stream.map(source.read(from), (page) => ({
          ...page,
          rows: isReleased ? page.rows.map(() => ["", "", 0]) : page.rows,
          release: () => {
            isReleased = true
          },
        }))
      },
    }
  }),
  "a read that is broken off holds nothing": harnessOf((source, handles) => ({
    ...source,
    read: (from) =>
      Stream.onEnd(
        Stream.onStart(
          source.read(from),
          Effect.sync(() => void handles.count++),
        ),
        Effect.sync(() => void handles.count--),
      ),
  })),
  "an input without rows gives none, or the error that is declared": harnessOf((source) => source, {
    empty: Effect.succeed({
      ...sourceOf([]),
      read: () => Stream.fail(new Source.SourceError({ reason: "Malformed", message: "there is no row", isRetryable: false })),
    }),
  }),
  // begins anew
  "a cursor of nobody's is turned down": harnessOf((source) => ({
    ...source,
    read: (from) => source.read(typeof from === "number" && Number.isSafeInteger(from) ? from : null),
  })),
  "what goes wrong is a SourceError with its reason": harnessOf((source) => source, {
    broken: [{ ...broken("the server is busy", "Busy", true), isRetryable: false }],
  }),
  "no secret is told": harnessOf((source) => source, {
    broken: [broken("the key is refused", "Refused", false, `prices.example?key=${secret} answered 403`)],
  }),
}

test("every law has its broken source", () => {
  expect(Object.keys(brokenSources).sort()).toEqual(
    SourceSuite.laws(harnessOf())
      .map(({ name }) => name)
      .sort(),
  )
})

test("the source that they are made of breaks none, and no law is waived for it", async () => {
  const laws = SourceSuite.laws(harnessOf())
  expect(laws.filter(({ waived }) => waived !== undefined)).toEqual([])
  expect(await brokenOf(laws, (check) => check)).toEqual([])
})

test.each(Object.entries(brokenSources))("broken alone: %s", async (name, harness) => {
  expect(await brokenOf(SourceSuite.laws(harness), (check) => check)).toEqual([name])
})
