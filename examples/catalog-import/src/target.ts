/**
 * The target: where the shop's entities lie in its tables.
 *
 * @module
 */
import type { Sink } from "@waybill/core"
import { PostgresSink } from "@waybill/sink-postgres"
import type pg from "pg"

/** The shop's database as a sink. */
export const shopSink = (pool: pg.Pool): Sink.Sink =>
  PostgresSink.make({
    pool,
    tables: {
      category: PostgresSink.table("shop.category"),
      series: PostgresSink.table("shop.series", { columns: { category: PostgresSink.reference("category_id") } }),
      brand: PostgresSink.table("shop.brand"),
      product: PostgresSink.table("shop.product", {
        columns: {
          category: PostgresSink.reference("category_id"),
          series: PostgresSink.reference("series_id"),
          brand: PostgresSink.reference("brand_id"),
        },
      }),
      variant: PostgresSink.table("shop.variant", { columns: { product: PostgresSink.reference("product_id") } }),
    },
  })
