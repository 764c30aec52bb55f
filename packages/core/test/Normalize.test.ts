import { Engine, Normalize } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { columns, definition, lines, run } from "./support/products.ts"

const text = fc.string({ unit: "binary", maxLength: 12 })

describe("empty", () => {
  test.each([
    ["", null],
    ["-", null],
    ["NaN", null],
    ["nan", null],
    [" null ", null],
    ["\u00a0", null],
    ["\ufeff-", null],
    ["\u2003-\u3000", null],
    ["--", "--"],
    ["nano", "nano"],
    ["0", "0"],
    ["-1", "-1"],
  ])("%j is %j", (before, after) => {
    expect(Normalize.empty().start()(before)).toBe(after)
  })

  test("is what a plain comparison of the trimmed text says, for any text", () => {
    const words = ["-", "nan", "null", "n/a", "ÿ", "…"]
    const cell = Normalize.empty(words).start()
    const any = fc.oneof(
      text,
      fc.tuple(fc.constantFrom("", " ", "\u00a0"), fc.constantFrom(...words, "NAN", "N/A", "Ÿ")).map((parts) => parts.join("")),
    )
    fc.assert(
      fc.property(any, (before) => {
        const word = before.trim().toLowerCase()
        expect(cell(before)).toBe(word === "" || words.includes(word) ? null : before)
      }),
      { numRuns: 1_000 },
    )
  })
})

test("trim takes off what String.trim takes off, and nfc does what String.normalize does, for any text", () => {
  const blank = fc.constantFrom("", " ", "\t", "\u00a0", "\ufeff", "\u2003", "\u1680", "\u3000", "\u2028")
  fc.assert(
    fc.property(blank, text, blank, (left, inner, right) => {
      const before = `${left}${inner}${right}`
      expect(Normalize.trim().start()(before)).toBe(before.trim())
      expect(Normalize.nfc().start()(before)).toBe(before.normalize("NFC"))
    }),
    { numRuns: 1_000 },
  )
  expect(Normalize.nfc().start()("e\u0301")).toBe("\u00e9")
})

describe("disambiguate", () => {
  const all = (values: ReadonlyArray<string>): ReadonlyArray<string | null> => {
    const cell = Normalize.disambiguate("code").start()
    return values.map(cell)
  }

  test("the second gets -2, the third -3", () => {
    expect(all(["A", "A", "B", "A"])).toEqual(["A", "A-2", "B", "A-3"])
  })

  test("a suffix that another row has already is passed over", () => {
    expect(all(["A-2", "A", "A", "A"])).toEqual(["A-2", "A", "A-3", "A-4"])
    expect(all(["A", "A", "A-2"])).toEqual(["A", "A-2", "A-2-2"])
  })

  test("empty cells stay empty, however many there are", () => {
    expect(all(["", "", "A", ""])).toEqual(["", "", "A", ""])
  })

  test("starts afresh with each run", () => {
    const rule = Normalize.disambiguate("code")
    for (let time = 0; time < 2; time++) expect(rule.start()("A")).toBe("A")
  })

  test("no two results are equal, and a first of its kind that nobody took stays as it is", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("A", "A-2", "A-3", "A-2-2", "B")), (values) => {
        const results = all(values)
        expect(new Set(results).size).toBe(values.length)
        for (const [at, value] of values.entries()) if (!results.slice(0, at).includes(value)) expect(results[at]).toBe(value)
      }),
    )
  })
})

test("each change is kept in the snapshot with ref, column, rule, before and after, and counted", async () => {
  await run(
    Effect.gen(function* () {
      const normalize = [
        Normalize.empty(),
        Normalize.trim(),
        Normalize.nfc(["title"]),
        Normalize.custom("upper", ["category"], (value) => value.toUpperCase()),
        Normalize.disambiguate("sku"),
      ]
      const rows = [
        [" A ", "e\u0301", "-", null],
        ["A", "", "1", "x"],
        ["bad", "t", "cheap", null],
        ["A", 5, 2, true],
      ]
      const job = yield* Engine.validate(
        definition(MemorySink.make(), { normalize, allowPartial: true, mode: "smart" }),
        TestSource.make({ columns, rows, pageRows: 1, place: "prices.xlsx!Prices" }),
      )
      const ref = (row: number): string => `prices.xlsx!Prices:${row}`
      expect(yield* lines(job.id, "log/normalization/")).toEqual([
        { ref: ref(1), column: "sku", rule: "trim", before: " A ", after: "A" },
        { ref: ref(1), column: "title", rule: "nfc", before: "e\u0301", after: "\u00e9" },
        { ref: ref(1), column: "price", rule: "empty", before: "-", after: null },
        { ref: ref(2), column: "sku", rule: "disambiguate", before: "A", after: "A-2" },
        { ref: ref(2), column: "category", rule: "upper", before: "x", after: "X" },
        { ref: ref(4), column: "sku", rule: "disambiguate", before: "A", after: "A-3" },
      ])
      expect(job.counts.normalizations).toEqual({ trim: 1, nfc: 1, empty: 1, disambiguate: 2, upper: 1 })
      expect(yield* lines(job.id, "records/product/")).toEqual([
        ["A", "\u00e9", null, null],
        ["A-2", null, "1.00", "X"],
        ["A-3", "5", "2.00", "true"],
      ])
    }),
  )
})

test("objects are normalized in their text members, and names that a plain object treats specially are members too", async () => {
  await run(
    Effect.gen(function* () {
      const rows = [JSON.parse('{"sku":" A ","title":"-","__proto__":{"price":"1"},"constructor":" x "}') as unknown]
      const job = yield* Engine.validate(definition(MemorySink.make()), TestSource.make({ rows }))
      expect(job.failure).toBeNull()
      expect(yield* lines(job.id, "records/product/")).toEqual([["A", null, null, null]])
    }),
  )
})
