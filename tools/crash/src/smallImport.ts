/**
 * The import that is done once for every fault: small, with a little of everything that can become of a row.
 *
 * @module
 */
import { Cell, Entity, Field, Import, type Sink, type Source } from "@waybill/core"
import { TestSource } from "@waybill/core/testing"
import { Schedule, Schema } from "effect"

const Brand = Entity.make("brand", { schema: { code: Field.text(), title: Field.text() }, key: "code" })

const Category = Entity.make("category", {
  schema: { slug: Field.text(), title: Field.text() },
  key: "slug",
  create: (slug) => ({ slug, title: `new: ${slug}` }),
})

const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    title: Field.text(),
    price: Field.decimal({ precision: 10, scale: 2 }),
    brand: Field.text(),
    category: Field.nullable(Field.text()),
  },
  key: "sku",
  references: { brand: Brand, category: Category },
})

const Row = Schema.Struct({
  sku: Cell.text(),
  title: Cell.text(),
  price: Cell.decimal({ precision: 10, scale: 2 }),
  brand: Cell.text(),
  category: Cell.optional(Cell.text()),
})

/** A product as it lies in a target. */
export interface Product {
  readonly sku: string
  readonly title: string
  readonly price: string
  readonly brand: string
  readonly category: string | null
}

const brandOf = (at: number): string => `b${at % 3}`

/** The product of a row. */
export const product = (at: number): Product => ({
  sku: `P-${at}`,
  title: `Lamp ${at}`,
  price: `${1 + at}.50`,
  brand: brandOf(at),
  // every seventh wants a category that is nowhere, some none at all
  category: at % 7 === 3 ? `new-${at % 2}` : at % 5 === 0 ? null : "old",
})

/** How many products the source has, with those that are wrong. */
export const size = 240

/** What the target has before: some as they are in the source, some that differ. */
export const before = {
  brands: [["b0", "Brand b0"]] as const,
  categories: [["old", "Old"]] as const,
  products: Array.from({ length: 40 }, (_, at) => at * 5)
    .filter((at) => product(at).brand === "b0")
    .map((at): Product => (at % 2 === 0 ? product(at) : { ...product(at), title: "Former" })),
}

/** What somebody does to the target between the validation and the commit: one record changes, one that is to be created is there. */
export const meddled: ReadonlyArray<Product> = [
  { ...product(15), title: "Changed meanwhile" },
  { ...product(61), title: "Made meanwhile", brand: "b0", category: null },
]

/** What somebody does once the import is done: a record that was created goes, another one changes. */
export const after = {
  removed: product(100).sku,
  changed: { ...product(201), title: "Changed afterwards", brand: "b0", category: null },
}

const rows: ReadonlyArray<ReadonlyArray<string | null>> = Array.from({ length: size }, (_, at) => {
  const { brand, category, price, sku, title } = product(at)
  // one has no number, one comes twice
  if (at === 90) return [sku, title, "cheap", brand, category]
  if (at === 171) return Object.values(product(170))
  return [sku, title, price, brand, category]
})

/** The rows, in a source that has a hash or has none. */
export const sourceOf = (hashed: boolean): Source.Source =>
  TestSource.make({ columns: Object.keys(product(0)), rows, pageRows: 60, hashed })

/** The import into a sink. */
export const definition = (sink: Sink.Sink, transaction: Sink.Transaction): Import.Import =>
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
