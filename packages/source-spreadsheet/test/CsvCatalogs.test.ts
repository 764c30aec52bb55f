import { readdirSync, readFileSync } from "node:fs"
import iconv from "iconv-lite"
import { expect, test } from "vitest"
import { CsvSource } from "../src/index.ts"
import { dataFile, describeData, objectsOf, read } from "./support/reading.ts"
import { encode } from "./support/writing.ts"

describeData("csv-spectrum", () => {
  const names = readdirSync(dataFile("csv/csv-spectrum/csvs")).map((file) => file.replace(".csv", ""))

  test("all cases are there", () => {
    expect(names.length).toBe(11)
  })

  // the copies of the two CRLF cases came with their line ends made LF; here they get them back
  const bytesOf = (name: string): Buffer => {
    const text = readFileSync(dataFile(`csv/csv-spectrum/csvs/${name}.csv`), "utf8")
    return Buffer.from(name.endsWith("_crlf") ? text.replace(/\r?\n/g, "\r\n") : text)
  }

  test.each(names)("%s reads as its JSON says", async (name) => {
    const table = await read(CsvSource.make({ bytes: bytesOf(name) }))
    expect(objectsOf(table)).toEqual(JSON.parse(readFileSync(dataFile(`csv/csv-spectrum/json/${name}.json`), "utf8")))
    expect(table.issues).toEqual([])
    expect(table.notices).toEqual([])
  })

  test.each(names.flatMap((name) => [["utf-16le", name] as const, ["utf-16be", name] as const]))(
    "in %s %s is the same",
    async (encoding, name) => {
      const bytes = encode(bytesOf(name).toString(), encoding, true)
      const table = await read(CsvSource.make({ bytes }))
      expect(objectsOf(table)).toEqual(JSON.parse(readFileSync(dataFile(`csv/csv-spectrum/json/${name}.json`), "utf8")))
      expect(table.issues).toEqual([])
    },
  )
})

describeData("real catalogs as CSV", () => {
  const catalog = (path: string, options: Partial<CsvSource.Options> = {}) =>
    read(CsvSource.make({ file: dataFile(`catalogs/${path}`), ...options }))

  test("medusa: the comma and the semicolon twin are the same table", async () => {
    const comma = await catalog("medusa/exported-products-comma.csv")
    const semicolon = await catalog("medusa/exported-products-semicolon.csv")
    expect(comma.notices).toEqual([])
    expect(semicolon.notices).toEqual([
      "csv.delimiter: The cells are parted by a semicolon, as detected: 4 of the first 4 rows have 56 cells.",
    ])
    expect(semicolon.columns).toEqual(comma.columns)
    expect(semicolon.rows).toEqual(comma.rows)
    expect(comma.columns.length).toBe(56)
    expect(comma.rows.map((row) => row[1])).toEqual(["base-product", "base-product", "proposed-product"])
    expect(comma.rows[0]![4]).toBe("test-product-description\ntest line 2")
    // two lines a row: the label is the first
    expect(comma.labels).toEqual([2, 4, 6])
  })

  test.each([
    ["filtered-products", 55, 1],
    ["invalid-column", 56, 1],
    ["invalid-prices", 55, 1],
    ["prices-with-region", 55, 1],
    ["product-with-categories", 57, 2],
    ["unrelated-column", 56, 1],
    ["v1-template", 43, 5],
  ])("medusa: %s has %i columns and %i rows", async (name, columns, rows) => {
    const table = await catalog(`medusa/${name}.csv`)
    expect([table.columns.length, table.rows.length, table.issues]).toEqual([columns, rows, []])
  })

  test("bagisto: products", async () => {
    const table = await catalog("bagisto/products.csv")
    const products = objectsOf(table)
    expect([table.columns.length, products.length, table.issues]).toEqual([38, 11, []])
    expect(products[0]).toMatchObject({ sku: "SP-001", parent_sku: "", name: "Arctic Cozy Knit Unisex Beanie" })
    expect((await catalog("bagisto/products-with-errors.csv")).rows.length).toBe(2)
  })

  test("spree: products and translations", async () => {
    const products = objectsOf(await catalog("spree/products.csv"))
    expect(products.length).toBe(211)
    expect(products[0]).toMatchObject({ slug: "automatic-espresso-machine", price: "0", category1: "Kitchen -> Coffee Machines" })
    const translations = objectsOf(await catalog("spree/product_translations.csv"))
    expect(translations.length).toBe(74)
    expect(translations[0]).toMatchObject({ slug: "automatic-espresso-machine", locale: "de", name: "Kaffeevollautomat" })
  })

  test("spree: translations saved by a program of Western Europe are the same, and it is told what they were taken for", async () => {
    const file = dataFile("catalogs/spree/product_translations.csv")
    const bytes = iconv.encode(readFileSync(file, "utf8"), "windows-1252")
    const [western, known] = [await read(CsvSource.make({ bytes })), await read(CsvSource.make({ file }))]
    expect(western.rows).toEqual(known.rows)
    expect(western.notices.map((notice) => notice.slice(0, 47))).toEqual(["csv.encoding: The text is read as windows-1252 "])
    expect(known.notices).toEqual([])
  })

  test("aliases give columns the names that a row schema wants", async () => {
    const table = await catalog("medusa/unrelated-column.csv", {
      aliases: { handle: ["product handle"], title: ["PRODUCT TITLE"] },
    })
    expect(table.columns).toContain("handle")
    expect(table.columns).not.toContain("Product Handle")
    expect(table.notices).toEqual([
      'header.renamed: Header "Product Title" is read as title, "Product Handle" is read as handle.',
    ])
  })
})

describeData("a real time series as CSV", () => {
  test("nyc-taxi: 10,000 trips in five pages", async () => {
    const table = await read(CsvSource.make({ file: dataFile("timeseries/nyc-taxi/yellow_tripdata_sample_2019-01.csv") }))
    expect([table.columns.length, table.rows.length, table.issues, table.notices]).toEqual([18, 10_000, [], []])
    expect(table.labels).toEqual(Array.from({ length: 10_000 }, (_, at) => at + 2))
  })
})
