/**
 * The generated workbook, and the pieces that turn its words into the shop's.
 */
import { createHash } from "node:crypto"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import ExcelJS from "exceljs"
import { afterAll, beforeAll, expect, test } from "vitest"
import { badRows, generateWorkbook } from "../src/index.ts"
import { slugOf, titleOf } from "../src/slug.ts"
import { specNames } from "../src/specs.ts"
import { turkishNumber } from "../src/workbook/mess.ts"

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "waybill-workbook-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const write = async (name: string, options: Parameters<typeof generateWorkbook>[1]): Promise<string> => {
  const path = join(folder, name)
  await Effect.runPromise(generateWorkbook(path, options))
  return path
}

const hash = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex")

test("the same options give the same bytes, others give others", async () => {
  const first = await hash(await write("a.xlsx", { rows: 60, seed: 7 }))
  // zip files keep the time in steps of two seconds
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  expect(await hash(await write("b.xlsx", { rows: 60, seed: 7 }))).toBe(first)
  expect(await hash(await write("c.xlsx", { rows: 60, seed: 8 }))).not.toBe(first)
  expect(await hash(await write("d.xlsx", { rows: 60, seed: 7, delivery: 2 }))).not.toBe(first)
})

test("it is a workbook that Excel's format library reads, with its mess in place", async () => {
  const workbook = new ExcelJS.Workbook()
  await workbook.xlsx.readFile(await write("mess.xlsx", { rows: 60, seed: 1 }))
  const sheet = workbook.getWorksheet("Katalog")!
  expect(sheet.rowCount).toBe(61)
  const heading = sheet.getRow(1).values as ReadonlyArray<string>
  const cell = (row: number, name: string) => sheet.getRow(row + 1).getCell(heading.indexOf(name)).value
  expect(heading.filter((name) => name !== undefined).length).toBe(13 + specNames.length)
  expect(cell(badRows.brand, "Marka")).toBeNull()
  expect(cell(badRows.price, "Liste Fiyatı")).toBe("sorunuz")
  expect(cell(badRows.date, "Satış Başlangıcı")).toBe("31.02.2026")
  expect(cell(badRows.formula, "Liste Fiyatı")).toStrictEqual({ error: "#N/A" })
  expect(cell(badRows.barcode, "Barkod")).toBe(String(cell(badRows.barcode - 1, "Barkod")))
  expect(cell(40, "Model Kodu")).toBe(cell(39, "Model Kodu"))
  expect(cell(20, "Liste Fiyatı")).toMatch(/^\d{1,3}(\.\d{3})?,\d{2}$/)
  expect(cell(1, "Satış Başlangıcı")).toBeInstanceOf(Date)
})

test("fewer rows than the mess needs are a defect", async () => {
  await expect(write("few.xlsx", { rows: 59, seed: 1 })).rejects.toThrow("at least 60 rows")
})

test.each([
  ["Gökkuşağı Masa Lambası", "gokkusagi-masa-lambasi"],
  ["IŞIK", "isik"],
  ["İğne  Oyası (2'li)", "igne-oyasi-2-li"],
  ["Ürgüp–Kapadokya ", "urgup-kapadokya"],
])("%s becomes %s", (name, slug) => {
  expect(slugOf(name)).toBe(slug)
})

test("a title is made of a slug, and a number is written as in Turkey", () => {
  expect(titleOf("gece-mavisi")).toBe("Gece mavisi")
  expect([turkishNumber(1234.5, 2), turkishNumber(999, 0), turkishNumber(1_234_567.891, 1)]).toStrictEqual([
    "1.234,50",
    "999",
    "1.234.567,9",
  ])
})
