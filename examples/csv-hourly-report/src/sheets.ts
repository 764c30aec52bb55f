/**
 * Sheets of the report workbooks: tables with a header that stays in sight, widths that fit, and numbers as numbers.
 *
 * @module
 */
import { Color, Format, FormatAlign, FormatBorder, type Workbook, type Worksheet } from "wasm-xlsxwriter"

/** A column of a table: what it is called, how it is shown, how wide it is in characters. */
export interface Column<Row> {
  readonly title: string
  readonly width: number
  /** A number format, such as `#,##0.00`; text without one. */
  readonly format?: string
  readonly value: (row: Row) => string | number
}

/** The colour of headers and of the first series in charts; the colour of the second. */
export const colours = { first: 0x1f4e79, second: 0xc55a11 } as const

/** A colour by its red, green and blue. */
export const colour = (rgb: number): Color => Color.rgb(rgb)

const header = (isNumber: boolean): Format =>
  new Format()
    .setAlign(isNumber ? FormatAlign.Right : FormatAlign.Left)
    .setBold()
    .setFontColor(Color.white())
    .setBackgroundColor(colour(colours.first))
    .setAlign(FormatAlign.VerticalCenter)
    .setTextWrap()

const bottomLine = (): Format => new Format().setBold().setBorderTop(FormatBorder.Thin)

/** Adds a sheet with a line above its table that says what it holds. Texts are written as texts, so that none becomes a formula. */
export const addTable = <Row>(
  workbook: Workbook,
  name: string,
  about: string,
  columns: ReadonlyArray<Column<Row>>,
  rows: ReadonlyArray<Row>,
): Worksheet => {
  const sheet = workbook.addWorksheet().setName(name)
  sheet.writeStringWithFormat(0, 0, about, new Format().setBold().setFontSize(13))
  const top = 2
  const formats = columns.map(({ format }) => (format === undefined ? new Format() : new Format().setNumFormat(format)))
  for (const [at, { format, title, width }] of columns.entries()) {
    sheet.writeStringWithFormat(top, at, title, header(format !== undefined))
    sheet.setColumnWidth(at, width)
  }
  for (const [index, row] of rows.entries())
    for (const [at, column] of columns.entries()) {
      const value = column.value(row)
      if (typeof value === "number") sheet.writeNumberWithFormat(top + 1 + index, at, value, formats[at]!)
      else sheet.writeString(top + 1 + index, at, value)
    }
  if (rows.length > 0) sheet.autofilter(top, 0, top + rows.length, columns.length - 1)
  return sheet
    .setFreezePanes(top + 1, 1)
    .setRepeatRows(0, top)
    .setLandscape()
    .setPrintFitToPages(1, 0)
}

/** The first row of data of a table, counted from 0. */
export const firstRow = 3

/** Writes a line of sums below a table; the numbers are the database's, not added up in the workbook. */
export const addSums = (
  sheet: Worksheet,
  row: number,
  label: string,
  values: ReadonlyArray<{ readonly at: number; readonly value: number; readonly format: string }>,
): void => {
  sheet.writeStringWithFormat(row, 0, label, bottomLine())
  for (const { at, format, value } of values) sheet.writeNumberWithFormat(row, at, value, bottomLine().setNumFormat(format))
}
