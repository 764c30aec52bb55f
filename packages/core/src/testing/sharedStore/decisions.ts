/** The laws of shared decision stores. */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import type * as DecisionStore from "../../DecisionStore.ts"
import type * as JobStore from "../../JobStore.ts"
import { decision as decisionOf } from "../DecisionStoreSuite.ts"
import { hostile, law, type SharedLaw } from "./SharedLaw.ts"

/** Opens a store; every call gives another one on the same place, which has nothing in it at first. */
export type OpenDecisions = () => DecisionStore.Service

/** Laws of decision stores. */
export const decisionStoreLaws: ReadonlyArray<SharedLaw<OpenDecisions>> = [
  law(
    "of 20 who decide about a key at once, over two connections, exactly one does",
    Effect.fnUntraced(function* (open: OpenDecisions) {
      const stores = [open(), open()]
      for (let version = 0; version < 3; version++) {
        const saves = Array.from({ length: 20 }, (_, at) =>
          Effect.result(stores[at % 2]!.save(decisionOf("Lamp", { version, by: `clerk ${at}` }))),
        )
        const results = yield* Effect.all(saves, { concurrency: "unbounded" })
        const winners = results.flatMap((it) => (it._tag === "Success" ? [it.success] : []))
        assert.equal(winners.length, 1)
        for (const it of results) if (it._tag === "Failure") assert.equal(it.failure.reason, "Stale")
        for (const store of stores) assert.deepEqual(yield* store.list("products"), winners)
      }
    }),
  ),
  law(
    "no decision is lost when each reads, decides, and begins anew where it was stale",
    Effect.fnUntraced(function* (open: OpenDecisions) {
      const stores = [open(), open()]
      const append = (store: DecisionStore.Service, at: number): Effect.Effect<void, JobStore.JobStoreError> =>
        Effect.gen(function* () {
          const known = (yield* store.list("products"))[0]
          yield* store.save(decisionOf("Lamp", { version: known?.version ?? 0, by: `${known?.by ?? ""} ${at}` }))
        }).pipe(
          Effect.catchIf(
            (error) => error.reason === "Stale",
            () => append(store, at),
          ),
        )
      const all = Array.from({ length: 12 }, (_, at) => at)
      yield* Effect.forEach(all, (at) => append(stores[at % 2]!, at), { concurrency: "unbounded" })
      const [last] = yield* stores[0]!.list("products")
      assert.equal(last!.version, 12)
      assert.deepEqual(
        last!.by
          .trim()
          .split(" ")
          .map(Number)
          .sort((a, b) => a - b),
        all,
      )
    }),
  ),
  law(
    "an import's decisions are listed whole, and no other's",
    Effect.fnUntraced(function* (open: OpenDecisions) {
      const store = open()
      const keys = Array.from({ length: 300 }, (_, at) => `key ${at}`)
      yield* Effect.forEach(keys, (key) => store.save(decisionOf(key)), { concurrency: 8, discard: true })
      yield* store.save(decisionOf("key 0", { import: "Products" }))
      const listed = yield* store.list("products")
      assert.deepEqual(listed.map(({ key }) => key).sort(), [...keys].sort())
      assert.equal((yield* store.list("Products")).length, 1)
    }),
  ),
  law(
    "texts of every kind come back as they were",
    Effect.fnUntraced(function* (open: OpenDecisions) {
      const store = open()
      for (const text of hostile) {
        const saved: Array<DecisionStore.Decision> = []
        for (const key of hostile)
          saved.push(yield* store.save(decisionOf(key, { import: text, entity: text, as: key, by: text, at: text })))
        const again = yield* store.save({ ...saved[0]!, by: `${text}!` })
        const listed = yield* store.list(text)
        const byKey = (all: ReadonlyArray<DecisionStore.Decision>) => new Map(all.map((it) => [it.key, it]))
        assert.deepEqual(byKey(listed), byKey([...saved, again]))
        assert.equal(listed.length, hostile.length)
      }
    }),
  ),
]
