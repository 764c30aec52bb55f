/**
 * Laws about what a sink keeps of a job, and letting go of it.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import type { Sink } from "../../Sink.ts"
import { type Law, waiver } from "../Law.ts"
import { commit, eachWay, holds, plan } from "./driving.ts"
import { Maker, Product } from "./entities.ts"
import type { Harness, Target } from "./Harness.ts"
import { product } from "./records.ts"
import { undo } from "./undoing.ts"

const forget = (sink: Sink, jobs: ReadonlyArray<string>, preview = false) =>
  Effect.suspend(() => {
    assert.ok(sink.forget !== undefined, "a sink that keeps what an undo needs has `forget`")
    return sink.forget({ jobs, preview })
  })

// a job that updates one product and creates another
const committed = (target: Target, job: string, numbers: readonly [number, number], transaction: "atomic" | "batched") =>
  Effect.gen(function* () {
    const [first, second] = numbers
    yield* target.put(Product, product(first))
    const batches = [[product(first, { title: `by ${job}` })], [product(second, { title: `by ${job}` })]]
    const planned = yield* plan(target.sink, [[Product, batches]])
    yield* commit(target.sink, planned, { transaction, job })
    return planned
  })

/** See the file's first sentence. */
export const forgettingLaws = (harness: Harness): ReadonlyArray<Law> => {
  const no = waiver(harness.can.undo)
  const law = (name: string, holdsWhat: string, check: Parameters<typeof eachWay>[1]): Law => ({
    name,
    holds: holdsWhat,
    ...(no === undefined ? {} : { waived: no }),
    check: no === undefined ? eachWay(harness, check) : Effect.void,
  })
  return [
    law(
      "what is kept of a job is told, and goes when it is forgotten",
      "`forget` tells the bytes of a job, as a preview and when it removes them, and none after that; the records stay, and an undo changes none",
      (target, transaction) =>
        Effect.gen(function* () {
          const planned = yield* committed(target, "job", [1, 2], transaction)
          const told = yield* forget(target.sink, ["job"], true)
          assert.ok((told.get("job") ?? 0) > 0, "something is kept of a job that has updated a record")
          assert.deepEqual(yield* forget(target.sink, ["job"], true), told, "a preview removes nothing")
          assert.deepEqual(yield* forget(target.sink, ["job"]), told)
          assert.deepEqual(yield* forget(target.sink, ["job"], true), new Map())
          yield* Effect.ignore(undo(target.sink, planned, { transaction }))
          yield* holds(target, Product, [product(1, { title: "by job" }), product(2, { title: "by job" })], transaction)
        }),
    ),
    law(
      "what is kept of other jobs stays when one is forgotten",
      "a job whose id begins as that of the forgotten one has as much as before; one that is not known has nothing",
      (target, transaction) =>
        Effect.gen(function* () {
          yield* committed(target, "job", [1, 2], transaction)
          yield* target.put(Maker, { slug: "m", title: "M" })
          const planned = yield* plan(target.sink, [[Maker, [[{ slug: "m", title: "N" }]]]])
          yield* commit(target.sink, planned, { transaction, job: "job2" })
          const told = yield* forget(target.sink, ["job2"], true)
          assert.deepEqual([...told.keys()], ["job2"])
          assert.deepEqual([...(yield* forget(target.sink, ["nobody", "job"])).keys()], ["job"])
          assert.deepEqual([...(yield* forget(target.sink, [])).keys()], [])
          assert.deepEqual(yield* forget(target.sink, ["job2"], true), told)
        }),
    ),
  ]
}
