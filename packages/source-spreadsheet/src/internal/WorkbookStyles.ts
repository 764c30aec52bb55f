/**
 * The cell styles of a workbook, as far as they show numbers.
 */
import * as NumberFormat from "./NumberFormat.ts"
import { type Failure, wrong } from "./XlsxLimits.ts"
import { attributes, type Visitor } from "./Xml.ts"

// Excel has at most 65,490 styles, and 250 formats of a workbook's own
const mostStyles = 100_000

/** How each cell style shows numbers. */
export class WorkbookStyles implements Visitor {
  readonly styles: Array<NumberFormat.CellFormat> = []
  failure: Failure | undefined
  private readonly own = new Map<number, NumberFormat.CellFormat>()
  private inCellFormats = false

  open(element: string, text: string, from: number, to: number): void {
    if (element === "numFmt") {
      const values = attributes(text, from, to)
      if (this.own.size < mostStyles) {
        this.own.set(Number(values.get("numFmtId")), NumberFormat.own(values.get("formatCode") ?? ""))
      } else this.failure = wrong("has too many number formats for a workbook")
    } else if (element === "cellXfs") this.inCellFormats = true
    else if (element === "xf" && this.inCellFormats) {
      const id = Number(attributes(text, from, to).get("numFmtId") ?? 0)
      if (this.styles.length < mostStyles) this.styles.push(this.own.get(id) ?? NumberFormat.builtin(id))
      else this.failure = wrong("has too many cell styles for a workbook")
    }
  }

  close(element: string): void {
    if (element === "cellXfs") this.inCellFormats = false
  }

  text(): void {}
}
