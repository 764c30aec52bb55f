/**
 * Laws about what a sink says of itself and of a target that is not there.
 */
import * as assert from "node:assert/strict"
import { inspect } from "node:util"
import { Effect } from "effect"
import { type Law, waiver } from "../Law.ts"
import { errorOf, once, open, plan } from "./driving.ts"
import { Product } from "./entities.ts"
import type { Harness } from "./Harness.ts"
import { products } from "./records.ts"

const shown = (value: unknown): string => inspect(value, { depth: 20, showHidden: true, maxStringLength: null }) + String(value)

/** See the file's first sentence. */
export const tellingLaws = (harness: Harness): ReadonlyArray<Law> => {
  const { broken, can } = harness
  const waived = typeof broken === "string" ? { waived: waiver(broken)! } : {}
  // what it takes to plan and to commit, each ending in an error
  const errors =
    typeof broken === "string"
      ? Effect.succeed([])
      : Effect.scoped(
          Effect.gen(function* () {
            const sink = yield* broken.open
            const planned = [[Product, []]] as const
            const transaction = can.batched === true ? "batched" : "atomic"
            const committing = Effect.scoped(Effect.flatMap(open(sink, planned, { transaction }), (session) => session.complete))
            return [yield* errorOf(plan(sink, [[Product, [products(1)]]])), yield* errorOf(committing)]
          }),
        )
  return [
    {
      name: "what was declared of the sink is so",
      holds:
        "it has `undo`, `keepsEdits`, `missing`, `keys` and, batched, `probe` if and only if the harness declares them; kind and target are named",
      check: once(harness, ({ sink }, transaction) =>
        Effect.scoped(
          Effect.gen(function* () {
            assert.match(sink.kind, /\S/)
            assert.match(sink.target, /\S/)
            assert.equal(sink.undo !== undefined, can.undo === true, "undo")
            const planning = yield* sink.plan({ job: "plan", entities: [], preferred: null })
            assert.equal(planning.missing !== undefined, can.mirror === true, "missing")
            assert.equal(planning.keys !== undefined, can.keys === true, "keys")
            assert.equal(sink.keepsEdits === true, can.keepEdits === true, "keepsEdits")
            if (transaction !== "batched") return
            const session = yield* open(sink, [[Product, []]], { transaction })
            assert.equal(session.probe !== undefined, can.probe === true, "probe")
          }),
        ),
      ),
    },
    {
      name: "a target that is not there is a SinkError with its reason",
      holds: "planning and committing fail with a `SinkError` that has a message and a reason of the world's, never in a defect",
      ...waived,
      check: Effect.map(errors, (all) => {
        for (const { isRetryable, message, reason } of all) {
          assert.equal(typeof isRetryable, "boolean")
          assert.match(message, /\S/)
          assert.ok(!["Fenced", "DataRefused", "Unknown"].includes(reason), `the reason is ${reason}`)
        }
      }),
    },
    {
      name: "no secret is told",
      holds: "the name of the target and the errors, however deep one looks, do not hold the secret",
      ...waived,
      check:
        typeof broken === "string"
          ? Effect.void
          : Effect.scoped(
              Effect.gen(function* () {
                assert.ok(broken.secret.length > 3, "the harness names no secret")
                const sink = yield* broken.open
                const told = [sink.target, sink.kind, ...(yield* errors)]
                for (const it of told) assert.ok(!shown(it).includes(broken.secret), "the secret is told")
              }),
            ),
    },
  ]
}
