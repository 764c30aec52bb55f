/**
 * A source of rows from XLSX workbooks: one sheet, with a header.
 *
 * A row is an array of cells in the order of the columns: text, number, boolean or `null`; dates and times are ISO text. Its
 * label is the sheet's row number, its place file and sheet (`prices.xlsx!Prices`). Formulas give their saved result. A cell that
 * shows an error, or a formula without a saved result, is an issue of its row (`xlsx.error-cell`, `xlsx.no-cached-value`), and the row is
 * delivered with that cell empty. Empty rows are left out. A file that is damaged, contradicts itself, is encrypted or no workbook
 * is `Malformed`; one that would use up more than {@link Limits} allow is `TooLarge`. Macros and other files that a workbook refers
 * to are never looked at; that they are there is a notice.
 *
 * A report workbook of ours is read from its sheet Data, whose header is row 1, unless `sheet` names another of its sheets.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import { Stream } from "effect"
import * as Headers from "./Headers.ts"
import { malformed, missing } from "./internal/classifyError.ts"
import * as Input from "./internal/Input.ts"
import { SheetMerges } from "./internal/SheetMerges.ts"
import { openWorkbook, type Sheet, type Workbook } from "./internal/Workbook.ts"
import { complete, defaults, type XlsxLimits } from "./internal/XlsxLimits.ts"
import { type Settings, XlsxPager } from "./internal/XlsxPager.ts"
import { fromCursor, type XlsxPosition } from "./internal/XlsxPosition.ts"

/** What a workbook may use up. */
export type Limits = XlsxLimits

/** The limits where none are given. */
export const defaultLimits: Limits = defaults

/** What becomes of what is hidden in a workbook; a notice says so in either case. */
export type Hidden = "read" | "skip"

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
  /**
   * Numbers as they are stored (`0.125`), which is the default, or the text that their formats show (`12.50%`, `00042`), as in English. Dates and
   * times are ISO text in either case.
   */
  readonly values?: "stored" | "shown"
  /** Whether only the first cell of a merged area has its value, as in the file and by default, or all its cells. */
  readonly merged?: "first" | "repeat"
  /** Hidden rows and columns, and a hidden sheet that is named: read by default. */
  readonly hidden?: { readonly rows?: Hidden; readonly columns?: Hidden; readonly sheets?: Hidden }
  /** What the workbook may use up, where it is not what {@link defaultLimits} say. */
  readonly limits?: Partial<Limits>
}

type Reading = Omit<Settings, "place" | "sheet" | "notices"> & {
  readonly choice: string | number | undefined
  readonly skipsHiddenSheets: boolean
  readonly asShown: boolean
  readonly repeatsMerged: boolean
  readonly limits: Limits
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
    skipsHiddenRows: options.hidden?.rows === "skip",
    skipsHiddenColumns: options.hidden?.columns === "skip",
    skipsHiddenSheets: options.hidden?.sheets === "skip",
    asShown: options.values === "shown",
    repeatsMerged: options.merged === "repeat",
    limits: complete(options.limits),
  }
  return {
    kind: "xlsx",
    name: input.name,
    identify: Input.identify(input),
    read: (from) => {
      if (from === null) return Input.pagesOf("xlsx", input.name, () => pages(input, reading, undefined))
      const position = fromCursor(from)
      if (position === undefined) return Stream.fail(malformed(`${input.name}: the cursor is not one of an XLSX source`))
      return Input.pagesOf("xlsx", input.name, () => pages(input, reading, position))
    },
  }
}

async function* pages(input: Input.Input, reading: Reading, position: XlsxPosition | undefined): AsyncGenerator<Source.Page> {
  const handle = await input.open()
  try {
    const workbook = await openWorkbook(handle, input.name, reading.limits)
    // LibreOffice and Excel keep the name that tells a report, whatever was corrected in it
    const isReport = workbook.reported !== undefined && !workbook.sheets.some(({ name }) => name === reading.choice)
    const sheet = isReport ? workbook.reported! : choose(workbook, input.name, reading)
    const own = isReport ? { ...reading, headers: undefined, headerRow: 1 } : reading
    if (position !== undefined && position.sheet !== sheet.name) {
      throw malformed(`${input.name}: the cursor is one of the sheet ${JSON.stringify(position.sheet)}`)
    }
    if (position?.ended) return
    const merges = reading.repeatsMerged ? new SheetMerges(await workbook.merged(sheet), reading.limits) : undefined
    const notices = [...workbook.notices, ...(isReport ? [] : hiddenSheets(workbook, sheet, reading.choice))]
    const pager = new XlsxPager({ ...own, place: `${input.name}!${sheet.name}`, sheet: sheet.name, notices }, position, merges)
    let merged: ReadonlyArray<string> = []
    for await (const some of workbook.rows(sheet, { asShown: reading.asShown, width: () => pager.width })) {
      yield* pager.push(some.rows, some.hiddenColumns)
      if (pager.failure !== undefined) throw pager.failure
      if (some.merged.length > 0) merged = some.merged
    }
    yield* pager.finish(merged)
    if (pager.failure !== undefined) throw pager.failure
  } finally {
    await handle.close()
  }
}

const namesShown = 20

const choose = ({ sheets }: Workbook, name: string, { choice, skipsHiddenSheets }: Reading): Sheet => {
  const sheet =
    choice === undefined
      ? sheets.find((candidate) => !candidate.isHidden)
      : typeof choice === "number"
        ? sheets[choice]
        : sheets.find((candidate) => candidate.name === choice)
  if (sheet !== undefined && !(skipsHiddenSheets && sheet.isHidden)) return sheet
  const names = sheets.slice(0, namesShown).map((candidate) => JSON.stringify(candidate.name.slice(0, 100)))
  const more = sheets.length > namesShown ? ` and ${sheets.length - namesShown} more` : ""
  const wanted = choice === undefined ? "sheet that is not hidden" : `sheet ${JSON.stringify(choice)}`
  const why = sheet === undefined ? "" : " that is not hidden"
  throw missing(`${name} has no ${wanted}${why}; it has ${names.length === 0 ? "none" : names.join(", ")}${more}`)
}

const hiddenSheets = ({ sheets }: Workbook, sheet: Sheet, choice: Reading["choice"]): ReadonlyArray<Headers.Notice> => {
  const code = "xlsx.hidden-sheet"
  if (sheet.isHidden) return [{ code, message: `The sheet ${JSON.stringify(sheet.name)} is hidden; it was read as others are.` }]
  const before = choice === undefined ? sheets.slice(0, sheets.indexOf(sheet)) : []
  if (before.length === 0) return []
  const names = before.slice(0, namesShown).map(({ name }) => JSON.stringify(name.slice(0, 100)))
  return [{ code, message: `Hidden sheets before ${JSON.stringify(sheet.name)} were left out: ${names.join(", ")}.` }]
}
