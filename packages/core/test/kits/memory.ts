/**
 * The harness of the memory sink.
 */
import { Entity } from "@waybill/core"
import { MemorySink } from "@waybill/core/memory"
import type { SinkSuite } from "@waybill/core/testing"
import { Effect } from "effect"

/** The target that a memory sink's tables are. */
export const targetOf = (memory: MemorySink.MemorySink): SinkSuite.Target => {
  const keyOf = (entity: Entity.Any, record: SinkSuite.Fields): string =>
    Entity.keyText(
      entity.fields.map(({ name }) => record[name]),
      entity.keyPositions,
    )
  const tableOf = (entity: Entity.Any): Map<string, Entity.Values> => {
    const table = memory.tables.get(entity.name) ?? new Map<string, Entity.Values>()
    memory.tables.set(entity.name, table)
    return table
  }
  return {
    sink: memory,
    contents: (entity) =>
      Effect.sync(() =>
        [...(memory.tables.get(entity.name) ?? new Map<string, Entity.Values>()).values()].map((values) =>
          Object.fromEntries(entity.fields.map(({ name }, at) => [name, values[at]])),
        ),
      ),
    put: (entity, record) =>
      Effect.sync(
        () =>
          void tableOf(entity).set(
            keyOf(entity, record),
            entity.fields.map(({ name }) => record[name]),
          ),
      ),
    remove: (entity, record) => Effect.sync(() => void tableOf(entity).delete(keyOf(entity, record))),
  }
}

/** The harness. */
export const memory: SinkSuite.Harness = {
  open: Effect.sync(() => {
    const refused = new Set<unknown>()
    const refuse = (entity: string, [key]: Entity.Values): string | undefined =>
      entity === "product" && refused.has(key) ? "the check product_sku does not take it" : undefined
    return {
      ...targetOf(MemorySink.make({ refuse })),
      refuse: (sku) => Effect.sync(() => void refused.add(sku)),
    }
  }),
  can: { atomic: true, batched: true, undo: true, probe: true, keepEdits: true, mirror: true, keys: true, refuse: true },
  unholdable: [],
  broken: "a map is always there, and needs no password",
}
