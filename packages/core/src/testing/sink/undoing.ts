/**
 * Laws about taking a commit back.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import { type Sink, type Transaction, type UndoContext, type UndoneBatch, undone } from "../../Sink.ts"
import { type Law, waiver } from "../Law.ts"
import { busy, commit, eachWay, entitiesOf, errorOf, holds, once, type Planned, plan } from "./driving.ts"
import { Maker, Product } from "./entities.ts"
import type { Harness, Target } from "./Harness.ts"
import { product, products } from "./records.ts"

const { kept, reversed } = undone

const open = (sink: Sink, planned: Planned, context: Partial<UndoContext> & { readonly transaction: Transaction }) =>
  Effect.suspend(() =>
    sink.undo!({
      job: "undo",
      token: 1,
      of: { job: "job", planHash: "plan" },
      preview: false,
      entities: entitiesOf(planned),
      ...context,
    }),
  )

/** Takes a commit back as the engine does it: entities and batches from the last to the first. */
export const undo = (
  sink: Sink,
  planned: Planned,
  { dieBefore, ...context }: Partial<UndoContext> & { readonly transaction: Transaction; readonly dieBefore?: number },
): Effect.Effect<ReadonlyMap<string, UndoneBatch>, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const session = yield* open(sink, planned, context)
      const done = new Map<string, UndoneBatch>()
      for (const [entity, parts] of planned.toReversed())
        for (const { batch, planned: it } of busy(parts).toReversed()) {
          if (done.size === dieBefore) return done
          const key = `${entity.name}/${batch.part}`
          done.set(key, session.checkpoint.get(key) ?? (yield* session.revert(batch, it)))
        }
      if (context.preview !== true) yield* session.complete
      return done
    }),
  )

/** The outcomes of each batch. */
export const outcomesOf = (done: ReadonlyMap<string, UndoneBatch>): ReadonlyArray<unknown> =>
  [...done].map(([key, { outcomes }]) => [key, [...outcomes]])

// two updates in two batches, committed
const updated = (target: Target, transaction: Transaction) =>
  Effect.gen(function* () {
    for (const record of products(1, 2)) yield* target.put(Product, record)
    const planned = yield* plan(target.sink, [[Product, [[product(1, { title: "new" })], [product(2, { title: "new" })]]]])
    yield* commit(target.sink, planned, { transaction })
    return planned
  })

/** See the file's first sentence. */
export const undoingLaws = (harness: Harness): ReadonlyArray<Law> => {
  const no = waiver(harness.can.undo)
  const law = (
    name: string,
    holdsWhat: string,
    check: (target: Target, transaction: Transaction) => Effect.Effect<void, unknown>,
    runs = eachWay,
  ): Law => ({
    name,
    holds: holdsWhat,
    ...(no === undefined ? {} : { waived: no }),
    check: no === undefined ? runs(harness, check) : Effect.void,
  })
  return [
    law(
      "an undo gives back what was there before",
      "what the job created is gone, what it updated has its former values, absent and null ones too; others are as they were",
      (target, transaction) =>
        Effect.gen(function* () {
          const before = [product(1, { note: "kept" }), product(2, { stock: null }), product(3), product(9)]
          for (const record of before) yield* target.put(Product, record)
          const batches = [[product(1, { title: "new", price: "0.01" }), product(2, { stock: 5 }), product(3)], products(4, 5)]
          const planned = yield* plan(target.sink, [[Product, batches]])
          yield* commit(target.sink, planned, { transaction })
          const done = yield* undo(target.sink, planned, { transaction })
          assert.deepEqual(outcomesOf(done), [
            ["product/1", [reversed, reversed]],
            ["product/0", [reversed, reversed, undone.untouched]],
          ])
          yield* holds(target, Product, before, transaction)
        }),
    ),
    law(
      "an undo keeps what somebody changed since, and says what",
      "a record changed in a field that the job wrote is kept, with the field as it is and as it was written; a change elsewhere stays",
      (target, transaction) =>
        Effect.gen(function* () {
          const planned = yield* updated(target, transaction)
          const edited = product(1, { title: "by hand" })
          yield* target.put(Product, edited)
          yield* target.put(Product, product(2, { title: "new", note: "by hand" }))
          const done = yield* undo(target.sink, planned, { transaction })
          assert.deepEqual(outcomesOf(done), [
            ["product/1", [reversed]],
            ["product/0", [kept]],
          ])
          const [left] = done.get("product/0")!.left
          assert.deepEqual(
            [left?.index, left?.kind, left?.fields],
            [0, "changed", [{ field: "title", now: "by hand", written: "new" }]],
          )
          yield* holds(target, Product, [edited, product(2, { note: "by hand" })], transaction)
        }),
    ),
    law(
      "an undo keeps what something else refers to now",
      "a record that the job created, and that somebody's record refers to, is kept as `referenced`",
      (target, transaction) =>
        Effect.gen(function* () {
          const maker = { slug: "m", title: "M" }
          const planned = yield* plan(target.sink, [
            [Maker, [[maker]]],
            [Product, []],
          ])
          yield* commit(target.sink, planned, { transaction })
          const theirs = product(1, { maker: "m" })
          yield* target.put(Product, theirs)
          const done = yield* undo(target.sink, planned, { transaction })
          assert.deepEqual(outcomesOf(done), [["maker/0", [kept]]])
          assert.deepEqual(
            done.get("maker/0")!.left.map(({ index, kind }) => [index, kind]),
            [[0, "referenced"]],
          )
          yield* holds(target, Maker, [maker])
          yield* holds(target, Product, [theirs])
        }),
    ),
    law(
      "an undo that broke off is resumed, and one done twice does no harm",
      "the checkpoint has what was taken back for good; another undo of the same job finds all as it was before",
      (target, transaction) =>
        Effect.gen(function* () {
          const planned = yield* updated(target, transaction)
          yield* undo(target.sink, planned, { transaction, dieBefore: 1 })
          const checkpoint = (token: number) =>
            Effect.scoped(
              Effect.map(open(target.sink, planned, { transaction, token }), (it) => [...it.checkpoint.keys()].sort()),
            )
          assert.deepEqual(yield* checkpoint(2), transaction === "batched" ? ["product/1"] : [])
          const all = [
            ["product/1", [reversed]],
            ["product/0", [reversed]],
          ]
          assert.deepEqual(outcomesOf(yield* undo(target.sink, planned, { transaction, token: 2 })), all)
          assert.deepEqual(yield* checkpoint(2), ["product/0", "product/1"])
          yield* holds(target, Product, products(1, 2), "resumed")
          assert.deepEqual(outcomesOf(yield* undo(target.sink, planned, { transaction, job: "undo again" })), all)
          yield* holds(target, Product, products(1, 2), "undone twice")
        }),
    ),
    law(
      "a preview of an undo changes nothing",
      "with `preview` the outcomes are those of the undo, and the target stays as it is",
      (target, transaction) =>
        Effect.gen(function* () {
          const planned = yield* updated(target, transaction)
          const told = outcomesOf(yield* undo(target.sink, planned, { transaction, preview: true, job: "preview" }))
          assert.deepEqual(told, [
            ["product/1", [reversed]],
            ["product/0", [reversed]],
          ])
          yield* holds(target, Product, [product(1, { title: "new" }), product(2, { title: "new" })], transaction)
        }),
    ),
    law(
      "an undo with an older token is refused",
      "a token lower than one seen of the undo's job is `Fenced` when a session is opened",
      (target, transaction) =>
        Effect.gen(function* () {
          const planned = yield* updated(target, transaction)
          yield* Effect.scoped(open(target.sink, planned, { transaction, token: 2 }))
          const error = yield* errorOf(Effect.scoped(open(target.sink, planned, { transaction, token: 1 })))
          assert.equal(error.reason, "Fenced")
        }),
      once,
    ),
  ]
}
