/**
 * Laws about mirrors: what the target has and the feed has not is found, and deleted where nothing speaks against it.
 */
import * as assert from "node:assert/strict"
import { Effect, Stream } from "effect"
import * as Batch from "../../Batch.ts"
import * as Entity from "../../Entity.ts"
import type { Condition } from "../../Mirror.ts"
import * as Plan from "../../Plan.ts"
import { type Missing, outcome, type Sink, type Transaction, undone } from "../../Sink.ts"
import { type Law, waiver } from "../Law.ts"
import { commit, eachWay, entitiesOf, errorOf, holds, type Planned, sealed } from "./driving.ts"
import { Maker, Product } from "./entities.ts"
import type { Fields, Harness, Target } from "./Harness.ts"
import { product, products } from "./records.ts"
import { outcomesOf, undo } from "./undoing.ts"

const { conflict, deleted } = outcome
const { kept, reversed } = undone

// what is missing of an entity where the feed has these records
const missing = (sink: Sink, entity: Entity.Any, feed: ReadonlyArray<Fields>, scope: ReadonlyArray<Condition> = []) =>
  Effect.scoped(
    Effect.gen(function* () {
      const session = yield* sink.plan({ job: "plan", entities: entitiesOf([[Product, []]]), preferred: null })
      const batches = sealed(entity, [feed])
      for (const batch of batches) yield* session.stage(batch)
      const keys = new Set(batches.flatMap((it) => it.records().map((values) => Entity.keyText(values, entity.keyPositions))))
      const { inScope, records } = yield* session.missing!(entity, scope, (key) => keys.has(key), "delete")
      const key = ({ values }: Missing) => Entity.keyText(values, entity.keyPositions)
      const gone = [...(yield* Stream.runCollect(records))].sort((a, b) => (key(a) < key(b) ? -1 : 1))
      return { inScope, gone }
    }),
  )

// the plan that deletes them, so many in a batch; written and read again, as between validate and commit
const planned = (entity: Entity.Any, gone: ReadonlyArray<Missing>, size = 100): Planned => {
  const parts = Array.from({ length: Math.ceil(gone.length / size) }, (_, part) => {
    const some = gone.slice(part * size, (part + 1) * size)
    const bytes = Buffer.from(some.map(({ values }) => `${Batch.writeLine(entity, values)}\n`).join(""))
    const text = Plan.write({
      part,
      actions: new Uint8Array(some.length).fill(Plan.code.delete),
      updates: [],
      refusals: [],
      deletions: some.map(({ fingerprint }, index) => ({ index, fingerprint })),
    })
    return {
      batch: Batch.make({ entity, part, first: part * size, count: some.length, bytes }),
      planned: Plan.read(part, some.length, text),
    }
  })
  return [[entity, parts]]
}

const planDeletions = (target: Target, entity: Entity.Any, feed: ReadonlyArray<Fields>, size?: number) =>
  Effect.map(missing(target.sink, entity, feed), ({ gone }) => planned(entity, gone, size))

/** See the file's first sentence. */
export const removingLaws = (harness: Harness): ReadonlyArray<Law> => {
  const no = waiver(harness.can.mirror)
  const noUndo = no ?? waiver(harness.can.undo)
  const law = (
    name: string,
    holdsWhat: string,
    check: (target: Target, transaction: Transaction) => Effect.Effect<void, unknown>,
    waived = no,
  ): Law => ({
    name,
    holds: holdsWhat,
    ...(waived === undefined ? {} : { waived }),
    check: waived === undefined ? eachWay(harness, check) : Effect.void,
  })
  return [
    law(
      "what is missing is found by its key, in its scope",
      "of the records that meet the conditions, null among them, those that were not staged, with their values, and how many meet them in all",
      (target) =>
        Effect.gen(function* () {
          for (const record of [...products(1, 2), product(3, { stock: null }), product(4, { stock: null })])
            yield* target.put(Product, record)
          const keysOf = (gone: ReadonlyArray<Missing>) => gone.map(({ values }) => values[0])
          const all = yield* missing(target.sink, Product, products(1, 4))
          assert.deepEqual([all.inScope, keysOf(all.gone)], [4, ["P-2", "P-3"]])
          const title = Product.fields.findIndex(({ name }) => name === "title")
          assert.equal(all.gone[0]!.values[title], "Product 2")
          const stock = Product.fields.findIndex(({ name }) => name === "stock")
          const empty = yield* missing(target.sink, Product, products(1), [{ position: stock, value: null }])
          assert.deepEqual([empty.inScope, keysOf(empty.gone)], [2, ["P-3", "P-4"]])
        }),
    ),
    law(
      "a deletion that was planned is done, and no other",
      "over two batches the records of the plan are gone, with the outcome `deleted`; others stay",
      (target, transaction) =>
        Effect.gen(function* () {
          for (const record of products(1, 2, 3, 4)) yield* target.put(Product, record)
          const plan = yield* planDeletions(target, Product, products(1), 2)
          const { applied, mismatches } = yield* commit(target.sink, plan, { transaction })
          assert.deepEqual(
            [...applied].map(([key, { outcomes }]) => [key, [...outcomes]]),
            [
              ["product/0", [deleted, deleted]],
              ["product/1", [deleted]],
            ],
          )
          assert.deepEqual(mismatches, [])
          yield* holds(target, Product, products(1), transaction)
        }),
    ),
    law(
      "a record that changed since the plan is not deleted",
      "under skip it is a conflict and stays; a volatile field is no change",
      (target, transaction) =>
        Effect.gen(function* () {
          for (const record of products(1, 2, 3)) yield* target.put(Product, record)
          const plan = yield* planDeletions(target, Product, products(1))
          const edited = product(2, { note: "by hand" })
          yield* target.put(Product, edited)
          const { applied } = yield* commit(target.sink, plan, { transaction, onConflict: "skip" })
          assert.deepEqual([...applied.get("product/0")!.outcomes], [conflict, deleted])
          yield* holds(target, Product, [product(1), edited], transaction)
        }),
    ),
    law(
      "a record that is gone already counts as deleted",
      "a planned deletion of what somebody else has deleted is no conflict, also under abort",
      (target, transaction) =>
        Effect.gen(function* () {
          for (const record of products(1, 2, 3)) yield* target.put(Product, record)
          const plan = yield* planDeletions(target, Product, products(1))
          yield* target.remove(Product, product(2))
          const { applied } = yield* commit(target.sink, plan, { transaction })
          assert.deepEqual([...applied.get("product/0")!.outcomes], [deleted, deleted])
          yield* holds(target, Product, products(1), transaction)
        }),
    ),
    law(
      "a record that something else refers to is not deleted",
      "the commit ends in `DataRefused`, not retryable, of that record where it names one; nothing of the batch is deleted",
      (target, transaction) =>
        Effect.gen(function* () {
          const makers = ["a", "m"].map((slug) => ({ slug, title: slug }))
          for (const maker of makers) yield* target.put(Maker, maker)
          const made = product(1, { maker: "m" })
          yield* target.put(Product, made)
          const [[, parts]] = (yield* planDeletions(target, Maker, [])) as [Planned[number]]
          const error = yield* errorOf(
            commit(
              target.sink,
              [
                [Maker, parts],
                [Product, []],
              ],
              { transaction },
            ),
          )
          assert.deepEqual([error.reason, error.isRetryable], ["DataRefused", false])
          if (error.refused !== undefined && error.refused.index !== null) assert.equal(error.refused.index, 1)
          yield* holds(target, Maker, makers, transaction)
          yield* holds(target, Product, [made], transaction)
        }),
    ),
    law("verification finds a record that was deleted and is there", "`present`, with its key", (target, transaction) =>
      Effect.gen(function* () {
        for (const record of products(1, 2, 3)) yield* target.put(Product, record)
        const plan = yield* planDeletions(target, Product, products(1))
        // as with other batches, what is done later is for the session that goes on
        if (transaction === "batched") yield* commit(target.sink, plan, { transaction })
        const beforeVerify = target.put(Product, product(2))
        const { mismatches } = yield* commit(target.sink, plan, { transaction, beforeVerify })
        assert.deepEqual(
          mismatches.map(({ key, kind }) => [key, kind]),
          [["P-2", "present"]],
        )
      }),
    ),
    law(
      "an undo puts back what was deleted, and keeps what somebody has made since",
      "a deleted record is there as it was; one whose key somebody has made anew is kept, as `changed`",
      (target, transaction) =>
        Effect.gen(function* () {
          const before = [product(1), product(2, { note: "mine", stock: null }), product(3)]
          for (const record of before) yield* target.put(Product, record)
          const plan = yield* planDeletions(target, Product, products(1))
          yield* commit(target.sink, plan, { transaction })
          const theirs = product(3, { title: "theirs" })
          yield* target.put(Product, theirs)
          const done = yield* undo(target.sink, plan, { transaction })
          assert.deepEqual(outcomesOf(done), [["product/0", [reversed, kept]]])
          assert.deepEqual(
            done.get("product/0")!.left.map(({ index, kind }) => [index, kind]),
            [[1, "changed"]],
          )
          yield* holds(target, Product, [before[0]!, before[1]!, theirs], transaction)
        }),
      noUndo,
    ),
  ]
}
