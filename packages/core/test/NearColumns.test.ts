import { Engine, JobStore } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { nearColumns } from "../src/internal/nearColumns.ts"
import { definition, run } from "./support/products.ts"

describe("near names of columns", () => {
  test.each([
    [["Price"], ["Pirce"], ["Pirce"]],
    [["model_code"], ["Model Code"], ["Model Code"]],
    [["KATEGORİ"], ["kategorı"], ["kategorı"]],
    [["quantity"], ["quantty"], ["quantty"]],
    [["quantity"], ["qantty"], ["qantty"]],
    // three letters wrong
    [["quantity"], ["qntty"], []],
    // too short to tell
    [["sku"], ["sk"], []],
    [["id"], ["ids"], []],
    // nearer wins, and what is wanted itself is nobody else's
    [["prices"], ["price", "prizes"], ["price"]],
    [["price", "prices"], ["price"], []],
    [["price"], ["", "---"], []],
  ])("%j in %j", (wanted, found, expected) => {
    expect(nearColumns(wanted, found).map((it) => it.found)).toEqual(expected)
  })

  test("any name with one letter wrong is found, and none is offered for a column that is there", () => {
    const name = fc.string({ unit: fc.constantFrom(..."abcdefghij"), minLength: 5, maxLength: 12 })
    fc.assert(
      fc.property(name, fc.nat(), fc.constantFrom("drop", "double", "swap", "other"), (wanted, where, how) => {
        const at = where % (wanted.length - 1)
        const [head, one, two, tail] = [wanted.slice(0, at), wanted[at]!, wanted[at + 1]!, wanted.slice(at + 2)]
        const changed = { drop: two, double: one + one + two, swap: two + one, other: `z${two}` }[how]
        const typed = head + changed + tail
        expect(nearColumns([wanted], [typed]).map((it) => it.found)).toEqual(typed === wanted ? [] : [typed])
        expect(nearColumns([wanted], [wanted, typed])).toEqual([])
      }),
    )
  })

  test("are told where a needed column is missing, and warned of where it may be left out; never taken", () =>
    run(
      Effect.gen(function* () {
        const rows = [["A", "Lamp", "1.50"]]
        const d = definition(MemorySink.make())
        const needed = yield* Engine.validate(d, TestSource.make({ columns: ["SKU", "title", "price"], rows }))
        expect(needed.failure?.message).toBe('test has no column sku; found SKU, title, price. "SKU": did you mean "sku"?')
        const optional = yield* Engine.validate(d, TestSource.make({ columns: ["sku", "title", "Pirce"], rows }))
        expect(optional).toMatchObject({ status: "pending", counts: { warnings: 1, created: 1 } })
        const store = yield* JobStore.JobStore
        expect(yield* store.issues(optional.id)).toMatchObject([
          { severity: "warning", code: "column.near", ref: "test", column: "price", value: "Pirce" },
        ])
        const plain = yield* Engine.validate(
          d,
          TestSource.make({ columns: ["sku", "title", "price", "stock"], rows: [["A", "b", "1", 2]] }),
        )
        expect(plain.counts.warnings).toBe(0)
      }),
    ))
})
