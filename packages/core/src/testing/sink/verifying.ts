/**
 * Laws about verification: it finds what is not in the target as it was written, and nothing else.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import type { Law } from "../Law.ts"
import { commit, eachWay, plan } from "./driving.ts"
import { Product } from "./entities.ts"
import type { Harness } from "./Harness.ts"
import { product, products } from "./records.ts"

/** See the file's first sentence. */
export const verifyingLaws = (harness: Harness): ReadonlyArray<Law> => [
  {
    name: "verification finds nothing where all is as it was written",
    holds:
      "no mismatch after a commit, whatever the target has in fields that a record does not have, and of conflicts that were left out",
    check: eachWay(harness, (target, transaction) =>
      Effect.gen(function* () {
        yield* target.put(Product, product(1, { note: "kept" }))
        yield* target.put(Product, product(3))
        const all = [product(1, { title: "new", stock: null }), product(2), product(3, { title: "new" })]
        const planned = yield* plan(target.sink, [[Product, [all.slice(0, 1), all.slice(1)]]])
        yield* target.put(Product, product(3, { title: "by hand" }))
        const { mismatches } = yield* commit(target.sink, planned, { transaction, onConflict: "skip" })
        assert.deepEqual(mismatches, [])
      }),
    ),
  },
  {
    name: "verification finds a record that was tampered with, and one that is missing",
    holds:
      "of what was written: `different` with its field, `missing`, each with its key; records that were not written are not looked at",
    check: eachWay(harness, (target, transaction) =>
      Effect.gen(function* () {
        yield* target.put(Product, product(4))
        const planned = yield* plan(target.sink, [[Product, [products(1, 2), products(3, 4)]]])
        // a sink may read a batch back as soon as it is durable: what is done to it later is for the session that goes on
        if (transaction === "batched") yield* commit(target.sink, planned, { transaction, dieBefore: 2 })
        const { mismatches } = yield* commit(target.sink, planned, {
          transaction,
          beforeVerify: Effect.gen(function* () {
            yield* target.put(Product, product(1, { title: "tampered" }))
            yield* target.remove(Product, product(3))
            yield* target.put(Product, product(4, { title: "no affair of this commit" }))
          }),
        })
        const sorted = [...mismatches].sort((a, b) => (a.key < b.key ? -1 : 1))
        assert.deepEqual(
          sorted.map(({ key, kind }) => [key, kind]),
          [
            ["P-1", "different"],
            ["P-3", "missing"],
          ],
        )
        // where the sink can tell the fields
        if (sorted[0]!.fields.length > 0) assert.deepEqual(sorted[0]!.fields, ["title"])
      }),
    ),
  },
]
