/**
 * Laws about planning: it reads, and says of each record what a commit does with it.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import * as Plan from "../../Plan.ts"
import type { Law } from "../Law.ts"
import { applyAll, commit, eachWay, errorOf, holds, once, open, plan, planWithin } from "./driving.ts"
import { Maker, Offer, Product } from "./entities.ts"
import type { Fields, Harness } from "./Harness.ts"
import { product, products } from "./records.ts"

const { create, unchanged, update } = Plan.code

/** See the file's first sentence. */
export const planningLaws = (harness: Harness): ReadonlyArray<Law> => [
  {
    name: "planning writes nothing, and keeps nobody out",
    holds: "while a plan session is open, and after it, the target has what it had, and others can write",
    check: once(harness, (target) =>
      Effect.gen(function* () {
        const there = products(1, 2)
        for (const record of there) yield* target.put(Product, record)
        const input = [[Product, [[product(1), product(2, { title: "other" }), product(3)]]]] as const
        yield* Effect.scoped(
          Effect.gen(function* () {
            const { session } = yield* planWithin(target.sink, [[Maker, [[{ slug: "m", title: "M" }]]], ...input])
            yield* session.existing(Maker, [["m"], ["n"]])
            yield* holds(target, Product, there, "while the session is open")
            yield* holds(target, Maker, [], "while the session is open")
            yield* target.put(Product, product(2, { stock: 9 }))
          }),
        )
        yield* holds(target, Product, [product(1), product(2, { stock: 9 })], "after the session")
        yield* holds(target, Maker, [], "after the session")
      }),
    ),
  },
  {
    name: "a plan has an action for each record in its order, and for an update what changes",
    holds: "create, update and unchanged over two batches; an update names exactly the fields that differ, before and after",
    check: once(harness, (target) =>
      Effect.gen(function* () {
        for (const record of products(1, 2, 5)) yield* target.put(Product, record)
        const changed = product(2, { title: "other", price: "0.99" })
        const batches = [
          [product(4), product(1), changed],
          [product(3), product(5)],
        ]
        const [, parts] = (yield* plan(target.sink, [[Product, batches]]))[0]!
        assert.deepEqual(
          parts.map(({ planned }) => [...planned.actions]),
          [
            [create, unchanged, update],
            [create, unchanged],
          ],
        )
        assert.deepEqual(
          parts.map(({ planned }) => planned.updates.map(({ index }) => index)),
          [[2], []],
        )
        const changes = parts[0]!.planned.updates[0]!.changes
        assert.deepEqual(
          [...changes].sort((a, b) => (a.field < b.field ? -1 : 1)),
          [
            { field: "price", before: "2.50", after: "0.99" },
            { field: "title", before: "Product 2", after: "other" },
          ],
        )
      }),
    ),
  },
  {
    name: "a field that is absent, or volatile, is no change",
    holds: "a record that lacks a field of the target's, or differs in a volatile one only, is unchanged",
    check: once(harness, (target) =>
      Effect.gen(function* () {
        yield* target.put(Product, product(1, { note: "kept" }))
        yield* target.put(Product, product(2, { seen: "2024-01-01T00:00:00Z" }))
        const planned = yield* plan(target.sink, [[Product, [[product(1), product(2, { seen: "2025-01-01T00:00:00Z" })]]]])
        assert.deepEqual([...planned[0]![1][0]!.planned.actions], [unchanged, unchanged])
      }),
    ),
  },
  {
    name: "a plan is the same whether its batches were staged or not",
    holds: "without a call of `stage`, as after a retry, `plan` gives the same actions",
    check: once(harness, (target) =>
      Effect.gen(function* () {
        yield* target.put(Product, product(1))
        const input = [[Product, [[product(1, { title: "other" })], [product(2)]]]] as const
        const [, parts] = (yield* plan(target.sink, input, { staged: false }))[0]!
        assert.deepEqual(
          parts.map(({ planned }) => [...planned.actions]),
          [[update], [create]],
        )
      }),
    ),
  },
  {
    name: "existing says of each key, in order, whether it is there",
    holds: "keys of one field and of several; a key asked twice is answered twice; no key is taken for one that looks like it",
    check: once(harness, (target) =>
      Effect.gen(function* () {
        for (const record of products(1, 3)) yield* target.put(Product, record)
        yield* target.put(Offer, { product: "P-1", shop: 7, price: "1.00" })
        yield* Effect.scoped(
          Effect.gen(function* () {
            const { session } = yield* planWithin(target.sink, [
              [Product, []],
              [Offer, []],
            ])
            const keys = ["P-2", "P-3", "p-1", "P-1", "P-1 ", "P-3", ""].map((key) => [key])
            assert.deepEqual(yield* session.existing(Product, keys), [false, true, false, true, false, true, false])
            const pairs = [
              ["P-1", 8],
              ["P-1", 7],
              ["P-3", 7],
            ]
            assert.deepEqual(yield* session.existing(Offer, pairs), [false, true, false])
            assert.deepEqual(yield* session.existing(Product, []), [])
          }),
        )
      }),
    ),
  },
  {
    name: "a plan is for the way of committing that was asked for",
    holds: "`transaction` is what is `preferred`; where the sink cannot, planning fails and cannot be retried",
    check: once(harness, (target) =>
      Effect.gen(function* () {
        for (const preferred of ["atomic", "batched"] as const) {
          const opened = Effect.scoped(
            Effect.map(planWithin(target.sink, [[Product, []]], { preferred }), (it) => it.session.transaction),
          )
          if (harness.can[preferred] === true) assert.equal(yield* opened, preferred)
          else assert.equal((yield* errorOf(opened)).isRetryable, false, `${preferred} is refused`)
        }
      }),
    ),
  },
  {
    name: "a plan after the commit finds nothing to do",
    holds: "after a commit the same records are all unchanged, null and absent fields included",
    check: eachWay(harness, (target, transaction) =>
      Effect.gen(function* () {
        yield* target.put(Product, product(2, { note: "kept" }))
        const some = [
          product(1, { stock: null, note: null }),
          product(2),
          product(3, { note: "n", seen: "2024-01-01T00:00:00Z" }),
        ]
        const input = [[Product, [some.slice(0, 2), some.slice(2)]]] as const
        yield* commit(target.sink, yield* plan(target.sink, input), { transaction })
        const again = yield* plan(target.sink, input)
        assert.deepEqual(
          again[0]![1].map(({ planned }) => [...planned.actions]),
          [[unchanged, unchanged], [unchanged]],
        )
      }),
    ),
  },
  {
    name: "a commit does what was planned, and nothing else",
    holds: "outcomes are those of the plan; absent fields and other records stay; null and volatile fields are written",
    check: eachWay(harness, (target, transaction) =>
      Effect.gen(function* () {
        const seen = "2024-02-29T10:30:00Z"
        for (const record of [product(1), product(2, { note: "kept" }), product(9)]) yield* target.put(Product, record)
        const changed: Fields = { ...product(2, { title: "other", stock: null }), seen }
        const planned = yield* plan(target.sink, [[Product, [[product(1), changed, product(3)]]]])
        yield* Effect.scoped(
          Effect.gen(function* () {
            const session = yield* open(target.sink, planned, { transaction })
            const { applied } = yield* applyAll(session, planned)
            assert.deepEqual([...applied.get("product/0")!.outcomes], [0, 2, 1])
            assert.deepEqual(applied.get("product/0")!.conflicts, [])
            yield* session.complete
          }),
        )
        yield* holds(target, Product, [product(1), { ...changed, note: "kept" }, product(3), product(9)], transaction)
      }),
    ),
  },
  {
    name: "records may refer to records of the same commit",
    holds: "a maker, its product and an offer of it are written by one commit, with what they refer to",
    check: eachWay(harness, (target, transaction) =>
      Effect.gen(function* () {
        const maker = { slug: "m", title: "M" }
        const offer = { product: "P-1", shop: 1, price: "9.00" }
        const made = product(1, { maker: "m" })
        const planned = yield* plan(target.sink, [
          [Maker, [[maker]]],
          [Product, [[made, product(2)]]],
          [Offer, [[offer]]],
        ])
        yield* commit(target.sink, planned, { transaction })
        yield* holds(target, Maker, [maker])
        yield* holds(target, Product, [made, product(2)])
        yield* holds(target, Offer, [offer])
      }),
    ),
  },
]
