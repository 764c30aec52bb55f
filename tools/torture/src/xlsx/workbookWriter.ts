/**
 * Writes workbooks part by part, as ECMA-376 has them, and as programs write them that have not read it.
 *
 * @module
 */
import { type Ending, type Packed, zipOf } from "./zipWriter.ts"

/** What makes a workbook. All XML is what goes within the part's outermost element. */
export interface Book {
  /** What is within `<worksheet>`; or the sheets with their names and states. */
  readonly sheet?: string
  readonly sheets?: ReadonlyArray<{ readonly name: string; readonly state?: string; readonly xml: string }>
  /** What is within `<sst>`. */
  readonly texts?: string
  /** What is within `<styleSheet>`. */
  readonly styles?: string
  readonly is1904?: boolean
  readonly isStrict?: boolean
  /** The prefix of elements: `x`. */
  readonly prefix?: string
  /** What comes before the outermost element of each part. */
  readonly prolog?: string
  /** Relationships of the workbook that come besides: kind and target. */
  readonly related?: ReadonlyArray<readonly [kind: string, target: string]>
}

const namespaces = {
  transitional: {
    main: "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    relationships: "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
  },
  strict: {
    main: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    relationships: "http://purl.oclc.org/ooxml/officeDocument/relationships",
  },
}

const packages = "http://schemas.openxmlformats.org/package/2006"
const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'

/** The names of parts that cases change. */
export const part = {
  sheet: "xl/worksheets/sheet1.xml",
  texts: "xl/sharedStrings.xml",
  styles: "xl/styles.xml",
  workbook: "xl/workbook.xml",
  root: "_rels/.rels",
  related: "xl/_rels/workbook.xml.rels",
} as const

/** The parts of a workbook by name. */
export const partsOf = (book: Book): Record<string, string> => {
  const { main, relationships } = namespaces[book.isStrict ? "strict" : "transitional"]
  const { prefix, prolog = declaration } = book
  const prefixed = (xml: string): string => (prefix === undefined ? xml : xml.replace(/<(\/?)(?=[A-Za-z])/g, `<$1${prefix}:`))
  const outermost = (name: string, content: string): string =>
    `${prolog}${prefixed(`<${name}`)} ${prefix === undefined ? "xmlns" : `xmlns:${prefix}`}="${main}" xmlns:r="${relationships}">${prefixed(content)}${prefixed(`</${name}>`)}`
  const sheets: NonNullable<Book["sheets"]> = book.sheets ?? [{ name: "Data", xml: book.sheet ?? "<sheetData/>" }]
  const relation = (id: string, kind: string, target: string): string =>
    `<Relationship Id="${id}" Type="${kind.includes(":") ? kind : `${relationships}/${kind}`}" Target="${target}"/>`
  const list = (content: string): string =>
    `${declaration}<Relationships xmlns="${packages}/relationships">${content}</Relationships>`
  const related = [
    ...sheets.map((_, at) => relation(`rId${at + 1}`, "worksheet", `worksheets/sheet${at + 1}.xml`)),
    ...(book.texts === undefined ? [] : [relation("rIdT", "sharedStrings", "sharedStrings.xml")]),
    ...(book.styles === undefined ? [] : [relation("rIdS", "styles", "styles.xml")]),
    ...(book.related ?? []).map(([kind, target], at) => relation(`rIdX${at}`, kind, target)),
  ]
  const tabs = sheets.map(
    ({ name, state }, at) =>
      `<sheet name="${name}" sheetId="${at + 1}"${state === undefined ? "" : ` state="${state}"`} r:id="rId${at + 1}"/>`,
  )
  return {
    "[Content_Types].xml": `${declaration}<Types xmlns="${packages}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`,
    [part.root]: list(relation("rId1", "officeDocument", "xl/workbook.xml")),
    [part.workbook]: outermost("workbook", `<workbookPr${book.is1904 ? ' date1904="1"' : ""}/><sheets>${tabs.join("")}</sheets>`),
    [part.related]: list(related.join("")),
    ...Object.fromEntries(sheets.map(({ xml }, at) => [`xl/worksheets/sheet${at + 1}.xml`, outermost("worksheet", xml)])),
    ...(book.texts === undefined ? {} : { [part.texts]: outermost("sst", book.texts) }),
    ...(book.styles === undefined ? {} : { [part.styles]: outermost("styleSheet", book.styles) }),
  }
}

/** A workbook's files; `change` says otherwise of those that it names. */
export const filesOf = (book: Book, change: Readonly<Record<string, Partial<Packed>>> = {}): ReadonlyArray<Packed> =>
  Object.entries(partsOf(book)).map(([name, content]) => ({ name, content, ...change[name] }))

/** A workbook as bytes. */
export const bookOf = (book: Book, change: Readonly<Record<string, Partial<Packed>>> = {}, ending: Ending = {}): Buffer =>
  zipOf(filesOf(book, change), ending)

/** Rows as the XML of a sheet. */
export const data = (...rows: ReadonlyArray<string>): string => `<sheetData>${rows.join("")}</sheetData>`

/** A row with its number. */
export const row = (number: number, ...cells: ReadonlyArray<string>): string => `<row r="${number}">${cells.join("")}</row>`

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

/** A cell with text of its own. */
export const text = (reference: string, value: string): string =>
  `<c r="${reference}" t="inlineStr"><is><t xml:space="preserve">${escaped(value)}</t></is></c>`

/** A cell with a number, or with whatever stands for one; `style` is the position of its style. */
export const number = (reference: string, value: number | string, style?: number): string =>
  `<c r="${reference}"${style === undefined ? "" : ` s="${style}"`}><v>${value}</v></c>`

/** A cell of a kind. */
export const kind = (reference: string, type: string, value: string): string =>
  `<c r="${reference}" t="${type}"><v>${value}</v></c>`

/** Styles, one for each number format: the code of one's own, or the number of a built-in one. */
export const formats = (...codes: ReadonlyArray<string | number>): string => {
  const own = codes.map((code, at) =>
    typeof code === "number" ? "" : `<numFmt numFmtId="${164 + at}" formatCode="${escaped(code).replaceAll('"', "&quot;")}"/>`,
  )
  const styles = codes.map((code, at) => `<xf numFmtId="${typeof code === "number" ? code : 164 + at}" applyNumberFormat="1"/>`)
  return `<numFmts>${own.join("")}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>${styles.join("")}</cellXfs>`
}
