/**
 * Laws about probing: what a batch would come to, told without a trace.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import { outcome } from "../../Sink.ts"
import { type Law, waiver } from "../Law.ts"
import { errorOf, holds, once, open, plan } from "./driving.ts"
import { Product } from "./entities.ts"
import type { Harness, Target } from "./Harness.ts"
import { product, products } from "./records.ts"

/** See the file's first sentence. */
export const probingLaws = (harness: Harness): ReadonlyArray<Law> => {
  const { can } = harness
  const no = waiver(can.batched) ?? waiver(can.probe)
  const noRefusals = no ?? waiver(can.refuse)
  const waive = (reason: string | undefined) => (reason === undefined ? {} : { waived: reason })
  const check = (reason: string | undefined, it: (target: Target) => Effect.Effect<void, unknown>) =>
    reason === undefined ? once(harness, it) : Effect.void
  return [
    {
      name: "a probe leaves nothing",
      holds:
        "after `probe` the target has what it had and the checkpoint does not have the batch, which then is applied as planned",
      ...waive(no),
      check: check(no, (target) =>
        Effect.gen(function* () {
          yield* target.put(Product, product(1))
          const planned = yield* plan(target.sink, [[Product, [[product(1, { title: "new" }), product(2)]]]])
          const [{ batch, planned: it }] = planned[0]![1] as [(typeof planned)[0][1][0]]
          const opened = open(target.sink, planned)
          yield* Effect.scoped(Effect.flatMap(opened, (session) => session.probe!(batch, it)))
          yield* holds(target, Product, products(1), "after the probe")
          yield* Effect.scoped(
            Effect.gen(function* () {
              const session = yield* opened
              assert.equal(session.checkpoint.size, 0)
              yield* session.probe!(batch, it)
              const { outcomes } = yield* session.apply(batch, it)
              assert.deepEqual([...outcomes], [outcome.updated, outcome.created])
            }),
          )
          yield* holds(target, Product, [product(1, { title: "new" }), product(2)], "after the batch")
        }),
      ),
    },
    {
      name: "a probe fails as its batch would, and only then",
      holds: "of a batch that the target refuses `probe` and `apply` end in the same error; of another one `probe` succeeds",
      ...waive(noRefusals),
      check: check(noRefusals, (target) =>
        Effect.gen(function* () {
          const planned = yield* plan(target.sink, [[Product, [products(1, 2), products(3)]]])
          yield* target.refuse!("P-2")
          const [bad, good] = planned[0]![1]
          yield* Effect.scoped(
            Effect.gen(function* () {
              const session = yield* open(target.sink, planned)
              const probed = yield* errorOf(session.probe!(bad!.batch, bad!.planned))
              yield* session.probe!(good!.batch, good!.planned)
              const applied = yield* errorOf(session.apply(bad!.batch, bad!.planned))
              assert.deepEqual(
                [probed.reason, probed.isRetryable, probed.code, probed.refused],
                [applied.reason, applied.isRetryable, applied.code, applied.refused],
              )
            }),
          )
        }),
      ),
    },
  ]
}
