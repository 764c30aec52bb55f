/**
 * Changes the XML of a sheet in place: cells get another style, rows a cell in the issue column, and all else stays as it is, to the byte.
 */
import type { Issue } from "@waybill/core"
import type { Marks } from "./marks.ts"
import { sentence } from "./places.ts"
import { columnLetters } from "./SheetText.ts"
import { cut, xmlText } from "./text.ts"

/** What is wanted of a sheet. */
export interface Patch {
  readonly marks: Marks
  /** The names of the sheet's columns in their order. */
  readonly columns: ReadonlyArray<string>
  /** The row of the header; 0 where there is none, and then no issue column. */
  readonly header: number
  /** The issue column, from 0, where the sheet has one already. */
  readonly issueColumn: number | undefined
  readonly title: string
  /** The number of the style that marks a cell which has this one. */
  readonly marked: (style: number) => number
  /** The number of the style of the issue column's cells. */
  readonly issueStyle: number
}

/** A comment to put beside a cell. */
export interface Comment {
  readonly reference: string
  readonly row: number
  readonly column: number
  readonly text: string
}

/** A sheet that was changed. */
export interface Patched {
  readonly xml: string
  readonly comments: ReadonlyArray<Comment>
  /** The prefix of the sheet's elements, such as `x:`. */
  readonly prefix: string
}

interface CellSpan {
  readonly column: number
  readonly start: number
  readonly tagEnd: number
  readonly end: number
}

interface RowSpan {
  readonly number: number
  readonly start: number
  /** Where its start tag ends. */
  readonly tagEnd: number
  /** Where its end tag begins; for an empty element its end. */
  readonly end: number
  readonly isEmpty: boolean
  readonly cells: Array<CellSpan>
}

// tags of rows and cells; what is in comments and CDATA is none
const tags =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<(\/?)(?:[\w.-]+:)?(row|c|sheetData)(?=[\s/>])((?:"[^"]*"|'[^']*'|[^"'>])*?)(\/?)>/g

const attribute = (text: string, name: string): string | undefined =>
  new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`)
    .exec(text)
    ?.slice(1)
    .find((value) => value !== undefined)

/** The position of a column by its letters, from 0. */
export const columnOf = (letters: string): number => {
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64
  return column - 1
}

const isFilled = (content: string): boolean => /<(?:[\w.-]+:)?(?:v|f|t)[\s/>]/.test(content)

const rowsOf = (xml: string): { readonly rows: ReadonlyArray<RowSpan>; readonly width: number } => {
  const rows: Array<RowSpan> = []
  let row: { number: number; start: number; tagEnd: number; cells: Array<CellSpan>; column: number } | undefined
  let cell: { column: number; start: number; tagEnd: number } | undefined
  let number = 0
  let width = 0
  let isInside = false
  tags.lastIndex = 0
  for (let found = tags.exec(xml); found !== null; found = tags.exec(xml)) {
    const [whole, slash, name, text = "", empty] = found
    const end = found.index + whole.length
    if (name === "sheetData") {
      if (slash === "/" || empty === "/") break
      isInside = true
    } else if (!isInside || name === undefined) {
    } else if (name === "row") {
      if (slash === "/") {
        if (row !== undefined) rows.push({ ...row, end: found.index, isEmpty: false })
        row = undefined
        continue
      }
      number = Number(attribute(text, "r") ?? number + 1)
      const opened = { number, start: found.index, tagEnd: end, cells: [], column: -1 }
      if (empty === "/") rows.push({ ...opened, end, isEmpty: true })
      else row = opened
    } else if (row !== undefined) {
      if (slash === "/") {
        if (cell !== undefined) {
          row.cells.push({ ...cell, end })
          // a cell that has a look only is no reason to go further to the right
          if (isFilled(xml.slice(cell.tagEnd, end))) width = Math.max(width, cell.column + 1)
        }
        cell = undefined
        continue
      }
      const letters = /^[A-Za-z]+/.exec(attribute(text, "r") ?? "")?.[0]
      row.column = letters === undefined ? row.column + 1 : columnOf(letters.toUpperCase())
      const opened = { column: row.column, start: found.index, tagEnd: end }
      if (empty === "/") row.cells.push({ ...opened, end })
      else cell = opened
    }
  }
  return { rows, width }
}

/** The positions of the columns that issues are about. */
const marksOf = (
  issues: ReadonlyArray<Issue.Issue>,
  columns: ReadonlyArray<string>,
): ReadonlyMap<number, ReadonlyArray<Issue.Issue>> => {
  const found = new Map<number, Array<Issue.Issue>>()
  for (const issue of issues) {
    if (issue.column === null) continue
    // beyond the header a column is called by its letters
    const named = columns.indexOf(issue.column)
    const at = named >= 0 ? named : /^[A-Z]{1,3}$/.test(issue.column) ? columnOf(issue.column) : -1
    if (at < 0) continue
    const some = found.get(at)
    if (some === undefined) found.set(at, [issue])
    else some.push(issue)
  }
  return found
}

const withStyle = (tag: string, style: number): string => {
  const without = tag.replace(/\ss\s*=\s*(?:"[^"]*"|'[^']*')/, "")
  return without.replace(/^<[^\s/>]+/, (name) => `${name} s="${style}"`)
}

/** Changes a sheet. */
export const patchSheet = (xml: string, patch: Patch): Patched => {
  const prefix = /<([\w.-]+:)?worksheet[\s>]/.exec(xml)?.[1] ?? ""
  const { rows, width } = rowsOf(xml)
  const at = patch.issueColumn ?? Math.max(width, patch.columns.length)
  const comments: Array<Comment> = []
  const pieces: Array<string> = []
  let copied = 0
  const element = (name: string): string => `${prefix}${name}`
  const textCell = (number: number, style: number, text: string): string =>
    `<${element("c")} r="${columnLetters(at)}${number}" s="${style}" t="inlineStr"><${element("is")}><${element("t")} xml:space="preserve">${xmlText(cut(text))}</${element("t")}></${element("is")}></${element("c")}>`
  for (const row of rows) {
    const issues = patch.marks.get(row.number) ?? []
    const isHeader = row.number === patch.header
    const had = patch.issueColumn === undefined ? undefined : row.cells.find(({ column }) => column === at)
    if (issues.length === 0 && !isHeader && had === undefined) continue
    const marks = marksOf(issues, patch.columns)
    const cells = new Map<number, string>()
    for (const { column, end, start, tagEnd } of row.cells) {
      if (column === at && patch.header > 0 && !isHeader) continue
      const raw = xml.slice(start, tagEnd)
      // between cells without a reference none can be put in
      const tag =
        attribute(raw, "r") === undefined
          ? raw.replace(/^<[^\s/>]+/, (name) => `${name} r="${columnLetters(column)}${row.number}"`)
          : raw
      const style = Number(attribute(tag, "s") ?? 0)
      cells.set(
        column,
        marks.has(column) ? withStyle(tag, patch.marked(style)) + xml.slice(tagEnd, end) : tag + xml.slice(tagEnd, end),
      )
    }
    for (const [column, found] of marks) {
      const reference = `${columnLetters(column)}${row.number}`
      if (!cells.has(column)) cells.set(column, `<${element("c")} r="${reference}" s="${patch.marked(0)}"/>`)
      comments.push({ reference, row: row.number, column, text: sentence(found.map((issue) => ({ ...issue, column: null }))) })
    }
    if (isHeader && patch.issueColumn === undefined) {
      const before = row.cells.findLast(({ column }) => column < at)
      const style = before === undefined ? 0 : Number(attribute(xml.slice(before.start, before.tagEnd), "s") ?? 0)
      cells.set(at, textCell(row.number, style, patch.title))
    } else if (patch.header > 0 && issues.length > 0) cells.set(at, textCell(row.number, patch.issueStyle, sentence(issues)))
    // how far a row goes is said in `spans`, which may be left out
    const tag = xml
      .slice(row.start, row.tagEnd)
      .replace(/\sspans\s*=\s*(?:"[^"]*"|'[^']*')/, "")
      .replace(/\/>$/, ">")
    const inside = [...cells].sort(([one], [other]) => one - other).map(([, text]) => text)
    pieces.push(xml.slice(copied, row.start), tag, ...inside, row.isEmpty ? `</${element("row")}>` : "")
    copied = row.end
  }
  pieces.push(xml.slice(copied))
  const patched = pieces.join("")
  return { xml: patch.header > 0 ? withColumn(patched, at, prefix) : patched, comments, prefix }
}

// the issue column's width, and how far the sheet goes
const withColumn = (xml: string, at: number, prefix: string): string => {
  const col = `<${prefix}col min="${at + 1}" max="${at + 1}" width="60" customWidth="1"/>`
  const start = xml.search(/<(?:[\w.-]+:)?sheetData[\s/>]/)
  const head = xml.slice(0, start)
  const rest = xml.slice(start)
  const widened = head.replace(
    /(<(?:[\w.-]+:)?dimension\s[^>]*ref=")([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?"/,
    (whole, before: string, left: string, top: string, right: string | undefined, bottom: string | undefined) =>
      columnOf(right ?? left) >= at ? whole : `${before}${left}${top}:${columnLetters(at)}${bottom ?? top}"`,
  )
  const cols = /<\/(?:[\w.-]+:)?cols>/.exec(widened)
  if (cols === null) return `${widened}<${prefix}cols>${col}</${prefix}cols>${rest}`
  const last = Math.max(0, ...[...widened.matchAll(/<(?:[\w.-]+:)?col\s[^>]*?max="(\d+)"/g)].map(([, max]) => Number(max)))
  return last > at ? widened + rest : widened.slice(0, cols.index) + col + widened.slice(cols.index) + rest
}
