/**
 * Marks a workbook up: changes the sheet that was read, its styles, comments and what ties these together, and copies all else.
 */
import { inflateRawSync } from "node:zlib"
import type { Source } from "@waybill/core"
import { Effect } from "effect"
import * as IssueColumn from "../../IssueColumn.ts"
import * as Input from "../../internal/Input.ts"
import { openWorkbook } from "../../internal/Workbook.ts"
import { isKind, partOf, type Relation, Relations } from "../../internal/WorkbookRelations.ts"
import { complete } from "../../internal/XlsxLimits.ts"
import { fromCursor } from "../../internal/XlsxPosition.ts"
import { Xml } from "../../internal/Xml.ts"
import { directory, type Entry, headerSize, normal, readAt } from "../../internal/ZipDirectory.ts"
import type { Options } from "../../XlsxSource.ts"
import { ReportError } from "../ReportError.ts"
import * as comments from "./comments.ts"
import type { Marks } from "./marks.ts"
import { patchSheet } from "./SheetPatch.ts"
import { StylePatch } from "./StylePatch.ts"
import { type Out, ZipWriter } from "./ZipWriter.ts"

const transitional = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
const strict = "http://purl.oclc.org/ooxml/officeDocument/relationships"
const packages = "http://schemas.openxmlformats.org/package/2006/relationships"

interface Packed {
  readonly entry: Entry
  readonly bytes: Buffer
}

const unsupported = (message: string) => Effect.fail(new ReportError({ reason: "Unsupported", message }))

const relationsIn = (of: string, xml: string | undefined): ReadonlyArray<Relation> => {
  if (xml === undefined) return []
  const reader = new Relations(of)
  const scan = new Xml(reader)
  scan.feed(xml)
  scan.resume()
  return reader.found
}

const textOf = ({ bytes, entry }: Packed): string =>
  (entry.method === 0 ? bytes : inflateRawSync(bytes, { maxOutputLength: Math.max(1, entry.size) })).toString("utf8")

const relationship = (id: string, type: string, target: string): string =>
  `<Relationship Id="${id}" Type="${type}" Target="${target}"/>`

const withRelationships = (xml: string | undefined, added: string): string =>
  xml === undefined
    ? `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns="${packages}">${added}</Relationships>`
    : xml
        .replace(/<((?:[\w.-]+:)?)Relationships([^>]*?)\/>\s*$/, "<$1Relationships$2></$1Relationships>")
        .replace(/<\/(?:[\w.-]+:)?Relationships\s*>\s*$/, (end) => {
          const prefix = /^<\/([\w.-]+:)?/.exec(end)?.[1] ?? ""
          return added.replaceAll("<Relationship ", `<${prefix}Relationship `) + end
        })

const withTypes = (xml: string, textsPath: string): string => {
  const prefix = /<([\w.-]+:)?Types[\s>]/.exec(xml)?.[1] ?? ""
  const vml = /Extension="vml"/i.test(xml)
    ? ""
    : `<${prefix}Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>`
  const own = `<${prefix}Override PartName="/${textsPath}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"/>`
  return xml.replace(/<\/(?:[\w.-]+:)?Types\s*>/, (end) => vml + own + end)
}

// what comes behind the drawing of comments in a sheet
const behindDrawing =
  /<(?:[\w.-]+:)?(?:legacyDrawingHF|drawingHF|picture|oleObjects|controls|webPublishItems|tableParts|extLst)[\s/>]/

const withDrawing = (xml: string, prefix: string, relationships: string): string => {
  const after = xml.search(/<\/(?:[\w.-]+:)?sheetData\s*>/)
  const behind = xml.slice(after).search(behindDrawing)
  const at = behind >= 0 ? after + behind : xml.lastIndexOf("</")
  return `${xml.slice(0, at)}<${prefix}legacyDrawing xmlns:wb="${relationships}" wb:id="rIdWaybillDrawing"/>${xml.slice(at)}`
}

const read = async (input: Input.Input, options: Options) => {
  const handle = await input.open()
  try {
    const limits = complete(options.limits)
    const entries = await directory(handle, input.name, limits)
    const workbook = await openWorkbook(handle, input.name, limits)
    const packed = new Map<string, Packed>()
    for (const [key, entry] of entries) {
      const header = await readAt(handle, input.name, entry.offset, headerSize)
      const start = entry.offset + headerSize + header.readUInt16LE(26) + header.readUInt16LE(28)
      packed.set(key, { entry, bytes: await readAt(handle, input.name, start, entry.compressed) })
    }
    return { workbook, packed }
  } finally {
    await handle.close()
  }
}

/** Writes the workbook. */
export const markXlsx = <E, R>(input: Input.Input, options: Options, cursor: Source.Cursor, marks: Marks, out: Out<E, R>) =>
  Effect.gen(function* () {
    const position = fromCursor(cursor)!
    if (options.hidden?.columns === "skip")
      return yield* unsupported(`${input.name}: a workbook whose hidden columns are left out cannot be marked up`)
    const { packed, workbook } = yield* Input.attempt(input.name, () => read(input, options))
    const part = workbook.sheets.find(({ name }) => name === position.sheet)!.part
    const find = (path: string): Packed | undefined => packed.get(normal(path))
    const sheet = find(part)!
    if (sheet.entry.size > 256 * 1024 * 1024)
      return yield* Effect.fail(
        new ReportError({
          reason: "TooLarge",
          message: `${input.name}: the sheet ${position.sheet} has ${sheet.entry.size} bytes when unpacked, too much to be marked up; a report workbook has no such limit`,
        }),
      )
    const xml = textOf(sheet)
    // the part that has the sheets has the styles too
    const main = [...packed.values()].find(({ entry }) => /(^|\/)_rels\/[^/]*workbook[^/]*\.rels$/i.test(entry.name))
    const mainPart = main === undefined ? "xl/workbook.xml" : main.entry.name.replace(/_rels\/([^/]*)\.rels$/, "$1")
    const stylesPart = relationsIn(mainPart, main && textOf(main)).find((it) => isKind(it, "styles"))?.target
    const stylesEntry = stylesPart === undefined ? undefined : find(stylesPart)
    const styles = new StylePatch(stylesEntry === undefined ? "" : textOf(stylesEntry))
    const known = position.columns.findIndex(IssueColumn.is)
    const patched = patchSheet(xml, {
      marks,
      columns: position.columns,
      header: position.header,
      issueColumn: known < 0 ? undefined : known,
      title: IssueColumn.header,
      marked: styles.marked,
      issueStyle: styles.issue(),
    })
    const changed = new Map<string, string>()
    if (stylesEntry !== undefined) changed.set(normal(stylesEntry.entry.name), styles.part())
    const relationsEntry = find(partOf(part))
    const relations = relationsEntry && textOf(relationsEntry)
    // a sheet that has comments keeps them as they are
    const hasComments = relationsIn(part, relations).some((it) => isKind(it, "comments") || isKind(it, "vmlDrawing"))
    const shown = hasComments ? [] : patched.comments.slice(0, comments.most)
    const added: Array<readonly [path: string, text: string]> = []
    const isStrict = xml.includes("http://purl.oclc.org/ooxml/spreadsheetml/main")
    if (shown.length > 0) {
      const office = isStrict ? strict : transitional
      // where Office puts them, because some programs look for them by their names
      const above = part.split("/").slice(0, -2).join("/")
      const within = (path: string): string => (above === "" ? path : `${above}/${path}`)
      let number = 1
      while (
        find(within(`comments${number}.xml`)) !== undefined ||
        find(within(`drawings/vmlDrawing${number}.vml`)) !== undefined
      )
        number++
      const texts = `comments${number}.xml`
      const drawing = `drawings/vmlDrawing${number}.vml`
      const links =
        relationship("rIdWaybillComments", `${office}/comments`, `../${texts}`) +
        relationship("rIdWaybillDrawing", `${office}/vmlDrawing`, `../${drawing}`)
      const withLinks = withRelationships(relations, links)
      if (relationsEntry === undefined) added.push([partOf(part), withLinks])
      else changed.set(normal(relationsEntry.entry.name), withLinks)
      added.push([
        within(texts),
        comments.textsPart(
          shown,
          isStrict
            ? "http://purl.oclc.org/ooxml/spreadsheetml/main"
            : "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        ),
      ])
      added.push([within(drawing), comments.drawingPart(shown)])
      const types = find("[Content_Types].xml")
      if (types !== undefined) changed.set(normal(types.entry.name), withTypes(textOf(types), within(texts)))
      changed.set(normal(sheet.entry.name), withDrawing(patched.xml, patched.prefix, office))
    } else changed.set(normal(sheet.entry.name), patched.xml)
    const zip = new ZipWriter(out)
    for (const [key, { bytes, entry }] of packed) {
      const text = changed.get(key)
      if (text !== undefined) yield* zip.add(entry.name, text)
      else yield* zip.copy({ name: entry.name, method: entry.method, crc: entry.crc, size: entry.size, bytes })
    }
    for (const [path, text] of added) yield* zip.add(path, text)
    yield* zip.end()
  })
