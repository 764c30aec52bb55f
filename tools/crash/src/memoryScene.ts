/**
 * The scene in memory: the stores and the sink that core brings.
 *
 * @module
 */

import type { JobStore, Sink } from "@waybill/core"
import { MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import type { ProductRecord } from "./Scenario.ts"
import type { Equipment, Scene } from "./Scene.ts"

const valuesOf = ({ brand, category, price, sku, title }: ProductRecord) => [sku, title, price, brand, category]

/** What stands between the engine and the sink or the stores. */
export interface Around {
  readonly sink?: (sink: Sink.Sink) => Sink.Sink
  readonly jobs?: (store: JobStore.JobStore["Service"]) => JobStore.JobStore["Service"]
}

/** Makes the scene; `around` may put something between it and the workers. */
export const memoryScene = (around: Around = {}): Scene => {
  const equip = (inner: MemorySink.MemorySink): Equipment => {
    const jobs = MemoryJobStore.make()
    return {
      sink: around.sink?.(inner) ?? inner,
      jobs: around.jobs?.(jobs) ?? jobs,
      parts: MemorySnapshotStore.make(),
      sever: () => {},
      close: async () => {},
    }
  }
  let inner = MemorySink.make()
  let equipment = equip(inner)
  const products = () => inner.tables.get("product")!
  const write: Scene["write"] = async (some) => {
    for (const it of some) products().set(it.sku, valuesOf(it))
  }
  return {
    name: "memory",
    isHeldUpByOpenTransactions: false,
    reset: async (before) => {
      inner = MemorySink.make()
      equipment = equip(inner)
      inner.tables.set("brand", new Map(before.brands.map((it) => [it[0], it])))
      inner.tables.set("category", new Map(before.categories.map((it) => [it[0], it])))
      inner.tables.set("product", new Map())
      await write(before.products)
    },
    worker: async () => equipment,
    write,
    remove: async (sku) => void products().delete(sku),
    content: async () => [...inner.tables].map(([name, table]) => [name, [...table.values()].map(String).sort()]).sort(),
    close: async () => {},
  }
}
