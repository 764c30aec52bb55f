import ExcelJS from "exceljs"
import { expect, test } from "vitest"
import { XlsxSource } from "../src/index.ts"
import { pagesOf, read } from "./support/reading.ts"

const words = ["Işık", "Şalter", "Çoğaltıcı", "Güç", "Röle", "ÖLÇÜ", "İğne", "ağır", "€", "日本語", "😀"]

// the n-th text: words in an order of its own, so that no two rows break at the same place
const title = (n: number): string =>
  Array.from({ length: 3 + (n % 9) }, (_, at) => words[(n * 7 + at * at) % words.length]).join(" ")

const count = 10_000

const written = async (useSharedStrings: boolean): Promise<Buffer> => {
  const workbook = new ExcelJS.Workbook()
  const sheet = workbook.addWorksheet("Ürünler")
  sheet.addRow(["sku", "title", "price", "active", "date", "note"])
  for (let n = 1; n <= count; n++) {
    sheet.addRow([
      `SKU-${n}`,
      title(n),
      n / 4,
      n % 2 === 0,
      new Date(Date.UTC(2024, 0, 1, 0, 0, n)),
      n % 3 === 0 ? { richText: [{ text: "kalın ", font: { bold: true } }, { text: title(n) }] } : null,
    ])
  }
  sheet.getColumn(5).numFmt = "dd.mm.yyyy hh:mm:ss"
  return Buffer.from(
    await (workbook.xlsx as ExcelJS.Xlsx & { writeBuffer: (options: object) => Promise<ExcelJS.Buffer> }).writeBuffer({
      useSharedStrings,
    }),
  )
}

test.each([true, false])(
  "10,000 rows of Turkish text written by exceljs read back; shared texts: %s",
  async (useSharedStrings) => {
    const bytes = await written(useSharedStrings)
    const source = XlsxSource.make({ bytes, name: "ürünler.xlsx", aliases: { name: ["TİTLE"] } })
    const table = await read(source)
    expect(table.columns).toEqual(["sku", "name", "price", "active", "date", "note"])
    expect(table.notices).toEqual(['header.renamed: Header "title" is read as name.'])
    expect(table.issues).toEqual([])
    expect(table.labels).toEqual(Array.from({ length: count }, (_, at) => at + 2))
    const second = (n: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, n)).toISOString().slice(0, 19)
    const expected = Array.from({ length: count }, (_, at) => {
      const n = at + 1
      const row = [`SKU-${n}`, title(n), n / 4, n % 2 === 0, second(n)]
      return n % 3 === 0 ? [...row, `kalın ${title(n)}`] : row
    })
    expect(table.rows).toEqual(expected)

    const pages = await pagesOf(source)
    expect(pages.map((page) => page.rows.length)).toEqual([2_000, 2_000, 2_000, 2_000, 2_000])
    expect(await pagesOf(source, pages[3]!.cursor)).toEqual(pages.slice(4))
    expect(await pagesOf(source, pages[4]!.cursor)).toEqual([])
  },
)
