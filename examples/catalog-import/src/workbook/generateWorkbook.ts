/**
 * Writes the workbook that the purchasing department would send, mess included; the same options give the same bytes.
 *
 * @module
 */
import { writeFile } from "node:fs/promises"
import { Effect } from "effect"
import ExcelJS from "exceljs"
import { headings, type Row } from "../Row.ts"
import type { specNames } from "../specs.ts"
import { type Article, article } from "./articles.ts"
import { badRows, leastRows, newcomers, nothing, padded, turkishNumber } from "./mess.ts"
import { withoutTimes } from "./withoutTimes.ts"

/** What the workbook is to hold. */
export interface Options {
  /** Data rows, at least 60. */
  readonly rows: number
  readonly seed: number
  /** The first delivery by default. In the second, every tenth price is another, and there are 6 rows more. */
  readonly delivery?: 1 | 2
}

type CellValue = string | number | Date | null | { readonly error: "#N/A" }

const columns = Object.keys(headings) as ReadonlyArray<keyof Row>

// a cell of a row, as somebody typed it
const cellOf = (column: keyof Row, of: Article, row: number): CellValue => {
  switch (column) {
    case "category":
      return padded(of.category, row)
    case "series":
      return (newcomers.series as ReadonlyArray<number>).includes(row) ? "Gece Mavisi" : of.series
    case "brand":
      if (row === badRows.brand) return null
      if (row === badRows.contradiction) return "Göksu"
      return (newcomers.brand as ReadonlyArray<number>).includes(row) ? "Yeni Ufuk" : padded(of.brand, row)
    case "title_tr":
      return padded(of.titleTr, row + 1)
    case "title_en":
      return of.titleEn === null ? nothing(row) : padded(of.titleEn, row + 2)
    case "model_code":
      return of.modelCode
    case "barcode":
      return row % 3 === 0 ? Number(of.barcode) : of.barcode
    case "width":
      return row % 4 === 0 ? turkishNumber(of.width, 1) : of.width
    case "depth":
      return row % 6 === 0 ? nothing(row) : of.depth
    case "height":
      return of.height
    case "price":
      if (row === badRows.price) return "sorunuz"
      if (row === badRows.formula) return { error: "#N/A" }
      if (row === badRows.free) return 0
      return row % 5 === 0 ? turkishNumber(of.price, 2) : of.price
    case "currency":
      return of.currency
    case "available_from":
      if (row === badRows.date) return "31.02.2026"
      return row % 3 === 0 ? of.availableFrom.split("-").reverse().join(".") : new Date(`${of.availableFrom}T00:00:00Z`)
    default: {
      const spec = of.specs[column.slice("spec_".length) as (typeof specNames)[number]]
      return spec ?? (row % 10 === 0 ? nothing(row) : null)
    }
  }
}

const articleOf = (row: number, { delivery, seed }: Options): Article => {
  const made = article(row, seed)
  const repeated = row % 40 === 0
  return {
    ...made,
    // the model code of the row before, once more
    modelCode: repeated ? article(row - 1, seed).modelCode : made.modelCode,
    barcode: row === badRows.barcode ? article(row - 1, seed).barcode : made.barcode,
    price: delivery === 2 && row % 10 === 0 ? Math.round(made.price * 100 + 1_000) / 100 : made.price,
  }
}

const build = async (options: Options): Promise<Uint8Array> => {
  const workbook = new ExcelJS.Workbook()
  const moment = new Date("2026-01-15T08:00:00Z")
  workbook.created = moment
  workbook.modified = moment
  workbook.creator = "Satın Alma"
  const sheet = workbook.addWorksheet("Katalog")
  sheet.addRow(columns.map((column) => headings[column]))
  const rows = options.rows + (options.delivery === 2 ? 6 : 0)
  for (let row = 1; row <= rows; row++) {
    const of = articleOf(row, options)
    sheet.addRow(columns.map((column) => cellOf(column, of, row)))
  }
  sheet.getColumn(columns.indexOf("available_from") + 1).numFmt = "dd.mm.yyyy"
  return withoutTimes(new Uint8Array(await workbook.xlsx.writeBuffer()))
}

/** Writes the workbook to a path. Fewer than 60 rows are a defect: they have no place for all of the mess. */
export const generateWorkbook = (path: string, options: Options): Effect.Effect<void> =>
  options.rows < leastRows
    ? Effect.die(new RangeError(`the workbook needs at least ${leastRows} rows`))
    : Effect.promise(async () => writeFile(path, await build(options)))
