/**
 * Each law of a decision store is there for something: a store that breaks it, and nothing else, fails it and no other.
 */
import { DecisionStore } from "@waybill/core"
import { MemoryDecisionStore } from "@waybill/core/memory"
import { DecisionStoreSuite } from "@waybill/core/testing"
import { Effect, Layer } from "effect"
import { expect, test } from "vitest"
import { brokenOf } from "./telling.ts"

type Service = DecisionStore.Service

const broken: Readonly<Record<string, (store: Service) => Partial<Service>>> = {
  // takes a NUL for the end
  "a decision is listed as it was saved, with the version 1, whatever its texts are": (store) => ({
    list: (imported) =>
      Effect.map(store.list(imported), (all) => all.map((it) => ({ ...it, key: it.key.replace(/\0.*$/s, "") }))),
  }),
  // keeps who was first
  "a further decision takes the place of the one before, also one that takes it back": (store) => {
    const first = new Map<string, string>()
    return {
      save: (decision) =>
        decision.version === 1 && decision.verdict === "create"
          ? Effect.map(store.save({ ...decision, by: first.get(decision.key)! }), (saved) => saved)
          : Effect.tap(store.save(decision), ({ by, key }) => Effect.sync(() => void first.set(key, by))),
    }
  },
  // refuses older versions, and takes any newer one
  "who has not read the last version is told so, and nothing changes": (store) => ({
    save: (decision) =>
      Effect.flatMap(store.list(decision.import), (all) => {
        const known = all.find((it) => it.key === decision.key && it.entity === decision.entity)?.version ?? 0
        return store.save(known < decision.version ? { ...decision, version: known } : decision)
      }),
  }),
  // looks, and then writes
  "of many who decide about one key at once, one succeeds, for the first time and later": (store) => ({
    save: (decision) =>
      Effect.gen(function* () {
        const version = Effect.map(
          store.list(decision.import),
          (all) => all.find((it) => it.key === decision.key && it.entity === decision.entity)?.version ?? 0,
        )
        if ((yield* version) !== decision.version) return yield* store.save(decision)
        yield* Effect.yieldNow
        return yield* store.save({ ...decision, version: yield* version })
      }),
  }),
  // one list for all
  "the same key of another import or entity is another one": (store) => ({
    list: (imported) => Effect.map(store.list(imported), (all) => all.filter(({ entity }) => entity !== "maker")),
  }),
}

test("every law has its broken store", () => {
  expect(Object.keys(broken)).toEqual(DecisionStoreSuite.laws.map(({ name }) => name))
})

test.each(Object.entries(broken))("broken alone: %s", async (name, change) => {
  const layer = Layer.sync(DecisionStore.DecisionStore, () => {
    const store = MemoryDecisionStore.make()
    return { ...store, ...change(store) }
  })
  expect(await brokenOf(DecisionStoreSuite.laws, (check) => Effect.provide(check, layer))).toEqual([name])
})

test("an application that provides no store keeps none, and is told what to provide", async () => {
  const store = await Effect.runPromise(
    Effect.gen(function* () {
      return yield* DecisionStore.DecisionStore
    }),
  )
  expect(await Effect.runPromise(store.list("products"))).toEqual([])
  const error = await Effect.runPromise(Effect.flip(store.save(DecisionStoreSuite.decision("Lamp"))))
  expect(error.message).toContain("provide the layer of a decision store")
})
