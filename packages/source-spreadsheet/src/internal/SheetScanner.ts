/**
 * The sheet scanner makes rows of a worksheet's XML: cells by column with their values as text, number, boolean or nothing.
 */

import { decodeEscapes, TextRuns } from "./SharedText.ts"
import * as SheetCell from "./SheetCell.ts"
import { readCells } from "./SheetLane.ts"
import type { CellValue, RawRow, Shared } from "./SheetRow.ts"
import { SheetRowBuilder } from "./SheetRowBuilder.ts"
import { beyond, type Failure, type XlsxLimits } from "./XlsxLimits.ts"
import { attributes, decode, eachAttribute, type Visitor } from "./Xml.ts"

// how much may be taken between two pauses: a few rows of the full width are more than the XML they are made of
const restCells = 200_000
const restLength = 4 * 1024 * 1024

/** See the file's first sentence. */
export class SheetScanner implements Visitor {
  /** The areas of merged cells, known after the last row. */
  readonly merged: Array<string> = []
  /** The first and last positions of columns that are hidden, known before the first row. */
  readonly hiddenColumns: Array<readonly [number, number]> = []

  private rows: Array<RawRow> = []
  private taken = 0
  private takenLength = 0
  private inData = false
  private readonly row: SheetRowBuilder
  // the cell at hand
  private inCell = false
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
    this.row = new SheetRowBuilder(limits)
  }

  /** Set when nothing more can be read. */
  get failure(): Failure | undefined {
    return this.row.failure
  }

  /** The rows that became complete since the last call. From now on `width` columns are wanted. */
  take(width: number): ReadonlyArray<RawRow> {
    const { rows } = this
    this.rows = []
    this.taken = this.takenLength = 0
    this.row.width = width
    return rows
  }

  ahead(text: string, at: number): number {
    return this.row.isOpen && !this.inCell ? readCells(text, at, this.row, this.shared) : at
  }

  open(name: string, text: string, from: number, to: number): void {
    if (this.inCell) {
      if (name === "v") this.inValue = this.hasValue = true
      else if (name === "f") this.hasFormula = true
      else if (name === "is") this.inInline = true
      else if (this.inInline) this.runs.open(name)
    } else if (name === "c") {
      if (this.row.isOpen) this.openCell(text, from, to)
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
      else if (name === "c") {
        this.inCell = false
        this.row.put(this.read())
      } else if (this.inInline) this.runs.close(name)
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
      if (this.value.length > this.limits.cellLength) {
        this.value = ""
        this.row.tooLong()
      }
    } else if (this.inInline) {
      this.runs.add(text, from, to, plain)
      if (this.runs.length > this.limits.cellLength) {
        this.runs.take()
        this.row.tooLong()
      }
    }
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
    else this.row.failure ??= beyond("has too many areas of merged cells", this.limits.mergedAreas, "mergedAreas")
  }

  private openRow(text: string, from: number, to: number): void {
    let reference = ""
    let isHidden = false
    eachAttribute(text, from, to, (nameFrom, nameTo, valueFrom, valueTo) => {
      if (nameTo - nameFrom === 1 && text.charCodeAt(nameFrom) === 114) reference = text.slice(valueFrom, valueTo)
      else if (nameTo - nameFrom === 6 && text.startsWith("hidden", nameFrom)) {
        isHidden = text.startsWith("1", valueFrom) || text.startsWith("true", valueFrom)
      }
    })
    this.row.begin(reference, isHidden)
  }

  private closeRow(): void {
    if (!this.row.isOpen) return
    const row = this.row.end()
    if (row === undefined) return
    this.rows.push(row)
    this.taken += row.cells.length
    this.takenLength += row.length
  }

  private openCell(text: string, from: number, to: number): void {
    this.inCell = true
    this.type = "n"
    this.style = 0
    this.hasFormula = this.hasValue = false
    this.value = ""
    let reference: string | undefined
    eachAttribute(text, from, to, (nameFrom, nameTo, valueFrom, valueTo) => {
      if (nameTo - nameFrom !== 1) return
      const name = text.charCodeAt(nameFrom)
      if (name === 114) reference = text.slice(valueFrom, valueTo)
      else if (name === 115) this.style = Number(text.slice(valueFrom, valueTo))
      else if (name === 116) this.type = text.slice(valueFrom, valueTo)
    })
    if (reference === undefined) this.row.column++
    else this.moveTo(reference)
  }

  private moveTo(reference: string): void {
    let column = 0
    let at = 0
    for (; at < reference.length; at++) {
      const letter = (reference.charCodeAt(at) | 32) - 96
      if (letter < 1 || letter > 26) break
      column = column * 26 + letter
    }
    this.row.moveTo(column - 1, reference, reference.slice(at))
  }

  private read(): CellValue {
    const { type, value, hasFormula } = this
    if (type === "inlineStr") return this.runs.take()
    if (hasFormula && (!this.hasValue || (value === "" && type !== "str"))) {
      return this.row.problem(
        "xlsx.no-cached-value",
        "the formula has no saved result; open the workbook in Excel and save it again",
        "",
      )
    }
    if (!this.hasValue) return null
    switch (type) {
      case "n": {
        const number = SheetCell.number(value, this.style, this.shared)
        return number === undefined ? this.bad(`expected a number, found ${value}`) : number
      }
      case "s": {
        const text = value.trim() === "" ? undefined : this.shared.texts.at(Number(value))
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
        return this.row.problem("xlsx.error-cell", `the cell shows the error ${value}`, value)
      case "d":
        return SheetCell.iso(value) ?? this.bad(`expected a date such as 2024-01-31T10:30:00, found ${value}`)
      default:
        return this.bad(`there is no kind of cell ${type}`)
    }
  }

  private bad(message: string): null {
    return this.row.problem("xlsx.bad-cell", message, this.value)
  }
}
