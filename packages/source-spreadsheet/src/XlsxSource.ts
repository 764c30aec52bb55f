/**
 * A source of rows from XLSX workbooks: one sheet, with a header.
 *
 * A row is an array of cells in the order of the columns: text, number, boolean or `null`; dates and times are ISO text. Its
 * label is the sheet's row number, its place file and sheet (`prices.xlsx!Prices`). Formulas give their saved result. A cell that
 * shows an error, or a formula without a saved result, is an issue of its row (`xlsx.error-cell`, `xlsx.no-cached-value`), and the row is
 * delivered with that cell empty. Empty rows are left out. A file that is damaged, encrypted or no workbook is `Malformed`.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import { Stream } from "effect"
import * as Headers from "./Headers.ts"
import { malformed, missing } from "./internal/classifyError.ts"
import * as Input from "./internal/Input.ts"
import { openWorkbook, type Sheet, type Workbook } from "./internal/Workbook.ts"
import { type Settings, XlsxPager } from "./internal/XlsxPager.ts"
import { fromCursor, type XlsxPosition } from "./internal/XlsxPosition.ts"

/** What {@link make} takes: `file` or `bytes`, and how to read them. */
export interface Options extends Input.Location {
  /** The sheet's name, or its position from 0 (hidden ones count); the first that is not hidden by default. */
  readonly sheet?: string | number
  /** The number of the row that holds the header; the first that is not empty by default. */
  readonly headerRow?: number
  /** The names of the columns, for a sheet without a header. */
  readonly headers?: ReadonlyArray<string>
  /** Other names that columns have in the header. */
  readonly aliases?: Headers.Aliases
  /** Rows in a page; 2,000 by default. */
  readonly pageRows?: number
  /** Most bytes that one part of the workbook (a sheet, the table of texts) may have when unpacked; 512 MiB by default. */
  readonly maxEntryBytes?: number
}

type Reading = Omit<Settings, "place" | "sheet"> & {
  readonly choice: string | number | undefined
  readonly maxEntryBytes: number
}

/** An XLSX source. Options that contradict each other are a defect, thrown here. */
export const make = (options: Options): Source.Source => {
  const input = Input.make(options, "input.xlsx")
  if (options.headers !== undefined && options.headerRow !== undefined) {
    throw new TypeError("an XLSX source takes either `headers` or `headerRow`")
  }
  const reading: Reading = {
    choice: options.sheet,
    headerRow: options.headerRow,
    headers: Headers.given(options.headers),
    columnOf: Headers.lookup(options.aliases ?? {}),
    pageRows: options.pageRows ?? 2_000,
    maxEntryBytes: options.maxEntryBytes ?? 512 * 1024 * 1024,
  }
  return {
    kind: "xlsx",
    identify: Input.identify(input),
    read: (from) => {
      if (from === null) return Input.pagesOf(input.name, () => pages(input, reading, undefined))
      const position = fromCursor(from)
      if (position === undefined) return Stream.fail(malformed(`${input.name}: the cursor is not one of an XLSX source`))
      return Input.pagesOf(input.name, () => pages(input, reading, position))
    },
  }
}

async function* pages(input: Input.Input, reading: Reading, position: XlsxPosition | undefined): AsyncGenerator<Source.Page> {
  const handle = await input.open()
  try {
    const workbook = await openWorkbook(handle, input.name, reading)
    const sheet = choose(workbook, input.name, reading.choice)
    if (position !== undefined && position.sheet !== sheet.name) {
      throw malformed(`${input.name}: the cursor is one of the sheet ${JSON.stringify(position.sheet)}`)
    }
    if (position?.ended) return
    const pager = new XlsxPager({ ...reading, place: `${input.name}!${sheet.name}`, sheet: sheet.name }, position)
    let merged: ReadonlyArray<string> = []
    for await (const some of workbook.rows(sheet)) {
      yield* pager.push(some.rows)
      if (pager.failure !== undefined) throw pager.failure
      if (some.merged.length > 0) merged = some.merged
    }
    yield* pager.finish(merged)
    if (pager.failure !== undefined) throw pager.failure
  } finally {
    await handle.close()
  }
}

const choose = ({ sheets }: Workbook, name: string, choice: string | number | undefined): Sheet => {
  const sheet =
    choice === undefined
      ? sheets.find((candidate) => !candidate.isHidden)
      : typeof choice === "number"
        ? sheets[choice]
        : sheets.find((candidate) => candidate.name === choice)
  if (sheet !== undefined) return sheet
  const names = sheets.map((candidate) => JSON.stringify(candidate.name)).join(", ")
  const wanted = choice === undefined ? "sheet that is not hidden" : `sheet ${JSON.stringify(choice)}`
  throw missing(`${name} has no ${wanted}; it has ${names === "" ? "none" : names}`)
}
