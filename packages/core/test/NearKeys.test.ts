/**
 * The keys that are offered in place of one that exists nowhere: how near they have to be, their order, that there are five at most, and how many
 * candidates and keys are looked at.
 */
import { Candidates, Engine, type Sink } from "@waybill/core"
import { MemoryDecisionStore, MemorySink } from "@waybill/core/memory"
import { TestSource } from "@waybill/core/testing"
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { distance, fold } from "../src/internal/nearColumns.ts"
import { NearKeys } from "../src/internal/nearKeys.ts"
import { columns, definition, run } from "./support/products.ts"

const nearest = (wanted: string, there: ReadonlyArray<string>): ReadonlyArray<string> => {
  const near = new NearKeys([wanted])
  for (const key of there) near.add(key)
  return near.of(wanted)
}

describe("keys that may have been meant", () => {
  test.each([
    ["one letter of three differs", "abc", ["abX"], ["abX"]],
    ["one letter of two", "ab", ["aX"], []],
    ["two letters of five", "abcde", ["abcXX"], []],
    ["two letters of six", "abcdef", ["abcdXX"], ["abcdXX"]],
    ["three letters of six", "abcdef", ["abcXXX"], []],
    ["as many are extra as may be", "abc", ["abcX"], ["abcX"]],
    ["more are extra than may be", "abc", ["abcXX"], []],
    ["as many lack as may be", "abcdef", ["abcd"], ["abcd"]],
    ["more lack than may be", "abcdef", ["abc"], []],
    ["two neighbours are exchanged, which is one difference", "abc", ["acb"], ["acb"]],
    ["only what is not compared differs, in however short a key", "ab", ["A-B", "á b", "ab."], ["A-B", "ab.", "á b"]],
    ["it is the very key", "abc", ["abc", "abd"], ["abd"]],
    ["nothing of it is compared", "abc", ["---", ""], []],
    ["nothing of what is wanted is compared", "---", ["", "--", "a"], []],
    ["both are as long as may be", "a".repeat(200), [`${"a".repeat(199)}b`], [`${"a".repeat(199)}b`]],
    ["it is too long", "a".repeat(200), ["a".repeat(201)], []],
    ["what is wanted is too long", "a".repeat(201), ["a".repeat(200)], []],
  ])("%s", (_, wanted, there, expected) => {
    expect(nearest(wanted, there)).toEqual(expected)
  })

  test("of a key that was left out there is nothing, and of one that nobody asked for neither", () => {
    const near = new NearKeys(["abc", "xyz"])
    near.leaveOut("abd")
    for (const key of ["abd", "abe", "xyw"]) near.add(key)
    expect(near.of("abc")).toEqual(["abe"])
    expect(near.of("xyz")).toEqual(["xyw"])
    expect(near.of("abe")).toEqual([])
  })

  // few letters, so that many are equally far, and many come more than once
  const key = fc.string({ unit: fc.constantFrom("a", "b", "A", "-"), minLength: 3, maxLength: 7 })

  test("are always the five nearest, equals by key and each once, however they come", () => {
    fc.assert(
      fc.property(key, fc.array(key, { maxLength: 40 }), (wanted, there) => {
        const folded = fold(wanted)
        const far = (of: string) => distance(folded, fold(of), Number.POSITIVE_INFINITY)
        const near = [...new Set(there)].filter(
          (of) => of !== wanted && folded !== "" && fold(of) !== "" && far(of) <= Math.floor(folded.length / 3),
        )
        const expected = near.sort((a, b) => far(a) - far(b) || (a < b ? -1 : 1)).slice(0, 5)
        expect(nearest(wanted, there)).toEqual(expected)
        // as keys come that the snapshot and the target both have
        expect(nearest(wanted, [...there, ...there.toReversed()])).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })
})

const withStore = <A, E, R>(effect: Effect.Effect<A, E, R>): Promise<A> => run(Effect.provide(effect, MemoryDecisionStore.layer))
const targetWith = (...slugs: ReadonlyArray<string>) => {
  const sink = MemorySink.make()
  sink.tables.set("category", new Map(slugs.map((slug) => [slug, [slug, slug]])))
  return sink
}
const wanting = (...slugs: ReadonlyArray<string>) =>
  TestSource.make({ columns, rows: slugs.map((slug, at) => [`A-${at}`, "Lamp", "1.50", slug]), hashed: true })
const named = (at: number) => `c${String(at).padStart(3, "0")}`

describe("the list of candidates", () => {
  test("has nearest keys of the first 200 that are open or rejected, in their order", () =>
    withStore(
      Effect.gen(function* () {
        const sink = targetWith("C000", "C199", "C200")
        const products = definition(sink, { allowPartial: true, mode: "strict" })
        // they come in the opposite order
        const source = wanting(...Array.from({ length: 201 }, (_, at) => named(200 - at)))
        const nearestOf = (id: string) =>
          Effect.map(Candidates.list(products, id), (all) => (at: number) => all.find(({ key }) => key === named(at))!.nearest)
        const first = yield* Engine.validate(products, source)
        const before = yield* nearestOf(first.id)
        expect([before(0)[0], before(199)[0], before(200)]).toEqual(["C000", "C199", []])
        // what is to be created is none of them, and what is rejected is
        const ofCategory = { entity: "category", by: "ann" } as const
        yield* Candidates.decide(products, first.id, { ...ofCategory, key: named(0), verdict: "create" })
        yield* Candidates.decide(products, first.id, { ...ofCategory, key: named(1), verdict: "reject" })
        const after = yield* nearestOf((yield* Engine.validate(products, source)).id)
        expect(after(0)).toEqual([])
        expect(after(1)[0]).toBe("C000")
        expect(after(200)[0]).toBe("C200")
      }),
    ))

  test("looks at 100,000 keys of the target, and asks for no more", () =>
    withStore(
      Effect.gen(function* () {
        const others = Array.from({ length: 99_999 }, (_, at) => String(at))
        const sink = targetWith(...others, "lamps", "lampz")
        const asked: Array<number> = []
        const listening: Sink.Sink = {
          ...sink,
          plan: (context) =>
            Effect.map(sink.plan(context), (session) => ({
              ...session,
              keys: (entity, limit) => {
                asked.push(limit)
                return session.keys!(entity, limit)
              },
            })),
        }
        const products = definition(listening as MemorySink.MemorySink, { allowPartial: true })
        const { id } = yield* Engine.validate(products, wanting("lampx"))
        expect(yield* Candidates.list(products, id)).toMatchObject([{ key: "lampx", nearest: ["lamps"] }])
        expect(asked).toEqual([100_000])
      }),
    ))
})
