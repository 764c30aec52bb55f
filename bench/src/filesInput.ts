/**
 * The files that the readers read: one CSV, and one workbook as exceljs writes it.
 *
 * @module
 */
import { mkdir, rename, stat } from "node:fs/promises"
import { join } from "node:path"
import exceljs from "exceljs"
import { cachedFile, cacheFolder } from "./cache.ts"
import { filesColumns, filesRows, filesVersion } from "./filesRows.ts"

const seed = 20_251_001

const quoted = (cell: string | number): string =>
  typeof cell === "string" && /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : String(cell)

/** The CSV of this many products; its path. */
export const csvFile = (rows: number): Promise<string> => {
  const next = filesRows(seed)
  return cachedFile(
    `products-${rows}-seed${seed}-v${filesVersion}.csv`,
    `${filesColumns.join(",")}\n`,
    rows,
    () => `${next().map(quoted).join(",")}\n`,
  )
}

/** The workbook of this many products; its path. */
export const xlsxFile = async (rows: number): Promise<string> => {
  const path = join(cacheFolder, `products-${rows}-seed${seed}-v${filesVersion}.xlsx`)
  if (await stat(path).catch(() => undefined)) return path
  await mkdir(cacheFolder, { recursive: true })
  const unfinished = `${path}.${process.pid}.tmp`
  const workbook = new exceljs.stream.xlsx.WorkbookWriter({ filename: unfinished, useSharedStrings: true })
  const sheet = workbook.addWorksheet("Products")
  sheet.addRow([...filesColumns]).commit()
  const next = filesRows(seed)
  for (let at = 0; at < rows; at++) sheet.addRow(next().map((cell) => (cell === "" ? null : cell))).commit()
  sheet.commit()
  await workbook.commit()
  await rename(unfinished, path)
  return path
}
