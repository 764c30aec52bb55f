/**
 * A decision store in memory.
 *
 * @module
 */
import { Effect, Layer } from "effect"
import { type Decision, DecisionStore, idOf, type Service, stale } from "../DecisionStore.ts"

/** A new, empty store. */
export const make = (): Service => {
  const decisions = new Map<string, Decision>()
  return {
    list: (imported) => Effect.sync(() => [...decisions.values()].filter((it) => it.import === imported)),
    save: (decision) =>
      Effect.suspend(() => {
        const id = idOf(decision)
        if ((decisions.get(id)?.version ?? 0) !== decision.version) return Effect.fail(stale(decision))
        const next: Decision = { ...decision, version: decision.version + 1 }
        decisions.set(id, next)
        return Effect.succeed(next)
      }),
  }
}

/** The store as a layer. */
export const layer: Layer.Layer<never> = Layer.sync(DecisionStore, make)
