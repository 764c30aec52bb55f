/**
 * Waybill's own readers of files: pages as the engine gets them, with labels, issues and cursors.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import { CsvSource, XlsxSource } from "@waybill/source-spreadsheet"
import { Effect, Stream } from "effect"
import type { Contender } from "../contender.ts"
import { FilesTally } from "../filesTally.ts"

const read = async (source: Source.Source) => {
  const tally = new FilesTally(false)
  await Effect.runPromise(
    Stream.runForEach(source.read(null), (page) =>
      Effect.sync(() => {
        for (const row of page.rows) tally.row(row as ReadonlyArray<unknown>)
        page.release?.()
      }),
    ),
  )
  return tally.outcome()
}

/** CSV. */
export const csv: Contender = ({ file }) => read(CsvSource.make({ file }))

/** XLSX. */
export const xlsx: Contender = ({ file }) => read(XlsxSource.make({ file }))
