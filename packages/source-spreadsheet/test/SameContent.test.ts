/**
 * One product list makes one snapshot, whether it comes as CSV or as a workbook: the same Import seals the same hash.
 */
import { Cell, Engine, Entity, Field, Import, type Source } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { Effect, Layer, Logger, Schema } from "effect"
import { expect, test } from "vitest"
import { CsvSource, XlsxSource } from "../src/index.ts"
import { dataFile, describeData } from "./support/reading.ts"
import { workbook } from "./support/workbooks.ts"

const validate = (definition: Import.Import, source: Source.Source) =>
  Effect.runPromise(
    Effect.provide(
      Engine.validate(definition, source),
      Layer.mergeAll(MemoryJobStore.layer, MemorySnapshotStore.layer, Logger.layer([])),
    ),
  )

const sealed = async (definition: Import.Import, source: Source.Source) => {
  const { counts, snapshot, status } = await validate(definition, source)
  expect(status).toBe("pending")
  return { hash: snapshot?.hash, processed: counts.processed, imported: counts.imported, rejected: counts.rejected }
}

describeData("bagisto's product list", () => {
  const text = () => Cell.optional(Cell.text())
  const cells = {
    sku: Cell.text(),
    type: Cell.text(),
    categories: text(),
    name: Cell.text(),
    description: text(),
    short_description: text(),
    status: Cell.boolean(),
    visible_individually: Cell.boolean(),
    // the CSV has 0 where the workbook has nothing: both say that it is not
    new: Cell.optional(Cell.boolean()),
    featured: Cell.optional(Cell.boolean()),
    guest_checkout: Cell.integer(),
    weight: Cell.optional(Cell.decimal({ scale: 2 })),
    price: Cell.optional(Cell.decimal({ scale: 2 })),
    special_price: Cell.optional(Cell.decimal({ scale: 2 })),
    customer_group_prices: text(),
    url_key: Cell.text(),
    meta_keywords: text(),
    manage_stock: Cell.optional(Cell.boolean()),
    inventories: text(),
    related_skus: text(),
    configurable_variants: text(),
    bundle_options: text(),
    associated_skus: text(),
  }
  const long = () => Field.nullable(Field.text())
  const price = () => Field.nullable(Field.decimal({ scale: 2 }))
  const Product = Entity.make("product", {
    schema: {
      sku: Field.text(),
      type: Field.text(),
      categories: long(),
      name: Field.text(),
      description: long(),
      short_description: long(),
      status: Field.boolean(),
      visible_individually: Field.boolean(),
      new: Field.boolean(),
      featured: Field.boolean(),
      guest_checkout: Field.integer(),
      weight: price(),
      price: price(),
      special_price: price(),
      customer_group_prices: long(),
      url_key: Field.text(),
      meta_keywords: long(),
      manage_stock: Field.nullable(Field.boolean()),
      inventories: long(),
      related_skus: long(),
      configurable_variants: long(),
      bundle_options: long(),
      associated_skus: long(),
    },
    key: "sku",
  })
  const row = Schema.Struct(cells)
  const definition = Import.make({
    name: "bagisto",
    row,
    entities: [Product],
    map: (product) => [Product.of({ ...product, new: product.new ?? false, featured: product.featured ?? false })],
    sink: MemorySink.make(),
  })

  test("products.csv and products.xlsx seal the same hash, with numbers as they are stored and as they are shown", async () => {
    const csv = await sealed(definition, CsvSource.make({ file: dataFile("catalogs/bagisto/products.csv") }))
    const xlsx = await sealed(definition, XlsxSource.make({ file: dataFile("catalogs/bagisto/products.xlsx") }))
    expect(csv).toMatchObject({ processed: 11, imported: 11, rejected: 0 })
    expect(xlsx).toEqual(csv)
    const shown = await sealed(definition, XlsxSource.make({ file: dataFile("catalogs/bagisto/products.xlsx"), values: "shown" }))
    expect(shown).toEqual(csv)
  })
})

test("numbers, dates, booleans, long digits and empty cells are the same from either", async () => {
  const row = Schema.Struct({
    sku: Cell.text(),
    price: Cell.decimal(),
    stock: Cell.integer(),
    active: Cell.boolean(),
    since: Cell.optional(Cell.date()),
    barcode: Cell.text(),
    note: Cell.optional(Cell.text()),
  })
  const Product = Entity.make("product", {
    schema: {
      sku: Field.text(),
      price: Field.decimal(),
      stock: Field.integer(),
      active: Field.boolean(),
      since: Field.nullable(Field.date()),
      barcode: Field.text(),
      note: Field.nullable(Field.text()),
    },
    key: "sku",
  })
  const definition = Import.make({
    name: "products",
    row,
    entities: [Product],
    map: Import.columns(Product),
    sink: MemorySink.make(),
  })
  const csv = (price: string) =>
    CsvSource.make({
      name: "products.csv",
      bytes: Buffer.from(
        `sku,price,stock,active,since,barcode,note\nA-1,${price},3,true,2024-01-31,86900000000000000017,"two\nlines"\n100,0.1,0,false,,8690000000001,\n`,
      ),
    })
  const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`
  const number = (value: string, style = 0) => `<c s="${style}"><v>${value}</v></c>`
  const heads = ["sku", "price", "stock", "active", "since", "barcode", "note"].map(text).join("")
  const first = `${text("A-1")}${number("12.5")}${number("3")}<c t="b"><v>1</v></c>${number("45322", 1)}${number("86900000000000000017")}${text("two\nlines")}`
  const second = `${number("100")}${number("0.1")}${number("0")}<c t="b"><v>0</v></c><c/>${number("8690000000001")}<c t="str"><f>""</f><v></v></c>`
  const xlsx = XlsxSource.make({
    name: "Lieferung.xlsx",
    bytes: workbook({
      sheet: `<sheetData><row>${heads}</row><row>${first}</row><row>${second}</row></sheetData>`,
      styles: '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>',
    }),
  })
  const fromCsv = await sealed(definition, csv("12.5"))
  expect(fromCsv).toMatchObject({ imported: 2 })
  expect(await sealed(definition, xlsx)).toEqual(fromCsv)
  expect((await sealed(definition, csv("12.51"))).hash).not.toBe(fromCsv.hash)
})
