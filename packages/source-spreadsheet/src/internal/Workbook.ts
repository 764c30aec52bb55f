/**
 * A workbook is what is found in an XLSX file: its sheets, and their rows, some at a time. Whatever else reads workbooks can take the
 * place of {@link openWorkbook} by giving the same two things.
 */
import { malformed } from "./classifyError.ts"
import type { Handle } from "./Input.ts"
import * as NumberFormat from "./NumberFormat.ts"
import { SharedTexts } from "./SharedText.ts"
import { type RawRow, type Shared, SheetScanner } from "./SheetScanner.ts"
import { Utf8 } from "./Utf8.ts"
import { attributes, type Visitor, Xml } from "./Xml.ts"
import { type Entry, openZip, type Zip, type ZipLimits } from "./Zip.ts"

/** A sheet of cells. */
export interface Sheet {
  readonly name: string
  readonly isHidden: boolean
  readonly part: string
}

/** Some rows of a sheet, and the areas of merged cells that are known by now. */
export interface SheetRows {
  readonly rows: ReadonlyArray<RawRow>
  readonly merged: ReadonlyArray<string>
}

/** See the file's first sentence. */
export interface Workbook {
  /** In the order of their tabs. Charts and dialogs are no sheets. */
  readonly sheets: ReadonlyArray<Sheet>
  readonly rows: (sheet: Sheet) => AsyncIterable<SheetRows>
}

/** Opens a workbook: reads what it holds, but no cells. */
export const openWorkbook = async (handle: Handle, name: string, limits: ZipLimits): Promise<Workbook> => {
  await refuseOldKind(handle, name)
  const zip = await openZip(handle, name, limits)
  const main = (await relationships(zip, name, "")).find((relationship) => isKind(relationship, "officeDocument"))
  const part = main?.target ?? "xl/workbook.xml"
  if (zip.find(part) === undefined || !part.endsWith(".xml")) {
    throw malformed(`${name} is not a workbook of the kind .xlsx: it has no ${part.endsWith(".xml") ? part : "workbook in XML"}`)
  }
  const listing = new Listing()
  await scanPart(zip, name, part, listing)
  const related = await relationships(zip, name, part)
  const sheets = listing.sheets.flatMap(({ name, isHidden, id }) => {
    const found = related.find((relationship) => relationship.id === id)
    return found !== undefined && isKind(found, "worksheet") ? [{ name, isHidden, part: found.target }] : []
  })
  const partOf = (kind: string): string | undefined => related.find((relationship) => isKind(relationship, kind))?.target
  return {
    sheets,
    rows: async function* (sheet) {
      const texts = new SharedTexts()
      const styles = new Styles()
      await scanOptional(zip, name, partOf("sharedStrings"), texts)
      await scanOptional(zip, name, partOf("styles"), styles)
      yield* rowsOf(zip, name, sheet, { texts: texts.texts, styles: styles.styles, is1904: listing.is1904 })
    },
  }
}

async function* rowsOf(zip: Zip, name: string, sheet: Sheet, shared: Shared): AsyncGenerator<SheetRows> {
  const scanner = new SheetScanner(shared)
  for await (const _ of scanning(zip, name, sheet.part, scanner)) {
    if (scanner.failure !== undefined) throw malformed(`${name}!${sheet.name} ${scanner.failure}`)
    const rows = scanner.take()
    if (rows.length > 0) yield { rows, merged: [] }
  }
  yield { rows: [], merged: scanner.merged }
}

const refuseOldKind = async (handle: Handle, name: string): Promise<void> => {
  const start = Buffer.alloc(8)
  await handle.read(start, 0)
  if (start.readUInt32BE(0) === 0xd0cf11e0) {
    throw malformed(`${name} is encrypted or a workbook of the old kind (.xls); save it as .xlsx without a password`)
  }
}

interface Relationship {
  readonly id: string
  readonly type: string
  readonly target: string
}

// the types of transitional and strict workbooks differ in all but their last part
const isKind = (relationship: Relationship, kind: string): boolean => relationship.type.endsWith(`/${kind}`)

const relationships = async (zip: Zip, name: string, of: string): Promise<ReadonlyArray<Relationship>> => {
  const folder = of.slice(0, of.lastIndexOf("/") + 1)
  const found: Array<Relationship> = []
  await scanOptional(zip, name, `${folder}_rels/${of.slice(folder.length)}.rels`, {
    open: (element, text, from, to) => {
      if (element !== "Relationship") return
      const values = attributes(text, from, to)
      if (values.get("TargetMode") === "External") return
      found.push({
        id: values.get("Id") ?? "",
        type: values.get("Type") ?? "",
        target: resolvePath(folder, values.get("Target") ?? ""),
      })
    },
    close: () => {},
    text: () => {},
  })
  return found
}

const resolvePath = (folder: string, target: string): string => {
  const path = target.startsWith("/") ? target.slice(1) : `${folder}${target}`
  const parts: Array<string> = []
  for (const part of path.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return parts.join("/")
}

// the sheets of workbook.xml
class Listing implements Visitor {
  readonly sheets: Array<{ readonly name: string; readonly isHidden: boolean; readonly id: string }> = []
  is1904 = false

  open(element: string, text: string, from: number, to: number): void {
    if (element === "workbookPr") {
      const value = attributes(text, from, to).get("date1904")
      this.is1904 = value === "1" || value === "true"
    } else if (element === "sheet") {
      const values = attributes(text, from, to)
      const state = values.get("state")
      this.sheets.push({
        name: values.get("name") ?? "",
        isHidden: state === "hidden" || state === "veryHidden",
        id: values.get("id") ?? "",
      })
    }
  }

  close(): void {}

  text(): void {}
}

// how each cell style shows numbers
class Styles implements Visitor {
  readonly styles: Array<NumberFormat.Shown> = []
  private readonly own = new Map<number, NumberFormat.Shown>()
  private inCellFormats = false

  open(element: string, text: string, from: number, to: number): void {
    if (element === "numFmt") {
      const values = attributes(text, from, to)
      this.own.set(Number(values.get("numFmtId")), NumberFormat.ofCode(values.get("formatCode") ?? ""))
    } else if (element === "cellXfs") this.inCellFormats = true
    else if (element === "xf" && this.inCellFormats) {
      const id = Number(attributes(text, from, to).get("numFmtId") ?? 0)
      this.styles.push(this.own.get(id) ?? NumberFormat.ofBuiltin(id))
    }
  }

  close(element: string): void {
    if (element === "cellXfs") this.inCellFormats = false
  }

  text(): void {}
}

const scanOptional = async (zip: Zip, name: string, part: string | undefined, visitor: Visitor): Promise<void> => {
  if (part !== undefined && zip.find(part) !== undefined) await scanPart(zip, name, part, visitor)
}

const scanPart = async (zip: Zip, name: string, part: string, visitor: Visitor): Promise<void> => {
  for await (const _ of scanning(zip, name, part, visitor));
}

// shows a part to the visitor, and pauses after each piece
async function* scanning(zip: Zip, name: string, part: string, visitor: Visitor): AsyncGenerator<void> {
  const entry: Entry | undefined = zip.find(part)
  if (entry === undefined) throw malformed(`${name} is damaged: it has no ${part}`)
  const xml = new Xml(visitor)
  const utf8 = new Utf8()
  const check = (): void => {
    if (xml.failure !== undefined) throw malformed(`${name}: ${part} ${xml.failure}`)
  }
  for await (const block of zip.read(entry)) {
    for (const piece of utf8.pieces(block, false)) {
      if (piece.invalid) throw malformed(`${name}: ${part} is not UTF-8`)
      xml.feed(piece.text)
      check()
      yield
    }
  }
  for (const piece of utf8.pieces(Buffer.alloc(0), true)) {
    if (piece.invalid) throw malformed(`${name}: ${part} is not UTF-8`)
    xml.feed(piece.text)
  }
  xml.end()
  check()
  yield
}
