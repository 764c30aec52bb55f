/**
 * The sheet scanner makes rows of a worksheet's XML: cells by column with their values as text, number, boolean or nothing.
 */

import { decodeEscapes, TextRuns } from "./SharedText.ts"
import * as CellText from "./SheetCell.ts"
import { type CellProblem, type CellValue, columnLetters, type RawRow, type Shared } from "./SheetRow.ts"
import { beyond, defaults, type Failure, wrong, type XlsxLimits } from "./XlsxLimits.ts"
import { attributes, decode, eachAttribute, type Visitor } from "./Xml.ts"

const noProblems: ReadonlyArray<CellProblem> = []

// how much may be taken between two pauses: a few rows of the full width are more than the XML they are made of
const restCells = 200_000
const restLength = 4 * 1024 * 1024

/** See the file's first sentence. */
export class SheetScanner implements Visitor {
  /** Set when nothing more can be read. */
  failure: Failure | undefined
  /** The areas of merged cells, known after the last row. */
  readonly merged: Array<string> = []
  /** The first and last positions of columns that are hidden, known before the first row. */
  readonly hiddenColumns: Array<readonly [number, number]> = []

  private rows: Array<RawRow> = []
  private taken = 0
  private takenLength = 0
  private inData = false
  private rowNumber = 0
  private rowText = ""
  private isHidden = false
  private hasNumber = false
  // one bit for each number of a row that was there
  private readonly seen: Uint8Array
  private cells: Array<CellValue> | undefined
  private length = 0
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

  constructor(
    private readonly shared: Shared,
    private readonly limits: XlsxLimits,
  ) {
    this.seen = new Uint8Array((limits.rows >> 3) + 1)
  }

  /** The rows that became complete since the last call. */
  take(): ReadonlyArray<RawRow> {
    const { rows } = this
    this.rows = []
    this.taken = this.takenLength = 0
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
      if (this.inData) this.openRow(text, from, to)
    } else if (name === "sheetData") this.inData = true
    else if (name === "col") this.openColumns(attributes(text, from, to))
    else if (name === "mergeCell") this.addMerged(attributes(text, from, to).get("ref") ?? "")
  }

  close(name: string): boolean {
    if (this.inCell) {
      if (name === "v") this.inValue = false
      else if (name === "is") this.inInline = false
      else if (name === "c") this.closeCell()
      else if (this.inInline) this.runs.close(name)
      return false
    }
    if (name === "row") {
      this.closeRow()
      return this.taken >= restCells || this.takenLength >= restLength
    }
    if (name === "sheetData") this.inData = false
    return false
  }

  text(text: string, from: number, to: number, plain: boolean): void {
    if (this.inValue) {
      const part = text.slice(from, to)
      this.value += plain ? part : decode(part)
      if (this.value.length > this.limits.cellLength) this.value = this.tooLong()
    } else if (this.inInline) {
      this.runs.add(text, from, to, plain)
      if (this.runs.length > this.limits.cellLength) {
        this.runs.take()
        this.tooLong()
      }
    }
  }

  private tooLong(): string {
    this.failure ??= beyond(`has a cell that is too long, ${this.reference()}`, this.limits.cellLength, "cellLength")
    return ""
  }

  private reference(): string {
    return `${columnLetters(this.column)}${this.rowNumber}`
  }

  private openColumns(values: ReadonlyMap<string, string>): void {
    const hidden = values.get("hidden")
    if (this.inData || (hidden !== "1" && hidden !== "true")) return
    const first = Number(values.get("min"))
    const last = Math.min(Number(values.get("max")), this.limits.columns)
    if (first >= 1 && first <= last && this.hiddenColumns.length < this.limits.columns) {
      this.hiddenColumns.push([first - 1, last - 1])
    }
  }

  private addMerged(area: string): void {
    if (this.merged.length < this.limits.mergedAreas) this.merged.push(area)
    else this.failure ??= beyond("has too many areas of merged cells", this.limits.mergedAreas, "mergedAreas")
  }

  private openRow(text: string, from: number, to: number): void {
    let reference = ""
    this.isHidden = false
    eachAttribute(text, from, to, (nameFrom, nameTo, valueFrom, valueTo) => {
      if (nameTo - nameFrom === 1 && text.charCodeAt(nameFrom) === 114) reference = text.slice(valueFrom, valueTo)
      else if (nameTo - nameFrom === 6 && text.startsWith("hidden", nameFrom)) {
        this.isHidden = text.startsWith("1", valueFrom) || text.startsWith("true", valueFrom)
      }
    })
    this.cells = []
    this.length = 0
    this.problems = undefined
    this.column = -1
    this.hasNumber = reference !== ""
    this.beRow(this.hasNumber ? Number(reference) : this.rowNumber + 1, reference)
  }

  private beRow(number: number, reference: string): void {
    this.rowNumber = number
    this.rowText = String(number)
    if (!(Number.isInteger(number) && number >= 1 && number <= defaults.rows))
      this.failure ??= wrong(`has a row of number ${reference}`)
    else if (number > this.limits.rows) this.failure ??= beyond(`has a row of number ${number}`, this.limits.rows, "rows")
  }

  private closeRow(): void {
    const { cells, rowNumber: number } = this
    if (cells === undefined) return
    this.cells = undefined
    if (this.failure !== undefined) return
    const bit = 1 << (number & 7)
    if ((this.seen[number >> 3]! & bit) !== 0) this.failure = wrong(`has row ${number} twice`)
    this.seen[number >> 3]! |= bit
    this.rows.push({ number, cells, problems: this.problems ?? noProblems, isHidden: this.isHidden, length: this.length })
    this.taken += cells.length
    this.takenLength += this.length
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
        if (name === 114) column = this.columnOf(text, equals + 2, end)
        else if (name === 115) this.style = Number(text.slice(equals + 2, end))
        else if (name === 116) this.type = text.slice(equals + 2, end)
      }
      at = end + 1
    }
    if (column < 0 || column >= this.limits.columns) {
      this.failure ??=
        column >= 0 && column < defaults.columns
          ? beyond(`has a cell in column ${columnLetters(column)}, in row ${this.rowNumber}`, this.limits.columns, "columns")
          : wrong(`has a cell outside of the columns A to XFD, in row ${this.rowNumber}`)
      column = 0
    }
    this.column = column
  }

  // the column of a cell reference such as AB12, which has to be of the row at hand; -1 where there is none
  private columnOf(text: string, from: number, to: number): number {
    let column = 0
    let at = from
    for (; at < to; at++) {
      const letter = (text.charCodeAt(at) | 32) - 96
      if (letter < 1 || letter > 26) break
      column = column * 26 + letter
    }
    if (to - at !== this.rowText.length || !text.startsWith(this.rowText, at))
      this.elsewhere(text.slice(from, to), text.slice(at, to))
    return column - 1
  }

  // a row that has no number has the one of its first cell
  private elsewhere(reference: string, number: string): void {
    if (!this.hasNumber && this.column === -1 && Number(number) >= this.rowNumber) this.beRow(Number(number), number)
    else this.failure ??= wrong(`has a cell ${reference} in row ${this.rowNumber}`)
    this.hasNumber = true
  }

  private closeCell(): void {
    this.inCell = false
    const cells = this.cells!
    const { column } = this
    const value = this.read()
    if (column < cells.length && !(cells[column] === null || value === null)) {
      this.problem("xlsx.bad-cell", `the cell ${this.reference()} is there twice`, String(value))
    }
    while (cells.length < column) cells.push(null)
    cells[column] = value ?? (column < cells.length ? cells[column]! : null)
    if (typeof value === "string") {
      this.length += value.length
      if (this.length > this.limits.rowLength) {
        this.failure ??= beyond(`has a row that is too long, row ${this.rowNumber}`, this.limits.rowLength, "rowLength")
      }
    }
  }

  private read(): CellValue {
    const { type, value, hasFormula } = this
    if (type === "inlineStr") return this.runs.take()
    if (hasFormula && (!this.hasValue || (value === "" && type !== "str"))) {
      return this.problem(
        "xlsx.no-cached-value",
        "the formula has no saved result; open the workbook in Excel and save it again",
        "",
      )
    }
    if (!this.hasValue) return null
    switch (type) {
      case "n": {
        const number = CellText.number(value, this.style, this.shared)
        return number === undefined ? this.bad(`expected a number, found ${value}`) : number
      }
      case "s": {
        const text = value.trim() === "" ? undefined : this.shared.texts[Number(value)]
        return text ?? this.bad(`there is no shared text of number ${value}`)
      }
      case "str":
        return decodeEscapes(value)
      case "b":
        return value === "1" || value === "true"
          ? true
          : value === "0" || value === "false"
            ? false
            : this.bad(`expected 1 or 0, found ${value}`)
      case "e":
        return this.problem("xlsx.error-cell", `the cell shows the error ${value}`, value)
      case "d":
        return CellText.iso(value) ?? this.bad(`expected a date such as 2024-01-31T10:30:00, found ${value}`)
      default:
        return this.bad(`there is no kind of cell ${type}`)
    }
  }

  private bad(message: string): null {
    return this.problem("xlsx.bad-cell", message, this.value)
  }

  private problem(code: CellProblem["code"], message: string, value: string): null {
    this.problems ??= []
    this.problems.push({ column: this.column, code, message, value })
    return null
  }
}
