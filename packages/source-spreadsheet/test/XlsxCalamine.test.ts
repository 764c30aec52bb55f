import { expect, test } from "vitest"
import { CsvSource, XlsxSource } from "../src/index.ts"
import { dataFile, describeData, failureOf, objectsOf, read } from "./support/reading.ts"

describeData("calamine's workbooks", () => {
  const source = (name: string, options: Partial<XlsxSource.Options> = {}) =>
    XlsxSource.make({ file: dataFile(`xlsx/calamine/${name}.xlsx`), headers: ["A", "B", "C", "D"], ...options })
  const rows = async (name: string, options: Partial<XlsxSource.Options> = {}) => {
    const table = await read(source(name, options))
    return table.rows.map((row, at) => [table.labels[at], ...row])
  }

  test.each(["date", "date_1904"])("%s: dates and an elapsed time", async (name) => {
    expect(await rows(name)).toEqual([
      [1, "2021-01-01", 15],
      [2, "2021-01-02", 16],
      [3, "255:10:10", 17],
    ])
  })

  test("date_iso: dates as ISO text", async () => {
    expect((await rows("date_iso")).slice(0, 3)).toEqual([
      [1, "2021-01-01"],
      [2, "2021-01-01T10:10:10"],
      [3, "10:10:10"],
    ])
  })

  test("date_quoted_format: format codes with quoted text, locales and eras", async () => {
    expect((await rows("date_quoted_format")).map((row) => row[1])).toEqual(Array.from({ length: 4 }, () => "2021-01-01"))
  })

  test("any_sheets: the first sheet that is not hidden; others by name or position; a chart is none", async () => {
    const visible = [
      [1, 1, 2],
      [2, 3, 4],
      [3, 5, 6],
      [5, "This workbook contains 4 sheets: Visible, Hidden, VeryHidden and Chart"],
    ]
    expect(await rows("any_sheets")).toEqual(visible)
    expect(await rows("any_sheets", { sheet: "Visible" })).toEqual(visible)
    expect(await rows("any_sheets", { sheet: 0 })).toEqual(visible)
    expect(await rows("any_sheets", { sheet: "Hidden" })).toEqual([])
    expect(await rows("any_sheets", { sheet: 2 })).toEqual([])
    for (const sheet of ["Chart", 3, -1]) {
      expect((await failureOf(source("any_sheets", { sheet }))).error).toMatchObject({
        reason: "NotFound",
        message: `any_sheets.xlsx has no sheet ${JSON.stringify(sheet)}; it has "Visible", "Hidden", "VeryHidden"`,
      })
    }
  })

  test("column_row_ranges: both sheets", async () => {
    expect(await rows("column_row_ranges")).toEqual([1, 2, 3, 4, 5].map((row) => [row, 0, 0, 0]))
    const ranges = await rows("column_row_ranges", { sheet: "Row ranges", headers: ["A", "B", "C", "D", "E"] })
    expect(ranges).toEqual([1, 2, 3].map((row) => [row, 0, 0, 0, 0, 0]))
  })

  test("empty_sheet, empty_shared_string", async () => {
    expect(await rows("empty_sheet")).toEqual([])
    expect((await failureOf(XlsxSource.make({ file: dataFile("xlsx/calamine/empty_sheet.xlsx") }))).error).toMatchObject({
      reason: "Malformed",
      message: "empty_sheet.xlsx!Sheet1: the sheet is empty, not even a header is there",
    })
    expect(await rows("empty_shared_string")).toEqual([[1, "abc"]])
  })

  test("encoded_entities, has_x000D_", async () => {
    expect(await rows("encoded_entities")).toEqual([
      [1, "&"],
      [2, "\n"],
    ])
    expect(await rows("has_x000D_")).toEqual([[1, "ABC\r\nDEF"]])
  })

  test("errors: each error cell is an issue, its row is there", async () => {
    const table = await read(source("errors"))
    expect(table.labels).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(table.rows).toEqual(Array.from({ length: 7 }, () => []))
    expect(table.issues).toEqual(
      ["#DIV/0!", "#NAME?", "#VALUE!", "#NULL!", "#REF!", "#NUM!", "#N/A"].map(
        (error, at) => `${at + 1} xlsx.error-cell A: the cell shows the error ${error}`,
      ),
    )
  })

  test("formula.issue: formulas give their saved results, with their kind", async () => {
    const table = await read(source("formula.issue", { headers: [..."ABCDEFGHIJ"] }))
    expect(objectsOf(table).map((row) => [row["A"], row["C"], row["G"], row["J"]])).toEqual([
      [23, 23, undefined, undefined],
      [null, null, 2, undefined],
      [null, null, null, "US"],
    ])
    expect(table.labels).toEqual([1, 13, 14])
    expect(table.issues).toEqual([])
  })

  test("header-row: the header is the first row that is not empty, or the one that is named", async () => {
    const file = dataFile("xlsx/calamine/header-row.xlsx")
    expect((await read(XlsxSource.make({ file }))).columns).toEqual(["column 1", "column 2", "Note 1"])
    const table = await read(XlsxSource.make({ file, headerRow: 9 }))
    expect(objectsOf(table)).toEqual([{ Columns: "put data here", "Column A": 1, "Column B": 2, "Column C": 3 }])
    expect(table.labels).toEqual([10])
    for (const headerRow of [8, 99]) {
      const { error } = await failureOf(XlsxSource.make({ file, headerRow }))
      expect(error.message).toBe(`header-row.xlsx!Sheet1: row ${headerRow} holds no header`)
    }
  })

  test("hyperlinks, inventory-table", async () => {
    expect((await rows("hyperlinks")).slice(0, 2)).toEqual([
      [1, "calamine repo", "mail link"],
      [2, "Rust Programming Language"],
    ])
    expect(await rows("hyperlinks", { sheet: "Sheet2" })).toEqual([[5, null, "target cell"]])
    expect(await read(XlsxSource.make({ file: dataFile("xlsx/calamine/inventory-table.xlsx") }))).toEqual({
      columns: ["Item", "Type", "Quantity"],
      rows: [
        [1, "Apple", 50],
        [2, "Banana", 200],
        [3, "Orange", 60],
        [4, "Pear", 100],
      ],
      labels: [2, 3, 4, 5],
      issues: [],
      notices: [],
    })
  })

  test("inlineStr_cdata, inlineStr_with_value", async () => {
    expect(await rows("inlineStr_cdata")).toEqual([
      [1, "Hello CDATA", "World"],
      [2, "12345", "NormalText"],
    ])
    const table = await read(XlsxSource.make({ file: dataFile("xlsx/calamine/inlineStr_with_value.xlsx") }))
    expect(table.columns).toEqual(["NN", "Hierarchy", "column 3", "Outline Number", "ID", "Name", "Type", "Description"])
    expect(table.rows).toEqual([[1, "+", null, "1.", "RQ11610", "requirement", "Textual Requirement", "test"]])
  })

  test("merge_cells: the first cell of each area has the value, and it is told", async () => {
    const table = await read(source("merge_cells"))
    expect(table.rows).toEqual([
      ["Row Merge", null, "Not Merged"],
      ["Column Merge", "Chunk Merged"],
    ])
    expect(table.notices).toEqual([
      "xlsx.merged-cells: Cells are merged (A1:B1, A2:A4, B2:D4); only the first cell of each area has its value.",
    ])
  })
})

describeData("one catalog as CSV and as XLSX", () => {
  // what a text codec makes of a cell
  const asText = (cell: unknown): string => (cell === null || cell === undefined ? "" : String(cell))

  test("bagisto: the same cells", async () => {
    const csv = await read(CsvSource.make({ file: dataFile("catalogs/bagisto/products.csv") }))
    const xlsx = await read(XlsxSource.make({ file: dataFile("catalogs/bagisto/products.xlsx") }))
    // the workbook has a column more, and nothing where the CSV has 0 in two others
    expect(xlsx.columns).toEqual([...csv.columns, "rma_rule_id"])
    expect(xlsx.labels).toEqual(csv.labels)
    expect(xlsx.rows.length).toBe(11)
    const zeroes = ["new", "featured"]
    const texts = (table: typeof csv) =>
      table.rows.map((row) => csv.columns.map((column, at) => (zeroes.includes(column) ? "" : asText(row[at]))))
    expect(texts(xlsx)).toEqual(texts(csv))
    expect(objectsOf(xlsx).every((row) => row["new"] === null && row["featured"] === null && row["rma_rule_id"] === 1)).toBe(true)
    expect([...xlsx.issues, ...xlsx.notices]).toEqual([])
  })
})
