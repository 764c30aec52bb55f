/**
 * The kinds of records that the shop has: categories, series, brands, products, variants.
 *
 * @module
 */
import { Entity, Field } from "@waybill/core"
import { titleOf } from "./slug.ts"

const slug = Field.text({ pattern: /^[a-z0-9]+(-[a-z0-9]+)*$/, maxLength: 120 })

/** A category, `aydinlatma`. */
export const Category = Entity.make("category", {
  schema: { slug, title: Field.text({ maxLength: 120 }) },
  key: "slug",
  create: (slug) => ({ slug, title: titleOf(slug) }),
})

/** A series within a category; one that smart mode creates is put under the category `diger` ("other"). */
export const Series = Entity.make("series", {
  schema: { slug, title: Field.text({ maxLength: 120 }), category: Field.text() },
  key: "slug",
  references: { category: Category },
  create: (slug) => ({ slug, title: titleOf(slug), category: "diger" }),
})

/** A brand. */
export const Brand = Entity.make("brand", {
  schema: { slug, title: Field.text({ maxLength: 120 }) },
  key: "slug",
  create: (slug) => ({ slug, title: titleOf(slug) }),
})

/** A product, in two languages. */
export const Product = Entity.make("product", {
  schema: {
    slug,
    title_tr: Field.text({ maxLength: 200 }),
    title_en: Field.nullable(Field.text({ maxLength: 200 })),
    category: Field.text(),
    series: Field.text(),
    brand: Field.text(),
  },
  key: "slug",
  references: { category: Category, series: Series, brand: Brand },
})

const length = Field.nullable(Field.decimal({ precision: 8, scale: 1 }))

/** A variant of a product: what is priced, measured and sold. */
export const Variant = Entity.make("variant", {
  schema: {
    model_code: Field.text({ maxLength: 40 }),
    product: Field.text(),
    barcode: Field.nullable(Field.text({ pattern: /^\d{13}$/ })),
    width: length,
    depth: length,
    height: length,
    price: Field.decimal({ precision: 12, scale: 2 }),
    currency: Field.text({ oneOf: ["TRY", "EUR", "USD"] }),
    available_from: Field.nullable(Field.date()),
    specs: Field.json<{ readonly [spec: string]: string }>(),
  },
  key: "model_code",
  references: { product: Product },
})
