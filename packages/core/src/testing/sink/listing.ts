/**
 * Laws about the keys that a target has, from which the nearest to a candidate are offered to people.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import * as Entity from "../../Entity.ts"
import { type Law, waiver } from "../Law.ts"
import { entitiesOf, once, sealed } from "./driving.ts"
import { Maker, Offer, Product, Value } from "./entities.ts"
import type { Harness, Target } from "./Harness.ts"
import { product, products } from "./records.ts"

// a session that plans nothing yet, and one that has staged a record and made its plan
const sessions = ({ sink }: Target) =>
  Effect.gen(function* () {
    const entities = entitiesOf([
      [Offer, []],
      [Value, []],
    ])
    const context = { job: "plan", entities, preferred: null }
    const fresh = yield* sink.plan(context)
    const planning = yield* sink.plan(context)
    for (const batch of sealed(Product, [[product(9)]])) yield* planning.stage(batch)
    return [fresh, planning]
  })

/** See the file's first sentence. */
export const listingLaws = (harness: Harness): ReadonlyArray<Law> => {
  const waived = waiver(harness.can.keys)
  const law = (name: string, holds: string, check: (target: Target) => Effect.Effect<void, unknown>): Law => ({
    name,
    holds,
    ...(waived === undefined ? {} : { waived }),
    check: waived === undefined ? once(harness, check) : Effect.void,
  })
  return [
    law(
      "the keys of the target are those of its records, written as the engine writes them",
      "`keys` gives the key of each record of the entity and of no other, of one field and of several, whatever its text is; none of what is only staged",
      (target) =>
        Effect.gen(function* () {
          const odd = ["", " ", 'a "quoted" \\ key', "it's", "ä 北京 👍", "null", '["P-1",7]'].map((sku) => product(4, { sku }))
          for (const record of [...products(1, 2, 3), ...odd]) yield* target.put(Product, record)
          yield* target.put(Maker, { slug: "m", title: "M" })
          const offers = [
            { product: "P-2", shop: 10, price: "1.00" },
            { product: "P-2", shop: 9, price: "1.00" },
            { product: 'a "quoted" \\ key', shop: -1, price: "1.00" },
          ]
          for (const record of offers) yield* target.put(Offer, record)
          yield* Effect.scoped(
            Effect.gen(function* () {
              for (const session of yield* sessions(target)) {
                const keysOf = (entity: Entity.Any) => Effect.map(session.keys!(entity, 1_000), (keys) => [...keys].sort())
                assert.deepEqual(yield* keysOf(Product), ["P-1", "P-2", "P-3", ...odd.map(({ sku }) => sku)].sort())
                assert.deepEqual(yield* keysOf(Maker), ["m"])
                const pairs = offers.map((it) => Entity.keyText([it.product, it.shop], [0, 1]))
                assert.deepEqual(yield* keysOf(Offer), pairs.sort())
                assert.deepEqual(yield* keysOf(Value), [])
              }
            }),
          )
        }),
    ),
    law(
      "no more keys are given than were asked for",
      "of five records `keys` gives two where two are asked for, each once, all where there are no more, and none where none are",
      (target) =>
        Effect.gen(function* () {
          const all = products(1, 2, 3, 4, 5)
          for (const record of all) yield* target.put(Product, record)
          yield* Effect.scoped(
            Effect.gen(function* () {
              for (const session of yield* sessions(target))
                for (const limit of [0, 1, 2, 5, 6]) {
                  const keys = yield* session.keys!(Product, limit)
                  assert.equal(new Set(keys).size, Math.min(limit, 5), `of a limit of ${limit}`)
                  assert.equal(keys.length, Math.min(limit, 5), `of a limit of ${limit}`)
                  assert.ok(keys.every((key) => all.some(({ sku }) => sku === key)))
                }
            }),
          )
        }),
    ),
  ]
}
