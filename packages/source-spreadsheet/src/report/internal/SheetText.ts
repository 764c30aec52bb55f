/**
 * The XML of one sheet of a report, made row by row.
 */
import { isFormulaLike } from "../../internal/formulaText.ts"
import { indexOf, type Style, wraps } from "./styles.ts"
import { xmlAttribute, xmlText } from "./text.ts"

/** What a cell holds. Text is text, whatever it begins with: nothing here ever becomes a formula. */
export type Value = string | number | boolean | null

/** A value with a look of its own. */
export interface Cell {
  readonly value: Value
  readonly style: Style
}

/** A column of a sheet; its style is that of cells that have none of their own. */
export interface Column {
  readonly heading: string
  /** In characters. */
  readonly width: number
  readonly style: Style
}

/** How a sheet is laid out. */
export interface Layout {
  readonly columns: ReadonlyArray<Omit<Column, "heading">>
  /** Whether the first row is a header: it stays in sight, is repeated on every printed page, and has a filter. */
  readonly hasHeader: boolean
  /** The colour of the sheet's tab, as `RRGGBB`. */
  readonly colour: string
  readonly isSelected: boolean
  readonly orientation: "portrait" | "landscape"
}

/** A link from a cell to another one of the workbook. */
export interface Link {
  readonly from: string
  readonly to: string
}

const letters: Array<string> = []

/** The letters of a column, from 0: `A`, `Z`, `AA`. */
export const columnLetters = (column: number): string => {
  const known = letters[column]
  if (known !== undefined) return known
  let text = ""
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26))
    text = String.fromCharCode(65 + ((rest - 1) % 26)) + text
  letters[column] = text
  return text
}

// blanks at the ends, and line ends, would be lost otherwise
const hasOuterBlanks = /^\s|\s$|\n/

const textOf = (text: string): string =>
  hasOuterBlanks.test(text) ? `<t xml:space="preserve">${xmlText(text)}</t>` : `<t>${xmlText(text)}</t>`

/** A cell that holds this; nothing where it is empty and its column says how it looks. */
export const cellXml = (reference: string, value: Value, style: Style): string => {
  if (value === null || value === "") return ""
  switch (typeof value) {
    case "number":
      return `<c r="${reference}" s="${indexOf(style, false)}"><v>${value}</v></c>`
    case "boolean":
      return `<c r="${reference}" s="${indexOf(style, false)}" t="b"><v>${value ? 1 : 0}</v></c>`
    default:
      return `<c r="${reference}" s="${indexOf(style, isFormulaLike(value))}" t="inlineStr"><is>${textOf(value)}</is></c>`
  }
}

const lineHeight = 15
const highest = 409

// how many lines a text takes in a column: programs other than Excel do not find out by themselves
const linesOf = (text: string, width: number): number => {
  let lines = 0
  for (const line of text.split("\n")) lines += Math.max(1, Math.ceil(line.length / Math.max(1, width - 2)))
  return lines
}

/** A row of cells from the column A on. */
export const rowXml = (number: number, cells: ReadonlyArray<Value | Cell>, columns: Layout["columns"]): string => {
  let xml = ""
  let lines = 1
  for (let at = 0; at < cells.length; at++) {
    const cell = cells[at]!
    const isStyled = cell !== null && typeof cell === "object"
    const style = isStyled ? cell.style : (columns[at]?.style ?? "plain")
    const value = isStyled ? cell.value : cell
    const reference = columnLetters(at) + number
    // an empty cell with a look of its own is seen
    xml +=
      isStyled && (value === null || value === "")
        ? `<c r="${reference}" s="${indexOf(style, false)}"/>`
        : cellXml(reference, value, style)
    if (typeof value === "string" && wraps(style)) lines = Math.max(lines, linesOf(value, columns[at]?.width ?? 9))
  }
  const height = lines === 1 ? "" : ` ht="${Math.min(highest, lines * lineHeight)}"`
  return `<row r="${number}"${height}>${xml}</row>`
}

/** What comes before the rows. */
export const beginning = ({ colour, columns, hasHeader, isSelected }: Layout): string => {
  const cols = columns
    .map(
      ({ style, width }, at) =>
        `<col min="${at + 1}" max="${at + 1}" width="${width}" style="${indexOf(style, false)}" customWidth="1"/>`,
    )
    .join("")
  const pane = hasHeader
    ? `<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft" activeCell="A2" sqref="A2"/>`
    : ""
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetPr><tabColor rgb="FF${colour}"/><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView${
    hasHeader ? "" : ' showGridLines="0"'
  }${isSelected ? ' tabSelected="1"' : ""} workbookViewId="0">${pane}</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>${
    cols === "" ? "" : `<cols>${cols}</cols>`
  }<sheetData>`
}

/** The range of a header's filter, `A1:H100`. */
export const filterRange = ({ columns }: Layout, rows: number): string =>
  `A1:${columnLetters(columns.length - 1)}${Math.max(1, rows)}`

/** What comes after the rows. */
export const ending = (layout: Layout, rows: number, links: ReadonlyArray<Link>): string => {
  const filter = layout.hasHeader ? `<autoFilter ref="${filterRange(layout, rows)}"/>` : ""
  const hyperlinks =
    links.length === 0
      ? ""
      : `<hyperlinks>${links.map(({ from, to }) => `<hyperlink ref="${from}" location="${xmlAttribute(to)}"/>`).join("")}</hyperlinks>`
  return `</sheetData>${filter}${hyperlinks}<pageMargins left="0.4" right="0.4" top="0.6" bottom="0.6" header="0.3" footer="0.3"/><pageSetup paperSize="9" orientation="${layout.orientation}" fitToWidth="1" fitToHeight="0"/><headerFooter><oddHeader>&amp;L&amp;A</oddHeader><oddFooter>&amp;L&amp;F&amp;RPage &amp;P of &amp;N</oddFooter></headerFooter></worksheet>`
}
