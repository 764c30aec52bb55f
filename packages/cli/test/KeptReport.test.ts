/**
 * How people are told what an import keeps: with the counts of a job, and with each record of its plan.
 */
import { Summary } from "@waybill/core"
import { expect, test } from "vitest"
import { Report } from "../src/index.ts"

const entity: Summary.EntityCounts = {
  records: 3,
  created: 0,
  updated: 1,
  unchanged: 2,
  deleted: 0,
  conflict: 0,
  failed: 0,
  candidates: 0,
  missing: 0,
}

test("what is kept is a table of its own, by entity and field, where anything is", () => {
  const counts = { ...Summary.empty, processed: 3, imported: 3, updated: 1, unchanged: 2 }
  expect(Report.counts({ ...counts, entities: { product: entity } })).not.toContain("Kept")
  const text = Report.counts({ ...counts, entities: { product: { ...entity, kept: { price: 1_200, about: 1 } } } })
  expect(text.slice(text.indexOf("Kept"))).toBe(`Kept as it is in the target
  entity   field  records
  product  price    1,200
  product  about        1
`)
})

test("a record says what is kept, why, and what the feed has", () => {
  expect(
    Report.change({
      entity: "product",
      key: "A-1",
      ref: "prices.csv:2",
      action: "update",
      changes: [{ field: "title", before: "Lamp", after: "Lamp 2" }],
      kept: [
        { field: "price", target: "9.99", feed: "1.50", why: "edited" },
        { field: "stock", target: 3, feed: null, why: "neverWritten" },
        { field: "about", target: "bright", feed: "dim", why: "notEmpty" },
        { field: "origin", target: null, feed: "ES", why: "atCreation" },
      ],
      issues: [],
    }),
  ).toBe(`update     product A-1  (prices.csv:2)
             title: "Lamp" → "Lamp 2"
             price: "9.99" is kept, somebody edited it; the feed has "1.50"
             stock: 3 is kept, no import wrote it; the feed has null
             about: "bright" is kept, it is filled in; the feed has "dim"
             origin: null is kept, the record was there; the feed has "ES"
`)
})
