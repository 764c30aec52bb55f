/**
 * A row of the workbook: one variant with its product, as the purchasing department writes it.
 *
 * @module
 */
import { Cell } from "@waybill/core"
import { Schema } from "effect"
import { type Spec, specNames, specs } from "./specs.ts"

// numbers in text cells are written as in Turkey, `1.234,50`; those in number cells have no format
const turkish = { decimal: ",", thousands: "." } as const

const length = Cell.optional(Cell.decimal({ precision: 8, scale: 1, ...turkish }))

type SpecCells = { readonly [spec in Spec as `spec_${spec}`]: Cell.Cell<string | null> }

const specCells = Object.fromEntries(
  specNames.map((spec) => [`spec_${spec}`, Cell.optional(Cell.text({ maxLength: 200 }))]),
) as unknown as SpecCells

/** The cells of a row. */
export const Row = Schema.Struct({
  category: Cell.text(),
  series: Cell.text(),
  brand: Cell.text(),
  title_tr: Cell.text({ maxLength: 200 }),
  title_en: Cell.optional(Cell.text({ maxLength: 200 })),
  model_code: Cell.text({ maxLength: 40 }),
  barcode: Cell.optional(Cell.text({ pattern: /^\d{13}$/ })),
  width: length,
  depth: length,
  height: length,
  price: Cell.decimal({ precision: 12, scale: 2, ...turkish }),
  currency: Cell.oneOf(["TRY", "EUR", "USD"]),
  available_from: Cell.optional(Cell.date()),
  ...specCells,
})

/** A row after decoding. */
export type Row = typeof Row.Type

/** The headings that the columns have in the workbook. */
export const headings: { readonly [column in keyof Row]: string } = {
  category: "Kategori",
  series: "Seri",
  brand: "Marka",
  title_tr: "Ürün Adı",
  title_en: "Product Name",
  model_code: "Model Kodu",
  barcode: "Barkod",
  width: "En (cm)",
  depth: "Derinlik (cm)",
  height: "Yükseklik (cm)",
  price: "Liste Fiyatı",
  currency: "Para Birimi",
  available_from: "Satış Başlangıcı",
  ...(Object.fromEntries(specNames.map((spec) => [`spec_${spec}`, specs[spec]])) as {
    readonly [column in keyof SpecCells]: string
  }),
}
