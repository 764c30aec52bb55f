/**
 * A workbook is what is found in an XLSX file: its sheets, and their rows, some at a time. Whatever else reads workbooks can take the
 * place of {@link openWorkbook} by giving the same things.
 */
import type { Notice } from "../Headers.ts"
import * as IssueColumn from "../IssueColumn.ts"
import type { Handle } from "./Input.ts"
import { SharedTexts } from "./SharedText.ts"
import type { RawRow } from "./SheetRow.ts"
import { SheetScanner } from "./SheetScanner.ts"
import { refuseCompound, refuseOthers, unread } from "./WorkbookKind.ts"
import { type Archive, scan, scanning, scanOptional } from "./WorkbookPart.ts"
import { isKind, partOf, type Relation, Relations } from "./WorkbookRelations.ts"
import { WorkbookStyles } from "./WorkbookStyles.ts"
import { beyond, type Failure, type XlsxLimits } from "./XlsxLimits.ts"
import { attributes, decode, type Visitor } from "./Xml.ts"
import { openZip } from "./Zip.ts"

/** A sheet of cells. */
export interface Sheet {
  readonly name: string
  readonly isHidden: boolean
  readonly part: string
}

/** Some rows of a sheet, and what is known of all of it by now. */
export interface SheetRows {
  readonly rows: ReadonlyArray<RawRow>
  /** The areas of merged cells; known at the end. */
  readonly merged: ReadonlyArray<string>
  /** First and last positions of hidden columns; known from the start. */
  readonly hiddenColumns: ReadonlyArray<readonly [number, number]>
}

/** What is wanted of a sheet. */
export interface Wanted {
  /** Numbers as they are shown, or as they are stored. */
  readonly asShown: boolean
  /** How many columns, as far as that is known by now. */
  readonly width: () => number
}

/** See the file's first sentence. */
export interface Workbook {
  /** In the order of their tabs. Charts and dialogs are no sheets. */
  readonly sheets: ReadonlyArray<Sheet>
  /** Where it is a report of ours: the sheet with the rows that can be imported again, which has its header in row 1. */
  readonly reported: Sheet | undefined
  /** What it holds that is not read. */
  readonly notices: ReadonlyArray<Notice>
  /** The rows of a sheet. */
  readonly rows: (sheet: Sheet, wanted: Wanted) => AsyncIterable<SheetRows>
  /** The areas of merged cells of a sheet, which come after its rows: reads all of it. */
  readonly merged: (sheet: Sheet) => Promise<ReadonlyArray<string>>
}

/** Opens a workbook: reads what it holds, but no cells. */
export const openWorkbook = async (handle: Handle, name: string, limits: XlsxLimits): Promise<Workbook> => {
  await refuseCompound(handle, name)
  const archive: Archive = { zip: await openZip(handle, name, limits), name, limits }
  const main = (await relations(archive, "")).find((relation) => isKind(relation, "officeDocument"))
  const part = main?.target ?? "xl/workbook.xml"
  refuseOthers(archive.zip, name, part)
  const listing = new Listing(limits)
  await scan(archive, part, listing, "otherBytes")
  const related = await relations(archive, part)
  const sheets = listing.sheets.flatMap(({ name, isHidden, id }) => {
    const found = related.find((relation) => relation.id === id)
    return found !== undefined && isKind(found, "worksheet") ? [{ name, isHidden, part: found.target }] : []
  })
  const only = (kind: string): string | undefined => related.find((relation) => isKind(relation, kind))?.target
  const links = related.filter((relation) => isKind(relation, "externalLink")).length
  return {
    sheets,
    reported: sheets.find((sheet) => sheet.name === listing.reported),
    notices: unread(archive.zip, only("vbaProject") !== undefined, links),
    rows: async function* (sheet, { asShown, width }) {
      const texts = new SharedTexts(limits)
      const styles = new WorkbookStyles()
      await scanOptional(archive, only("sharedStrings"), texts, "sharedTextBytes")
      await scanOptional(archive, only("styles"), styles, "otherBytes")
      const shared = { texts: texts.table, styles: styles.styles, is1904: listing.is1904, asShown }
      const scanner = new SheetScanner(shared, limits)
      const { hiddenColumns } = scanner
      for await (const _ of scanning(archive, sheet.part, scanner, "sheetBytes", `${name}!${sheet.name}`)) {
        const rows = scanner.take(width())
        if (rows.length > 0) yield { rows, merged: [], hiddenColumns }
      }
      yield { rows: [], merged: scanner.merged, hiddenColumns }
    },
    merged: async (sheet) => {
      const areas = new MergedAreas(limits)
      for await (const _ of scanning(archive, sheet.part, areas, "sheetBytes", `${name}!${sheet.name}`));
      return areas.found
    },
  }
}

const relations = async (archive: Archive, of: string): Promise<ReadonlyArray<Relation>> => {
  const reader = new Relations(of)
  await scanOptional(archive, partOf(of), reader, "otherBytes")
  return reader.found
}

// the sheets of workbook.xml, and which of them has the name that reports give it
class Listing implements Visitor {
  readonly sheets: Array<{ readonly name: string; readonly isHidden: boolean; readonly id: string }> = []
  is1904 = false
  failure: Failure | undefined
  private name = ""
  private inName = false

  constructor(private readonly limits: XlsxLimits) {}

  /** The sheet of the cell of that name, `'Data'!$A$1` or `Data!$A$1`. */
  get reported(): string | undefined {
    const [, quoted, plain] = /^(?:'((?:[^']|'')+)'|([^'!]+))!/.exec(this.name) ?? []
    return quoted?.replaceAll("''", "'") ?? plain
  }

  open(element: string, text: string, from: number, to: number): void {
    if (element === "definedName") {
      this.inName = this.name === "" && attributes(text, from, to).get("name") === IssueColumn.dataName
    } else if (element === "workbookPr") {
      const value = attributes(text, from, to).get("date1904")
      this.is1904 = value === "1" || value === "true"
    } else if (element === "sheet") {
      const values = attributes(text, from, to)
      const state = values.get("state")
      if (this.sheets.length >= this.limits.sheets) this.failure = beyond("has too many sheets", this.limits.sheets, "sheets")
      else {
        this.sheets.push({
          name: values.get("name") ?? "",
          isHidden: state === "hidden" || state === "veryHidden",
          id: values.get("id") ?? "",
        })
      }
    }
  }

  close(): void {
    this.inName = false
  }

  text(text: string, from: number, to: number, plain: boolean): void {
    if (this.inName && this.name.length < 1_000) this.name += plain ? text.slice(from, to) : decode(text.slice(from, to))
  }
}

// nothing but the areas of merged cells
class MergedAreas implements Visitor {
  readonly found: Array<string> = []
  failure: Failure | undefined

  constructor(private readonly limits: XlsxLimits) {}

  open(element: string, text: string, from: number, to: number): void {
    if (element !== "mergeCell") return
    if (this.found.length < this.limits.mergedAreas) this.found.push(attributes(text, from, to).get("ref") ?? "")
    else this.failure = beyond("has too many areas of merged cells", this.limits.mergedAreas, "mergedAreas")
  }

  close(): void {}

  text(): void {}
}
