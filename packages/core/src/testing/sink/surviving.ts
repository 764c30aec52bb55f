/**
 * Laws about commits that break off or are taken over: all or nothing, checkpoints, tokens.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import { outcome } from "../../Sink.ts"
import { type Law, waiver } from "../Law.ts"
import { applyAll, commit, eachWay, errorOf, holds, once, open, plan } from "./driving.ts"
import { Maker, Product } from "./entities.ts"
import type { Harness, Target } from "./Harness.ts"
import { product, products } from "./records.ts"

const refusing = (target: Target, sku: string): Effect.Effect<void, unknown> =>
  target.refuse === undefined ? Effect.die("the harness declares `refuse`, and its target has none") : target.refuse(sku)

const unless = (...reasons: ReadonlyArray<string | undefined>): { readonly waived?: string } => {
  const reason = reasons.find((it) => it !== undefined)
  return reason === undefined ? {} : { waived: reason }
}

/** See the file's first sentence. */
export const survivingLaws = (harness: Harness): ReadonlyArray<Law> => {
  const { can } = harness
  const noBatches = waiver(can.batched)
  const noRefusals = waiver(can.refuse)
  const batched = (check: (target: Target) => Effect.Effect<void, unknown>): Effect.Effect<void, unknown> =>
    noBatches === undefined ? once(harness, check) : Effect.void
  const atomic = (check: (target: Target) => Effect.Effect<void, unknown>): Effect.Effect<void, unknown> =>
    can.atomic === true ? Effect.scoped(Effect.flatMap(harness.open, check)) : Effect.void
  return [
    {
      name: "a batch is all or nothing",
      holds:
        "where the target refuses the last record of a batch nothing of the batch is written, the one before stays, and the error says so",
      ...unless(noBatches, noRefusals),
      check: batched((target) =>
        noRefusals !== undefined
          ? Effect.void
          : Effect.gen(function* () {
              yield* target.put(Product, product(3))
              const planned = yield* plan(target.sink, [
                [Product, [products(1, 2), [product(3, { title: "new" }), product(4), product(5)]]],
              ])
              yield* refusing(target, "P-5")
              const error = yield* errorOf(commit(target.sink, planned, { transaction: "batched" }))
              assert.equal(error.reason, "DataRefused")
              assert.equal(error.isRetryable, false)
              if (error.refused !== undefined && error.refused.index !== null) assert.equal(error.refused.index, 2)
              yield* holds(target, Product, products(1, 2, 3))
            }),
      ),
    },
    {
      name: "an atomic commit that the target refuses leaves nothing",
      holds: "where the target refuses the last record of the last entity nothing of the commit is written, of no entity",
      ...unless(waiver(can.atomic), noRefusals),
      check: atomic((target) =>
        noRefusals !== undefined
          ? Effect.void
          : Effect.gen(function* () {
              const planned = yield* plan(target.sink, [
                [Maker, [[{ slug: "m", title: "M" }]]],
                [Product, [products(1, 2), products(3, 4)]],
              ])
              yield* refusing(target, "P-4")
              const error = yield* errorOf(commit(target.sink, planned, { transaction: "atomic" }))
              assert.equal(error.reason, "DataRefused")
              yield* holds(target, Maker, [])
              yield* holds(target, Product, [])
            }),
      ),
    },
    {
      name: "an atomic commit is nothing until it is complete",
      holds:
        "before `complete` others see nothing; a session that is dropped leaves nothing of any entity; `complete` makes all of it",
      ...unless(waiver(can.atomic)),
      check: atomic((target) =>
        Effect.gen(function* () {
          const maker = { slug: "m", title: "M" }
          const planned = yield* plan(target.sink, [
            [Maker, [[maker]]],
            [Product, [products(1, 2), products(3)]],
          ])
          yield* Effect.scoped(
            Effect.gen(function* () {
              const session = yield* open(target.sink, planned, { transaction: "atomic" })
              yield* applyAll(session, planned)
              yield* holds(target, Maker, [], "before it is complete")
              yield* holds(target, Product, [], "before it is complete")
            }),
          )
          yield* holds(target, Maker, [], "after it was dropped")
          yield* holds(target, Product, [], "after it was dropped")
          yield* commit(target.sink, planned, { transaction: "atomic" })
          yield* holds(target, Maker, [maker])
          yield* holds(target, Product, products(1, 2, 3))
        }),
      ),
    },
    {
      name: "the checkpoint has what is applied for good, of this job",
      holds: "after a dropped session the applied batches (atomic: none before `complete`, all after); of another job none",
      check: eachWay(harness, (target, transaction) =>
        Effect.gen(function* () {
          const planned = yield* plan(target.sink, [[Product, [products(1), products(2)]]])
          const keys = (job: string) =>
            Effect.scoped(Effect.map(open(target.sink, planned, { job, transaction }), (it) => [...it.checkpoint.keys()].sort()))
          assert.deepEqual(yield* keys("job"), [])
          if (transaction === "batched") {
            yield* commit(target.sink, planned, { transaction, dieBefore: 1 })
            assert.deepEqual(yield* keys("job"), ["product/0"])
          }
          yield* commit(target.sink, planned, { transaction })
          assert.deepEqual(yield* keys("job"), ["product/0", "product/1"])
          assert.deepEqual(yield* keys("another job"), [])
        }),
      ),
    },
    {
      name: "a commit that broke off is resumed, and ends as if it had not",
      holds:
        "dropped before each batch in turn: a new session ends with the same outcomes and records, and applies no batch twice",
      ...unless(noBatches),
      check:
        noBatches !== undefined
          ? Effect.void
          : Effect.forEach(
              [0, 1, 2, 3],
              (dieBefore) =>
                batched((target) =>
                  Effect.gen(function* () {
                    for (const record of products(1, 3)) yield* target.put(Product, record)
                    const all = [product(1, { title: "new" }), product(2), product(3, { title: "new" }), product(4)]
                    const batches = [all.slice(0, 2), all.slice(2, 3), all.slice(3)]
                    const planned = yield* plan(target.sink, [[Product, batches]])
                    const first = yield* commit(target.sink, planned, { dieBefore })
                    assert.equal(first.applied.size, dieBefore)
                    // what somebody does to a batch that is done is theirs
                    if (dieBefore > 0) yield* target.put(Product, product(2, { title: "edited since" }))
                    const { applied, mismatches } = yield* commit(target.sink, planned, { token: 2 })
                    assert.deepEqual(
                      [...applied].map(([key, { outcomes }]) => [key, [...outcomes]]),
                      [
                        ["product/0", [outcome.updated, outcome.created]],
                        ["product/1", [outcome.updated]],
                        ["product/2", [outcome.created]],
                      ],
                    )
                    if (dieBefore === 0) assert.deepEqual(mismatches, [])
                    const expected = dieBefore > 0 ? all.with(1, product(2, { title: "edited since" })) : all
                    yield* holds(target, Product, expected, `resumed behind ${dieBefore} batches`)
                  }),
                ),
              { discard: true },
            ),
    },
    {
      name: "an older token is refused when a session is opened",
      holds: "a token lower than one seen is `Fenced`, not retryable; the same one may come again",
      check: once(harness, (target, transaction) =>
        Effect.gen(function* () {
          const planned = yield* plan(target.sink, [[Product, [products(1)]]])
          const opened = (token: number) => Effect.scoped(Effect.asVoid(open(target.sink, planned, { token, transaction })))
          yield* opened(2)
          yield* opened(2)
          const error = yield* errorOf(opened(1))
          assert.equal(error.reason, "Fenced")
          assert.equal(error.isRetryable, false)
        }),
      ),
    },
    {
      name: "a worker whose job was taken over writes nothing more",
      holds: "a session of an older token fails in `apply` with `Fenced`, and its batch is not written; the new worker goes on",
      check: once(harness, (target, transaction) =>
        Effect.gen(function* () {
          const planned = yield* plan(target.sink, [[Product, [products(1), products(2)]]])
          yield* Effect.scoped(
            Effect.gen(function* () {
              const [first, second] = planned[0]![1]
              const old = yield* open(target.sink, planned, { token: 1, transaction })
              if (transaction === "batched") yield* old.apply(first!.batch, first!.planned)
              yield* Effect.scoped(open(target.sink, planned, { token: 2, transaction }))
              const error = yield* errorOf(old.apply(second!.batch, second!.planned))
              assert.equal(error.reason, "Fenced")
            }),
          )
          yield* holds(target, Product, transaction === "batched" ? products(1) : [])
          yield* commit(target.sink, planned, { token: 2, transaction })
          yield* holds(target, Product, products(1, 2))
        }),
      ),
    },
  ]
}
