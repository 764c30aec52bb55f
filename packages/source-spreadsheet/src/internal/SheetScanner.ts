/**
 * The sheet scanner makes rows of a worksheet's XML: cells by column with their values as text, number, boolean or nothing.
 */
import * as NumberFormat from "./NumberFormat.ts"
import { decodeEscapes, TextRuns } from "./SharedText.ts"
import { attributes, decode, type Visitor } from "./Xml.ts"

/** The value of a cell. */
export type CellValue = string | number | boolean | null

/** What is wrong with a cell. */
export interface CellProblem {
  /** Position of the column. */
  readonly column: number
  readonly code: "xlsx.error-cell" | "xlsx.no-cached-value" | "xlsx.bad-cell"
  readonly message: string
  readonly value: string
}

/** A row as it is in the sheet. */
export interface RawRow {
  readonly number: number
  /** From column A on, as far as there are cells. */
  readonly cells: Array<CellValue>
  readonly problems: ReadonlyArray<CellProblem>
}

/** What the cells of a sheet refer to. */
export interface Shared {
  readonly texts: ReadonlyArray<string>
  /** How each cell style shows numbers. */
  readonly styles: ReadonlyArray<NumberFormat.Shown>
  readonly is1904: boolean
}

const mostColumns = 16_384
const mostRows = 1_048_576
const noProblems: ReadonlyArray<CellProblem> = []

const plainDigits = /^-?\d{16,}$/
const isoMidnight = /^(\d{4}-\d\d-\d\d)T00:00:00(?:\.0+)?$/

/** The letters of a column's position: 0 is A. */
export const columnLetters = (column: number): string => {
  let letters = ""
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters
  }
  return letters
}

/** See the file's first sentence. */
export class SheetScanner implements Visitor {
  /** Set when nothing more can be read: a sentence. */
  failure: string | undefined
  /** The areas of merged cells, known after the last row. */
  readonly merged: Array<string> = []

  private rows: Array<RawRow> = []
  private inData = false
  private rowNumber = 0
  private cells: Array<CellValue> | undefined
  private problems: Array<CellProblem> | undefined
  // the cell at hand
  private inCell = false
  private column = -1
  private type = ""
  private style = 0
  private hasFormula = false
  private hasValue = false
  private inValue = false
  private inInline = false
  private value = ""
  private readonly runs = new TextRuns()

  constructor(private readonly shared: Shared) {}

  /** The rows that became complete since the last call. */
  take(): ReadonlyArray<RawRow> {
    const { rows } = this
    this.rows = []
    return rows
  }

  open(name: string, text: string, from: number, to: number): void {
    if (this.inCell) {
      if (name === "v") this.inValue = this.hasValue = true
      else if (name === "f") this.hasFormula = true
      else if (name === "is") this.inInline = true
      else if (this.inInline) this.runs.open(name)
    } else if (name === "c") {
      if (this.cells !== undefined) this.openCell(text, from, to)
    } else if (name === "row") {
      if (this.inData) this.openRow(attributes(text, from, to).get("r"))
    } else if (name === "sheetData") this.inData = true
    else if (name === "mergeCell") this.merged.push(attributes(text, from, to).get("ref") ?? "")
  }

  close(name: string): void {
    if (this.inCell) {
      if (name === "v") this.inValue = false
      else if (name === "is") this.inInline = false
      else if (name === "c") this.closeCell()
      else if (this.inInline) this.runs.close(name)
    } else if (name === "row") this.closeRow()
    else if (name === "sheetData") this.inData = false
  }

  text(text: string, from: number, to: number, plain: boolean): void {
    if (this.inValue) {
      const part = text.slice(from, to)
      this.value += plain ? part : decode(part)
    } else if (this.inInline) this.runs.add(text, from, to, plain)
  }

  private openRow(reference: string | undefined): void {
    const number = reference === undefined ? this.rowNumber + 1 : Number(reference)
    if (!Number.isInteger(number) || number > mostRows) this.failure ??= `has a row of number ${reference}`
    else if (number <= this.rowNumber) this.failure ??= `has row ${number} after row ${this.rowNumber}`
    this.rowNumber = number
    this.cells = []
    this.problems = undefined
    this.column = -1
  }

  private closeRow(): void {
    if (this.cells === undefined) return
    this.rows.push({ number: this.rowNumber, cells: this.cells, problems: this.problems ?? noProblems })
    this.cells = undefined
  }

  private openCell(text: string, from: number, to: number): void {
    this.inCell = true
    this.type = "n"
    this.style = 0
    this.hasFormula = this.hasValue = false
    this.value = ""
    let column = this.column + 1
    // attributes of one letter are r, s and t; this is done for every cell, so nothing is called or cut out for it
    for (let at = from; at < to; ) {
      const equals = text.indexOf("=", at)
      if (equals === -1 || equals >= to) break
      const quote = text.charCodeAt(equals + 1)
      const end = quote === 34 ? text.indexOf('"', equals + 2) : quote === 39 ? text.indexOf("'", equals + 2) : -1
      if (end === -1 || end >= to) break
      if (text.charCodeAt(equals - 2) <= 32) {
        const name = text.charCodeAt(equals - 1)
        if (name === 114) column = columnOf(text, equals + 2, end)
        else if (name === 115) this.style = Number(text.slice(equals + 2, end))
        else if (name === 116) this.type = text.slice(equals + 2, end)
      }
      at = end + 1
    }
    if (column < 0 || column >= mostColumns) {
      this.failure ??= `has a cell outside of the columns A to XFD, in row ${this.rowNumber}`
      column = 0
    }
    this.column = column
  }

  private closeCell(): void {
    this.inCell = false
    const cells = this.cells!
    const value = this.read()
    while (cells.length < this.column) cells.push(null)
    cells[this.column] = value
  }

  private read(): CellValue {
    const { type, value } = this
    if (type === "inlineStr") return this.runs.take()
    if (this.hasFormula && (!this.hasValue || (value === "" && type !== "str"))) {
      return this.wrong(
        "xlsx.no-cached-value",
        "the formula has no saved result; open the workbook in Excel and save it again",
        "",
      )
    }
    if (!this.hasValue) return null
    switch (type) {
      case "n":
        return this.readNumber(value)
      case "s": {
        const text = value.trim() === "" ? undefined : this.shared.texts[Number(value)]
        return text ?? this.wrong("xlsx.bad-cell", `there is no shared text of number ${value}`, value)
      }
      case "str":
        return decodeEscapes(value)
      case "b":
        return value === "1" || value === "true"
      case "e":
        return this.wrong("xlsx.error-cell", `the cell shows the error ${value}`, value)
      case "d":
        return value.replace(isoMidnight, "$1").replace(/\.0+$/, "")
      default:
        return this.wrong("xlsx.bad-cell", `there is no kind of cell ${type}`, value)
    }
  }

  private readNumber(value: string): CellValue {
    const number = Number(value)
    if (number === 0 && value.trim() === "") return null
    if (!Number.isFinite(number)) return this.wrong("xlsx.bad-cell", `expected a number, found ${value}`, value)
    const shown = this.shared.styles[this.style]
    if (shown !== undefined && shown !== "number") return NumberFormat.iso(number, shown, this.shared.is1904)
    // more digits than a double has: kept as they are written
    return value.length > 15 && plainDigits.test(value) && String(number) !== value ? value : number
  }

  private wrong(code: CellProblem["code"], message: string, value: string): null {
    this.problems ??= []
    this.problems.push({ column: this.column, code, message, value })
    return null
  }
}

// the column of a cell reference such as AB12; -1 where there is none
const columnOf = (text: string, from: number, to: number): number => {
  let column = 0
  for (let at = from; at < to && at < from + 4; at++) {
    const letter = (text.charCodeAt(at) | 32) - 96
    if (letter < 1 || letter > 26) break
    column = column * 26 + letter
  }
  return column - 1
}
