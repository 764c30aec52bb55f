/**
 * The scenario of a small import with a little of everything that can become of a row.
 *
 * @module
 */
import { Entity, Import, type Sink, type Source } from "@waybill/core"
import { TestSource } from "@waybill/core/testing"
import { Schedule } from "effect"
import type { ProductRecord, Scenario, State } from "./Scenario.ts"
import { Brand, categoryFields, productFields, Row } from "./shop.ts"

const Category = Entity.make("category", {
  schema: categoryFields,
  key: "slug",
  create: (slug) => ({ slug, title: `new: ${slug}` }),
})

const Product = Entity.make("product", {
  schema: productFields,
  key: "sku",
  references: { brand: Brand, category: Category },
})

const brandOf = (at: number): string => `b${at % 3}`

const product = (at: number): ProductRecord => ({
  sku: `P-${at}`,
  title: `Lamp ${at}`,
  price: `${1 + at}.50`,
  brand: brandOf(at),
  // every seventh wants a category that is nowhere, some none at all
  category: at % 7 === 3 ? `new-${at % 2}` : at % 5 === 0 ? null : "old",
})

// with those that are wrong
const size = 240

// some as they are in the source, some that differ
const before: State = {
  brands: [["b0", "Brand b0"]],
  categories: [["old", "Old"]],
  products: Array.from({ length: 40 }, (_, at) => at * 5)
    .filter((at) => product(at).brand === "b0")
    .map((at): ProductRecord => (at % 2 === 0 ? product(at) : { ...product(at), title: "Former" })),
}

// one record changes, one that is to be created is there
const meddled: ReadonlyArray<ProductRecord> = [
  { ...product(15), title: "Changed meanwhile" },
  { ...product(61), title: "Made meanwhile", brand: "b0", category: null },
]

const rows: ReadonlyArray<ReadonlyArray<string | null>> = Array.from({ length: size }, (_, at) => {
  const { brand, category, price, sku, title } = product(at)
  // one has no number, one comes twice
  if (at === 90) return [sku, title, "cheap", brand, category]
  if (at === 171) return Object.values(product(170))
  return [sku, title, price, brand, category]
})

const sourceOf = (hashed: boolean): Source.Source =>
  TestSource.make({ columns: Object.keys(product(0)), rows, pageRows: 60, hashed })

const definition = (sink: Sink.Sink, transaction: Sink.Transaction): Import.Import =>
  Import.make({
    name: "small",
    row: Row,
    entities: [Brand, Category, Product],
    map: (row) => [
      Brand.of({ code: row.brand, title: `Brand ${row.brand}` }),
      Product.of({
        sku: row.sku,
        title: row.title,
        price: row.price,
        brand: row.brand,
        category: row.category ?? null,
      }),
    ],
    mode: "smart",
    sink,
    transaction,
    onConflict: "skip",
    allowPartial: true,
    limits: { batch: 60 },
    retry: Schedule.recurs(3),
  })

/** See the file's first sentence. */
export const smallImport: Scenario = {
  name: "small",
  before,
  definition,
  sourceOf,
  meddle: (scene) => scene.write(meddled),
  afterwards: async (scene, goal) => {
    if (goal === "import") await scene.remove(product(100).sku)
    await scene.write([{ ...product(201), title: "Changed afterwards", brand: "b0", category: null }])
  },
  undoes: false,
}
