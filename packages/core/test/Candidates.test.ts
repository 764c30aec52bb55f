/**
 * Decisions about candidates: what was decided once holds for the next file, is seen in it, and can be taken back.
 */
import { Candidates, Engine, type Import, Inspection } from "@waybill/core"
import { MemoryDecisionStore, MemorySink } from "@waybill/core/memory"
import { HtmlReport } from "@waybill/core/report"
import { TestSource } from "@waybill/core/testing"
import { Effect, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Category, columns, definition, lines, Product, type Row, run } from "./support/products.ts"

const rows = [
  ["A-1", "Lamp", "1.50", "Lampps"],
  ["A-2", "Shade", "2.50", "lamps"],
  ["A-3", "Bulb", "3.50", "Lampps"],
  ["A-4", "Desk", "4.50", null],
]
const source = (given: ReadonlyArray<ReadonlyArray<unknown>> = rows) => TestSource.make({ columns, rows: given, hashed: true })

// a target that has the category `lamps`
const targetWith = (...slugs: ReadonlyArray<string>) => {
  const sink = MemorySink.make()
  sink.tables.set("category", new Map(slugs.map((slug) => [slug, [slug, slug]])))
  return sink
}
const scene = (options: Parameters<typeof definition>[1] = {}) => {
  const sink = targetWith("lamps", "shades")
  return { sink, products: definition(sink, { allowPartial: true, ...options }) }
}
const withStore = <A, E, R>(effect: Effect.Effect<A, E, R>): Promise<A> => run(Effect.provide(effect, MemoryDecisionStore.layer))
const ann = { entity: "category", key: "Lampps", by: "ann" } as const
const categoriesOf = (sink: MemorySink.MemorySink) =>
  Object.fromEntries([...(sink.tables.get("product") ?? [])].map(([sku, values]) => [sku, values[3]]))
const valid = (of: Import.Import, given = rows, options: Engine.RunOptions = {}) => Engine.validate(of, source(given), options)

describe("a candidate that nobody has decided about", () => {
  test("is open, with the nearest keys of the target and of the snapshot", () =>
    withStore(
      Effect.gen(function* () {
        const { products } = scene()
        const job = yield* valid(products)
        expect(yield* Candidates.list(products, job.id)).toEqual([
          {
            entity: "category",
            key: "Lampps",
            rows: 2,
            firstRef: "test:1",
            created: false,
            standing: "open",
            nearest: ["lamps"],
            remembered: null,
          },
        ])
        expect(job.decisions).toBeUndefined()
        expect(job.counts).toMatchObject({ rejected: 2, issuesByCode: { "reference.missing": 2 } })
      }),
    ))

  test("at most five nearest keys are offered, the nearest first, and none that is far", () =>
    withStore(
      Effect.gen(function* () {
        const sink = targetWith(
          "abcdefghi",
          "abcdefghX",
          "abcdefgXX",
          "ABCDEFGHIJ",
          "abcdefghij1",
          "Xbcdefghi",
          "aXcdefghi",
          "zzz",
        )
        const products = definition(sink, { allowPartial: true })
        const job = yield* valid(products, [["A-1", "Lamp", "1.50", "abcdefghij"]])
        const [listed] = yield* Candidates.list(products, job.id)
        expect(listed!.nearest).toEqual(["ABCDEFGHIJ", "abcdefghi", "abcdefghij1", "Xbcdefghi", "aXcdefghi"])
      }),
    ))
})

describe("a candidate that is read as another key", () => {
  test("is replaced in the records that refer to it, also in the next file, and the log and the preview say so", () =>
    withStore(
      Effect.gen(function* () {
        const { products, sink } = scene()
        const first = yield* valid(products)
        const decision = yield* Candidates.decide(products, first.id, { ...ann, verdict: "map", as: "lamps" })
        expect(decision).toMatchObject({ import: "products", verdict: "map", as: "lamps", by: "ann", version: 1 })
        const job = yield* valid(products)
        expect(job).toMatchObject({ status: "pending", earlier: null })
        expect(job.counts).toMatchObject({ processed: 4, imported: 4, rejected: 0, normalizations: { alias: 2 } })
        const changes = yield* Stream.runCollect(Inspection.normalizations(job.id))
        expect(changes).toEqual([
          { ref: "test:1", column: "category", rule: "alias", before: "Lampps", after: "lamps" },
          { ref: "test:3", column: "category", rule: "alias", before: "Lampps", after: "lamps" },
        ])
        const decided = { verdict: "map", as: "lamps", by: "ann", at: decision.at, version: 1 }
        expect(yield* Candidates.list(products, job.id)).toMatchObject([
          { key: "Lampps", rows: 2, firstRef: "test:1", created: false, standing: "mapped", decided, nearest: [] },
        ])
        expect((yield* lines(job.id, "snapshot.json"))[0].decisions).toEqual([{ entity: "category", key: "Lampps", ...decided }])
        expect((yield* Stream.runCollect(HtmlReport.html(job.id))).join("")).toContain(
          "<bdi>mapped</bdi></td><td><bdi>lamps</bdi>",
        )
        yield* Engine.commit(products, job.id)
        expect(categoriesOf(sink)).toEqual({ "A-1": "lamps", "A-2": "lamps", "A-3": "lamps", "A-4": null })
      }),
    ))

  test("is one of a map function's records too, and its row stays as it came", () =>
    withStore(
      Effect.gen(function* () {
        const { products } = scene({ map: (row: typeof Row.Type) => [Product.of(row)] })
        const first = yield* valid(products)
        yield* Candidates.decide(products, first.id, { ...ann, verdict: "map", as: "lamps" })
        const job = yield* valid(products)
        expect(job.counts).toMatchObject({ imported: 4, normalizations: { alias: 2 } })
        const [page] = yield* Stream.runCollect(Inspection.rows(job.id, source()))
        expect(page!.rows[0]).toMatchObject({ raw: rows[0], normalized: rows[0] })
      }),
    ))

  test("warns where a record of the key is there by now, in the input or in the target", () =>
    withStore(
      Effect.gen(function* () {
        const { products, sink } = scene()
        const first = yield* valid(products)
        yield* Candidates.decide(products, first.id, { ...ann, verdict: "map", as: "lamps" })
        sink.tables.get("category")!.set("Lampps", ["Lampps", "Lampps"])
        const job = yield* valid(products)
        expect(job.counts).toMatchObject({ warnings: 1, issuesByCode: { "candidate.exists": 1 } })
      }),
    ))

  test("cannot be read as what exists nowhere, nor as itself", () =>
    withStore(
      Effect.gen(function* () {
        const { products } = scene()
        const { id } = yield* valid(products)
        for (const as of ["lights", "Lampps"])
          expect(yield* Effect.flip(Candidates.decide(products, id, { ...ann, verdict: "map", as }))).toMatchObject({
            reason: "WrongDecision",
            job: id,
          })
        expect(yield* Effect.flip(Candidates.decide(products, id, { ...ann, key: "lamps", verdict: "create" }))).toMatchObject({
          reason: "NotFound",
        })
        expect(yield* Candidates.decisions("products")).toEqual([])
      }),
    ))

  test("may be read as a record that the same input brings", () =>
    withStore(
      Effect.gen(function* () {
        const { products } = scene({
          map: (row: typeof Row.Type) =>
            row.sku === "lights" ? [Category.of({ slug: "lights", title: "Lights" })] : [Product.of(row)],
        })
        const given = [...rows, ["lights", null, null, null]]
        const first = yield* valid(products, given)
        yield* Candidates.decide(products, first.id, { ...ann, verdict: "map", as: "lights" })
        expect((yield* valid(products, given)).counts).toMatchObject({ imported: 5, rejected: 0 })
      }),
    ))
})

test("a candidate that is to be created is so in strict mode too, and the commit writes it", () =>
  withStore(
    Effect.gen(function* () {
      const { products, sink } = scene()
      const first = yield* valid(products)
      yield* Candidates.decide(products, first.id, { ...ann, verdict: "create" })
      const job = yield* valid(products)
      expect(job.counts).toMatchObject({ imported: 4, rejected: 0, candidates: 1 })
      expect(yield* Candidates.list(products, job.id)).toMatchObject([{ standing: "created", created: true, nearest: [] }])
      yield* Engine.commit(products, job.id)
      expect(sink.tables.get("category")!.get("Lampps")).toEqual(["Lampps", "Lampps"])
    }),
  ))

test("a candidate whose rows are to be rejected is so in smart mode too, as long as it exists nowhere", () =>
  withStore(
    Effect.gen(function* () {
      const { products, sink } = scene({ mode: "smart" })
      const first = yield* valid(products)
      expect(first.counts.candidates).toBe(1)
      yield* Candidates.decide(products, first.id, { ...ann, verdict: "reject" })
      const job = yield* valid(products)
      expect(job.counts).toMatchObject({
        imported: 2,
        rejected: 2,
        candidates: 0,
        skippedByCode: { "candidate.rejected": 2 },
        issuesByCode: { "candidate.rejected": 2 },
      })
      expect(yield* Candidates.list(products, job.id)).toMatchObject([{ standing: "rejected", nearest: ["lamps"] }])
      sink.tables.get("category")!.set("Lampps", ["Lampps", "Lampps"])
      expect((yield* valid(products, rows, { force: true })).counts).toMatchObject({ imported: 4, rejected: 0 })
    }),
  ))

describe("the same file", () => {
  test("is another validation with other decisions, and is refused as imported with the same", () =>
    withStore(
      Effect.gen(function* () {
        const { products } = scene()
        const first = yield* valid(products)
        expect(yield* Effect.flip(valid(products))).toMatchObject({ reason: "AlreadyImported", job: first.id })
        yield* Candidates.decide(products, first.id, { ...ann, verdict: "create" })
        const second = yield* valid(products)
        expect(yield* Effect.flip(valid(products))).toMatchObject({ reason: "AlreadyImported", job: second.id })
        yield* Candidates.decide(products, first.id, { ...ann, verdict: "reject" })
        yield* valid(products)
        // taken back, it is as it was at first
        yield* Candidates.forget("products", ann)
        expect(yield* Effect.flip(valid(products))).toMatchObject({ reason: "AlreadyImported", job: first.id })
      }),
    ))
})

test("a decision is listed with who made it, changed by who has read it, and taken back for good", () =>
  withStore(
    Effect.gen(function* () {
      const { products } = scene()
      const { id } = yield* valid(products)
      const first = yield* Candidates.decide(products, id, { ...ann, verdict: "create", version: 0 })
      expect(yield* Candidates.decisions("products")).toEqual([first])
      const late = Candidates.decide(products, id, { ...ann, by: "bob", verdict: "reject", version: 0 })
      expect(yield* Effect.flip(late)).toMatchObject({ _tag: "JobStoreError", reason: "Stale" })
      expect(yield* Candidates.forget("products", { ...ann, by: "bob" })).toMatchObject({ verdict: null, by: "bob", version: 2 })
      expect(yield* Candidates.decisions("products")).toEqual([])
      expect(yield* Candidates.forget("products", ann)).toBeNull()
      expect((yield* valid(products, rows, { force: true })).counts).toMatchObject({ rejected: 2 })
    }),
  ))

test("an application without a decision store validates as before, and is told what to provide when it decides", () =>
  run(
    Effect.gen(function* () {
      const { products } = scene()
      const { id } = yield* valid(products)
      const error = yield* Effect.flip(Candidates.decide(products, id, { ...ann, verdict: "create" }))
      expect(error.message).toContain("provide the layer of a decision store")
    }),
  ))

test("whatever is decided, every row has one outcome and no record is written that refers to nothing", async () => {
  const keys = ["a", "b", "c", "d"]
  const verdict = fc.constantFrom("open", "create", "reject", "map")
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...keys, "lamps", null), { maxLength: 12 }),
      fc.tuple(verdict, verdict, verdict, verdict),
      fc.constantFrom("strict", "smart"),
      (references, verdicts, mode) =>
        withStore(
          Effect.gen(function* () {
            const { products, sink } = scene({ mode })
            const all = yield* valid(
              products,
              keys.map((key, at) => [`K-${at}`, "t", "1.00", key]),
            )
            for (const [at, of] of verdicts.entries())
              if (of !== "open")
                yield* Candidates.decide(products, all.id, {
                  entity: "category",
                  key: keys[at]!,
                  verdict: of as never,
                  as: "lamps",
                  by: "x",
                })
            const given = references.map((reference, at) => [`A-${at}`, "t", "1.00", reference])
            const job = yield* Engine.run(products, source(given))
            const expected = references.map((reference) => {
              const of = reference === null || reference === "lamps" ? "there" : verdicts[keys.indexOf(reference)]!
              if (of === "there") return reference
              if (of === "map") return "lamps"
              return of === "create" || (of === "open" && mode === "smart") ? reference : undefined
            })
            expect(job.counts.imported + job.counts.rejected).toBe(given.length)
            expect(categoriesOf(sink)).toEqual(
              Object.fromEntries(expected.flatMap((it, at) => (it === undefined ? [] : [[`A-${at}`, it]]))),
            )
          }),
        ),
    ),
    { numRuns: 40 },
  )
})
