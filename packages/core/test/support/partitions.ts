/**
 * Sources in partitions, and what is asked of their jobs.
 */
import { JobStore, type Partition, Source } from "@waybill/core"
import type { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect, Stream } from "effect"
import { columns } from "./products.ts"

/** Rows of products. */
export type Rows = ReadonlyArray<ReadonlyArray<unknown>>

/** A product of a country. */
export const product = (sku: string, price = "1.50") => [sku, `Lamp ${sku}`, price, null]
/** What the partitions hold. */
export const countries: { readonly [name: string]: Rows } = {
  PT: [product("PT-1"), product("PT-2"), product("PT-3")],
  ES: [product("ES-1"), product("ES-2")],
  FR: [product("FR-1"), product("FR-2"), product("FR-3"), product("FR-4")],
}

/** A source of rows. */
export const sourceOf = (place: string, rows: Rows, hashed = false): Source.Source =>
  TestSource.make({ columns, rows, place, pageRows: 2, hashed })

/** A source in partitions, by their names. */
export const partitioned = (of: { readonly [name: string]: Rows | Source.Source }, hashed = false): Partition.Partitioned => ({
  kind: "test",
  name: "products by country",
  details: {},
  partitions: Effect.succeed(
    Object.entries(of).map(([name, rows]) => ({ name, source: "read" in rows ? rows : sourceOf(name, rows, hashed) })),
  ),
})

/** The products in a sink, in order. */
export const keys = (sink: MemorySink.MemorySink): ReadonlyArray<string> => [...(sink.tables.get("product")?.keys() ?? [])].sort()
/** All of the countries. */
export const all = Object.values(countries)
  .flatMap((rows) => rows.map(([sku]) => sku as string))
  .sort()

/** The children of a job, in order. */
export const childrenOf = (parent: string) =>
  Effect.map(
    Effect.flatMap(JobStore.JobStore, (store) => store.find({ parent, limit: 1_000 })),
    (found) => found.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  )

/** A source that nobody answers for. */
export const unreachable = (
  sourceError = new Source.SourceError({ reason: "Refused", message: "no such key", isRetryable: false }),
) => ({
  ...sourceOf("ES", []),
  read: () => Stream.fail(sourceError),
})
