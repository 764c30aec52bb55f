/**
 * The laws of a decision store. A store's test runs each against a store of its own with nothing in it:
 *
 * `for (const { check, name } of DecisionStoreSuite.laws) test(name, () => Effect.runPromise(Effect.provide(check, layer)))`
 *
 * @module
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import { type Decision, DecisionStore, type Service } from "../DecisionStore.ts"
import type { JobStoreError } from "../JobStore.ts"
import type { Law } from "./Law.ts"

/** A decision for tests, of version 0: one that is not saved yet; what is given takes the place of the rest. */
export const decision = (key: string, changes: Partial<Decision> = {}): Decision => ({
  import: "products",
  entity: "category",
  key,
  verdict: "map",
  as: "lamps",
  by: "ann",
  at: "2024-02-29T10:30:00.000Z",
  version: 0,
  ...changes,
})

const law = (name: string, check: (store: Service) => Effect.Effect<void, JobStoreError>): Law => ({
  name,
  check: Effect.flatMap(DecisionStore, check),
})

const reason = (effect: Effect.Effect<unknown, JobStoreError>): Effect.Effect<string, JobStoreError> =>
  Effect.orDie(Effect.map(Effect.flip(effect), (error) => error.reason))

const listed = (store: Service, imported = "products") =>
  Effect.map(store.list(imported), (all) => all.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)))

/** The laws. */
export const laws: ReadonlyArray<Law> = [
  law("a decision is listed as it was saved, with the version 1, whatever its texts are", (store) =>
    Effect.gen(function* () {
      const given = [
        decision("'; drop table store_decision; --", { as: '{"$ne":1}', by: "o'neil", at: "2024-03-01T00:00:00.000Z" }),
        decision("$set.a\u0000b\ud800", { verdict: "create", as: null, entity: "a.$b" }),
        decision("", { verdict: "reject", as: null }),
        decision("k".repeat(5_000)),
      ]
      for (const it of given) assert.deepEqual(yield* store.save(it), { ...it, version: 1 })
      const wanted = given.map((it) => ({ ...it, version: 1 }))
      assert.deepEqual(
        yield* listed(store),
        wanted.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      )
    }),
  ),
  law("a further decision takes the place of the one before, also one that takes it back", (store) =>
    Effect.gen(function* () {
      const first = yield* store.save(decision("Lamp"))
      const second = yield* store.save({ ...first, verdict: "create", as: null, by: "bob" })
      assert.deepEqual(second, { ...first, verdict: "create", as: null, by: "bob", version: 2 })
      const third = yield* store.save({ ...second, verdict: null })
      assert.equal(third.version, 3)
      assert.deepEqual(yield* store.list("products"), [third])
    }),
  ),
  law("who has not read the last version is told so, and nothing changes", (store) =>
    Effect.gen(function* () {
      assert.equal(yield* reason(store.save(decision("Lamp", { version: 1 }))), "Stale")
      assert.deepEqual(yield* store.list("products"), [])
      const first = yield* store.save(decision("Lamp"))
      const second = yield* store.save({ ...first, as: "shades" })
      for (const version of [0, 1, 3]) assert.equal(yield* reason(store.save(decision("Lamp", { version, by: "late" }))), "Stale")
      assert.deepEqual(yield* store.list("products"), [second])
    }),
  ),
  law("of many who decide about one key at once, one succeeds, for the first time and later", (store) =>
    Effect.gen(function* () {
      for (const version of [0, 1]) {
        const results = yield* Effect.all(
          Array.from({ length: 8 }, (_, at) => Effect.result(store.save(decision("Lamp", { version, by: `clerk ${at}` })))),
          { concurrency: "unbounded" },
        )
        assert.equal(results.filter((it) => it._tag === "Success").length, 1)
        const winner = results.findIndex((it) => it._tag === "Success")
        assert.deepEqual(
          (yield* store.list("products")).map(({ by, version }) => [by, version]),
          [[`clerk ${winner}`, version + 1]],
        )
      }
    }),
  ),
  law("the same key of another import or entity is another one", (store) =>
    Effect.gen(function* () {
      const one = yield* store.save(decision("Lamp"))
      const two = yield* store.save(decision("Lamp", { entity: "maker" }))
      const three = yield* store.save(decision("Lamp", { import: "offers" }))
      assert.deepEqual(yield* listed(store), [one, two])
      assert.deepEqual(yield* store.list("offers"), [three])
      assert.deepEqual(yield* store.list("product"), [])
    }),
  ),
]
