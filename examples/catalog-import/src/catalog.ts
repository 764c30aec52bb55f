/**
 * The import: what a row of the workbook becomes in the shop.
 *
 * @module
 */
import { Import, Normalize, Rule, type Sink } from "@waybill/core"
import { Brand, Category, Product, Series, Variant } from "./entities.ts"
import { Row } from "./Row.ts"
import { slugOf } from "./slug.ts"
import { specNames } from "./specs.ts"

const specsOf = (row: Row): { readonly [spec: string]: string } => {
  const specs: Record<string, string> = {}
  for (const spec of specNames) {
    const value = row[`spec_${spec}`]
    if (value !== null) specs[spec] = value
  }
  return specs
}

// text cells hold dates as they are written in Turkey; whether the calendar has them is for the cell to say
const turkishDate = Normalize.custom("turkish-date", ["available_from"], (text) =>
  text.replace(/^(\d{2})\.(\d{2})\.(\d{4})$/, "$3-$2-$1"),
)

/** The catalog import into a sink. Rows with errors are left out and counted; the others can be committed. */
export const catalogInto = (sink: Sink.Sink): Import.Import =>
  Import.make({
    name: "catalog",
    row: Row,
    normalize: [
      Normalize.empty(["-", "nan", "null", "yok"]),
      Normalize.trim(),
      Normalize.nfc(),
      turkishDate,
      // the department repeats model codes for variants that differ in colour only
      Normalize.disambiguate("model_code"),
    ],
    entities: [Category, Series, Brand, Product, Variant],
    map: (row: Row) => [
      Product.of({
        slug: slugOf(row.title_tr),
        title_tr: row.title_tr,
        title_en: row.title_en,
        category: slugOf(row.category),
        series: slugOf(row.series),
        brand: slugOf(row.brand),
      }),
      Variant.of({
        model_code: row.model_code,
        product: slugOf(row.title_tr),
        barcode: row.barcode,
        width: row.width,
        depth: row.depth,
        height: row.height,
        price: row.price,
        currency: row.currency,
        available_from: row.available_from,
        specs: specsOf(row),
      }),
    ],
    rules: [
      Rule.unique<Row>("barcode", ["barcode"]),
      Rule.check<Row>(
        "untranslated",
        (row) => (row.title_en === null ? { column: "title_en", message: "the product has no English title yet" } : undefined),
        "warning",
      ),
    ],
    sink,
    allowPartial: true,
  })
