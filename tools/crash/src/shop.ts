/**
 * What the scenarios have in common: a shop's brands and products, and the rows in which they come.
 *
 * @module
 */
import { Cell, Entity, Field } from "@waybill/core"
import { Schema } from "effect"

export const Brand = Entity.make("brand", { schema: { code: Field.text(), title: Field.text() }, key: "code" })

/** The fields of a category, which one scenario may create and another may not. */
export const categoryFields = { slug: Field.text(), title: Field.text() }

/** The fields of a product. */
export const productFields = {
  sku: Field.text(),
  title: Field.text(),
  price: Field.decimal({ precision: 10, scale: 2 }),
  brand: Field.text(),
  category: Field.nullable(Field.text()),
}

/** A row: a product, with the keys of its brand and category. */
export const Row = Schema.Struct({
  sku: Cell.text(),
  title: Cell.text(),
  price: Cell.decimal({ precision: 10, scale: 2 }),
  brand: Cell.text(),
  category: Cell.optional(Cell.text()),
})
