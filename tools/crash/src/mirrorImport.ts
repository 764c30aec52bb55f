/**
 * The scenario of a mirror: records that the feed has no more are deleted, children before what they refer to, beside creates and updates, and a
 * field that people may edit is kept as they left it.
 *
 * @module
 */
import { Entity, Import, Mirror, type Sink } from "@waybill/core"
import { TestSource } from "@waybill/core/testing"
import { Schedule } from "effect"
import type { ProductRecord, Scenario } from "./Scenario.ts"
import { Brand, categoryFields, productFields, Row } from "./shop.ts"

const Category = Entity.make("category", { schema: categoryFields, key: "slug" })
const Product = Entity.make("product", {
  schema: productFields,
  key: "sku",
  references: { brand: Brand, category: Category },
  ownership: { title: "keepEdits" },
})

// the first have categories that nothing else has, and are gone in the feed as these are
const gone = 9

const product = (at: number): ProductRecord => ({
  sku: `M-${at}`,
  title: `Chair ${at}`,
  price: `${1 + at}.25`,
  brand: `b${at % 2}`,
  category: at % 4 === 0 ? null : at < gone ? `gone-${at % 3}` : "seat",
})

// of those that stay, some have another title, some another price, some both
const renewed = (at: number): ProductRecord => ({
  ...product(at),
  ...(at % 3 === 0 ? { title: `Armchair ${at}` } : {}),
  ...(at % 6 < 2 ? { price: `${at}.75` } : {}),
})

const range = (from: number, to: number): ReadonlyArray<number> => Array.from({ length: to - from }, (_, at) => from + at)

const sourceOf = (products: ReadonlyArray<ProductRecord>, hashed: boolean) =>
  TestSource.make({
    columns: Object.keys(product(0)),
    rows: products.map(({ brand, category, price, sku, title }) => [sku, title, price, brand, category]),
    pageRows: 8,
    hashed,
  })

const importOf = (name: string, sink: Sink.Sink, options: Partial<Import.Options<typeof Row.Type>>): Import.Import =>
  Import.make({
    name,
    row: Row,
    entities: [Brand, Category, Product],
    map: (row) => [
      Brand.of({ code: row.brand, title: `Brand ${row.brand}` }),
      ...(row.category === null ? [] : [Category.of({ slug: row.category, title: `Category ${row.category}` })]),
      Product.of({ ...row }),
    ],
    sink,
    onConflict: "skip",
    allowPartial: true,
    limits: { batch: 5 },
    retry: Schedule.recurs(3),
    ...options,
  })

/** See the file's first sentence. */
export const mirrorImport: Scenario = {
  name: "mirror",
  before: { brands: [], categories: [], products: [] },
  former: {
    definition: (sink) => importOf("former", sink, { limits: {} }),
    source: sourceOf(range(0, 24).map(product), true),
    edit: async (scene) =>
      scene.write([
        // titles that somebody made better: the feed has new ones for two of them, and one of these a new price also
        { ...product(12), title: "Edited" },
        { ...product(15), title: "Edited too" },
        { ...product(16), title: "Edited, and the feed has the former one" },
        { ...product(1), title: "Edited, and to be deleted" },
        // by hand, and as it was
        product(4),
      ]),
  },
  definition: (sink, transaction) =>
    importOf("mirror", sink, {
      transaction,
      mirrors: [Mirror.remove(Product, { maxShare: 1 }), Mirror.remove(Category, { maxShare: 1 })],
    }),
  sourceOf: (hashed) => sourceOf(range(gone, 28).map(renewed), hashed),
  meddle: async (scene, transaction) => {
    await scene.write([
      // one that is to be deleted changes, and with it stays; so does one that is to be updated
      { ...product(2), price: "99.00", category: "seat" },
      { ...product(18), price: "99.00" },
      // a category that is to be deleted is wanted again, which ends an atomic commit
      ...(transaction === "batched" ? [{ ...product(40), category: "gone-0" }] : []),
    ])
    // one that is to be deleted is gone already
    await scene.remove(product(3).sku)
  },
  afterwards: async (scene, goal) => {
    if (goal === "import") await scene.remove(product(25).sku)
    await scene.write([
      { ...product(26), title: "Changed afterwards" },
      { ...renewed(9), price: "98.00" },
      // one that was deleted is made again, as it was to the last value
      product(4),
      // and one that was, and is another one now
      { ...product(7), price: "97.00", category: null },
    ])
  },
  undoes: true,
}
