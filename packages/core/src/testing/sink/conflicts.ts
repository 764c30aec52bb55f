/**
 * Laws about target records that are no longer what the plan saw.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import { outcome } from "../../Sink.ts"
import type { Law } from "../Law.ts"
import { commit, eachWay, holds, plan } from "./driving.ts"
import { Product } from "./entities.ts"
import type { Harness } from "./Harness.ts"
import { product, products } from "./records.ts"

const { conflict, created, updated } = outcome

/** See the file's first sentence. */
export const conflictLaws = (harness: Harness): ReadonlyArray<Law> => [
  {
    name: "under abort a batch with a conflict writes nothing",
    holds:
      "a record changed after the plan is a conflict; neither it nor the rest of its batch is written (atomic: of the commit)",
    check: eachWay(harness, (target, transaction) =>
      Effect.gen(function* () {
        for (const record of products(1, 2)) yield* target.put(Product, record)
        const planned = yield* plan(target.sink, [
          [Product, [[product(1, { title: "new" }), product(2, { title: "new" }), product(3)]]],
        ])
        const edited = product(2, { title: "by hand" })
        yield* target.put(Product, edited)
        const { applied } = yield* commit(target.sink, planned, { transaction, onConflict: "abort" })
        const { conflicts, outcomes } = applied.get("product/0")!
        assert.equal(outcomes[1], conflict)
        assert.deepEqual(
          conflicts.map(({ index }) => index),
          [1],
        )
        assert.match(conflicts[0]!.message, /\S/)
        yield* holds(target, Product, [product(1), edited], transaction)
      }),
    ),
  },
  {
    name: "under skip conflicts are left out and the others written",
    holds: "records that were changed or removed after the plan stay so; those around them are written",
    check: eachWay(harness, (target, transaction) =>
      Effect.gen(function* () {
        for (const record of products(1, 2, 4)) yield* target.put(Product, record)
        const all = [product(1, { title: "new" }), product(2, { title: "new" }), product(3), product(4, { title: "new" })]
        const planned = yield* plan(target.sink, [[Product, [all]]])
        const edited = product(2, { stock: 77 })
        yield* target.put(Product, edited)
        yield* target.remove(Product, product(4))
        const { applied } = yield* commit(target.sink, planned, { transaction, onConflict: "skip" })
        const { conflicts, outcomes } = applied.get("product/0")!
        assert.deepEqual([...outcomes], [updated, conflict, created, conflict])
        assert.deepEqual(conflicts.map(({ index }) => index).sort(), [1, 3])
        yield* holds(target, Product, [all[0]!, edited, all[2]!], transaction)
      }),
    ),
  },
  {
    name: "a key that appeared after the plan is a conflict, and is not overwritten",
    holds: "a planned create whose key somebody else has made, with other values, is left out",
    check: eachWay(harness, (target, transaction) =>
      Effect.gen(function* () {
        const planned = yield* plan(target.sink, [[Product, [products(1, 2)]]])
        const theirs = product(2, { title: "theirs" })
        yield* target.put(Product, theirs)
        const { applied } = yield* commit(target.sink, planned, { transaction, onConflict: "skip" })
        assert.deepEqual([...applied.get("product/0")!.outcomes], [created, conflict])
        yield* holds(target, Product, [product(1), theirs], transaction)
      }),
    ),
  },
  {
    name: "a record that is as planned already counts as written",
    holds: "planned creates and updates that the target has by now, with the planned values, are no conflicts, also under abort",
    check: eachWay(harness, (target, transaction) =>
      Effect.gen(function* () {
        yield* target.put(Product, product(1))
        const all = [product(1, { title: "new" }), product(2), product(3)]
        const planned = yield* plan(target.sink, [[Product, [all]]])
        for (const record of all.slice(0, 2)) yield* target.put(Product, record)
        // a sink that finds a planned create there may begin its transaction anew, with care
        const { applied } = yield* Effect.retry(commit(target.sink, planned, { transaction, onConflict: "abort" }), {
          times: 2,
          while: (error) => (error as { readonly isRetryable?: boolean }).isRetryable === true,
        })
        assert.deepEqual([...applied.get("product/0")!.outcomes], [updated, created, created])
        assert.deepEqual(applied.get("product/0")!.conflicts, [])
        yield* holds(target, Product, all, transaction)
      }),
    ),
  },
]
