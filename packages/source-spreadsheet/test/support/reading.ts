// Reading a source to its end, and finding the real inputs.
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Source } from "@waybill/core"
import { Effect, Exit, Result, Stream } from "effect"
import { describe } from "vitest"

export const pagesOf = (source: Source.Source, from: Source.Cursor | null = null): Promise<ReadonlyArray<Source.Page>> =>
  // without their way to let go of the rows, a function of each page's own
  Effect.runPromise(Stream.runCollect(Stream.map(source.read(from), ({ release: _, ...page }): Source.Page => page)))

/** The source error that reading ends with, and the pages before it. */
export const failureOf = async (
  source: Source.Source,
  from: Source.Cursor | null = null,
): Promise<{ readonly error: Source.SourceError; readonly pages: ReadonlyArray<Source.Page> }> => {
  const pages: Array<Source.Page> = []
  const result = await Effect.runPromise(
    Effect.result(Stream.runForEach(source.read(from), (page) => Effect.sync(() => void pages.push(page)))),
  )
  if (Result.isSuccess(result)) throw new Error(`reading did not fail; it gave ${pages.length} pages`)
  return { error: result.failure, pages }
}

export const identityFailure = async (source: Source.Source): Promise<Source.SourceError> => {
  const exit = await Effect.runPromiseExit(Effect.flip(source.identify))
  if (Exit.isFailure(exit)) throw new Error("identify did not fail")
  return exit.value
}

export interface Table {
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<unknown>>
  readonly labels: ReadonlyArray<Source.Page["labels"][number]>
  /** Issues as `label code column: message`. */
  readonly issues: ReadonlyArray<string>
  readonly notices: ReadonlyArray<string>
}

/** All pages as one table. */
export const tableOf = (pages: ReadonlyArray<Source.Page>): Table => ({
  columns: pages[0]?.columns ?? [],
  rows: pages.flatMap((page) => page.rows as ReadonlyArray<ReadonlyArray<unknown>>),
  labels: pages.flatMap((page) => page.labels),
  issues: pages.flatMap((page) =>
    page.issues.map((issue) => `${page.labels[issue.row]} ${issue.code} ${issue.column}: ${issue.message}`),
  ),
  notices: pages.flatMap((page) => page.notices ?? []).map((notice) => `${notice.code}: ${notice.message}`),
})

export const read = async (source: Source.Source): Promise<Table> => tableOf(await pagesOf(source))

/** The rows as objects by column. */
export const objectsOf = (table: Table): ReadonlyArray<{ readonly [column: string]: unknown }> =>
  table.rows.map((row) => Object.fromEntries(table.columns.map((column, at) => [column, row[at]])))

const dataFolder = fileURLToPath(new URL("../../../../../shared/data", import.meta.url))

/** A path among the real inputs. */
export const dataFile = (path: string): string => `${dataFolder}/${path}`

/** A suite over the real inputs; where they are not there it is skipped, and says so. */
export const describeData = (name: string, suite: () => void): void => {
  const there = existsSync(dataFolder)
  if (!there) console.log(`skipped: ${name}: the real inputs are not at ${dataFolder}`)
  describe.skipIf(!there)(name, suite)
}
