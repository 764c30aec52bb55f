/**
 * Laws about fields that are not all the feed's.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import * as Entity from "../../Entity.ts"
import { undone } from "../../Sink.ts"
import { type Law, waiver } from "../Law.ts"
import { commit, eachWay, holds, type Planned, plan } from "./driving.ts"
import { Maker, Product } from "./entities.ts"
import type { Fields, Harness, Target } from "./Harness.ts"
import { product, products } from "./records.ts"
import { undo } from "./undoing.ts"

const owned = (ownership: NonNullable<Entity.Options<typeof Product.schemas>["ownership"]>) =>
  Entity.make("product", {
    schema: Product.schemas,
    key: "sku",
    references: { maker: Maker },
    volatile: ["seen"],
    ownership,
  })

// the table of products, seen by imports that do not own all of it
const Kept = owned({ stock: "whenEmpty", price: "atCreation", note: "whenEmpty", maker: "atCreation" })
const Edited = owned({ stock: "keepEdits", price: "keepEdits", note: "keepEdits" })

/** What a plan does with the owned fields of its records: `field` where it changes it, `field: why` where it keeps it. */
const told = (planned: Planned): ReadonlyArray<readonly [string, ...ReadonlyArray<string>]> =>
  planned.flatMap(([entity, parts]) =>
    parts.flatMap(({ batch, planned: { kept = [], updates } }) =>
      batch
        .records()
        .map((values, index): readonly [string, ...ReadonlyArray<string>] => [
          Entity.keyText(values, entity.keyPositions),
          ...(updates.find((it) => it.index === index)?.changes ?? []).map(({ field }) => field),
          ...(kept.find((it) => it.index === index)?.fields ?? []).map(({ field, why }) => `${field}: ${why}`),
        ]),
    ),
  )

const planEdited = (target: Target, ...batches: ReadonlyArray<ReadonlyArray<Fields>>) => plan(target.sink, [[Edited, batches]])

/** See the file's first sentence. */
export const owningLaws = (harness: Harness): ReadonlyArray<Law> => {
  const law = (
    name: string,
    holdsWhat: string,
    check: Parameters<typeof eachWay>[1],
    no: string | undefined = waiver(harness.can.keepEdits),
  ): Law => ({
    name,
    holds: holdsWhat,
    ...(no === undefined ? {} : { waived: no }),
    check: no === undefined ? eachWay(harness, check) : Effect.void,
  })
  return [
    {
      name: "an update writes no owned field that its plan keeps",
      holds:
        "kept fields stay, required ones too, and are not verified; a create writes all; a plan after it finds nothing to do",
      check: eachWay(harness, (target, transaction) =>
        Effect.gen(function* () {
          yield* target.put(Product, product(1, { note: "theirs", stock: null }))
          yield* target.put(Product, product(2, { stock: 0 }))
          const feed = [
            product(1, { title: "new", price: "9.99", stock: 7, note: "feed" }),
            product(2, { title: "new", price: "9.99", stock: 7, note: "feed" }),
            product(3, { price: "9.99", stock: 7, note: "feed" }),
          ]
          const planned = yield* plan(target.sink, [[Kept, [feed]]])
          const { mismatches } = yield* commit(target.sink, planned, { transaction })
          assert.deepEqual(mismatches, [])
          yield* holds(
            target,
            Product,
            [
              product(1, { title: "new", note: "theirs", stock: 7 }),
              product(2, { title: "new", note: "feed", stock: 0 }),
              feed[2]!,
            ],
            transaction,
          )
          assert.deepEqual(told(yield* plan(target.sink, [[Kept, [feed]]])), [
            ["P-1", "price: atCreation", "note: notEmpty"],
            ["P-2", "stock: notEmpty", "price: atCreation"],
            ["P-3"],
          ])
        }),
      ),
    },
    law(
      "a plan tells whether a field has what a commit wrote last",
      "of a record that a commit wrote: what it wrote, an edit, an edit to nothing; of one that none wrote: a value, and nothing",
      (target, transaction) =>
        Effect.gen(function* () {
          const written = [product(1, { note: "ours" }), product(2, { note: "ours" })]
          yield* commit(target.sink, yield* planEdited(target, written), { transaction })
          yield* target.put(Product, product(2, { price: "7.00", stock: null, note: "ours" }))
          yield* target.put(Product, product(3, { note: null }))
          const feed = [1, 2, 3].map((number) => product(number, { price: "0.01", stock: 99, note: "new" }))
          const planned = yield* planEdited(target, feed)
          assert.deepEqual(told(planned), [
            ["P-1", "stock", "price", "note"],
            ["P-2", "note", "stock: edited", "price: edited"],
            ["P-3", "note", "stock: neverWritten", "price: neverWritten"],
          ])
          yield* commit(target.sink, planned, { transaction, job: "second" })
          // what was kept is still not the feed's, and what was written is
          const more = feed.map((record) => ({ ...record, price: "0.02", note: "newer" }))
          assert.deepEqual(told(yield* planEdited(target, more)), [
            ["P-1", "price", "note"],
            ["P-2", "note", "stock: edited", "price: edited"],
            ["P-3", "note", "stock: neverWritten", "price: neverWritten"],
          ])
        }),
    ),
    law(
      "what is written last is noted together with its record, or not at all",
      "of a dropped commit what it wrote for good, all once it is resumed; of conflicts and of what somebody else wrote alike nothing",
      (target, transaction) =>
        Effect.gen(function* () {
          const planned = yield* planEdited(target, products(1), products(2))
          yield* commit(target.sink, planned, { transaction, dieBefore: 1 })
          const theirs = product(transaction === "batched" ? 2 : 1)
          yield* target.put(Product, theirs)
          const feed = [product(1, { price: "0.01" }), product(2, { price: "0.01" })]
          assert.deepEqual(
            told(yield* planEdited(target, feed)),
            transaction === "batched"
              ? [
                  ["P-1", "price"],
                  ["P-2", "price: neverWritten"],
                ]
              : [["P-1", "price: neverWritten"], ["P-2"]],
          )
          yield* target.remove(Product, theirs)
          yield* commit(target.sink, planned, { transaction, token: 2 })
          assert.deepEqual(told(yield* planEdited(target, feed)), [
            ["P-1", "price"],
            ["P-2", "price"],
          ])
          // planned for a record that has no note, and somebody writes one meanwhile; and planned for a new one, which somebody else makes alike
          yield* target.put(Product, product(3, { note: null }))
          const late = yield* planEdited(target, [product(3, { note: "feed" }), product(4), product(5)])
          yield* target.put(Product, product(3, { note: "theirs" }))
          yield* target.put(Product, product(4))
          yield* commit(target.sink, late, { transaction, onConflict: "skip", job: "late" })
          const after = [3, 4, 5].map((number) => product(number, { price: "0.01", note: "new" }))
          assert.deepEqual(told(yield* planEdited(target, after)), [
            ["P-3", "price: neverWritten", "note: neverWritten"],
            ["P-4", "note", "price: neverWritten"],
            ["P-5", "price", "note"],
          ])
        }),
    ),
    law(
      "an undo sets back what was written last",
      "a field that has its former value again is the feed's as before; of a record that is gone nothing was written",
      (target, transaction) =>
        Effect.gen(function* () {
          yield* commit(target.sink, yield* planEdited(target, products(1)), { transaction, job: "first" })
          const planned = yield* planEdited(target, [product(1, { price: "2.00" }), product(2)])
          yield* commit(target.sink, planned, { transaction })
          const done = yield* undo(target.sink, planned, { transaction })
          assert.deepEqual(
            [...done.values()].flatMap(({ outcomes }) => [...outcomes]),
            [undone.reversed, undone.reversed],
          )
          yield* target.put(Product, product(2))
          const feed = [product(1, { price: "3.00" }), product(2, { price: "3.00" })]
          assert.deepEqual(told(yield* planEdited(target, feed)), [
            ["P-1", "price"],
            ["P-2", "price: neverWritten"],
          ])
        }),
      waiver(harness.can.keepEdits) ?? waiver(harness.can.undo),
    ),
  ]
}
