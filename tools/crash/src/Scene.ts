/**
 * A scene is a target with stores beside it, on which workers come and go.
 *
 * @module
 */
import type { JobStore, Sink, SnapshotStore } from "@waybill/core"
import type { ProductRecord, State } from "./Scenario.ts"

/** What a worker has of its own: a sink and stores on connections that only it uses. */
export interface Equipment {
  readonly sink: Sink.Sink
  readonly jobs: JobStore.JobStore["Service"]
  readonly parts: SnapshotStore.SnapshotStore["Service"]
  /** Drops all connections at once, as the operating system does when a process is killed. */
  readonly sever: () => void
  readonly close: () => Promise<void>
}

/** See the file's first sentence. */
export interface Scene {
  readonly name: string
  /** Empties the stores, and makes the target what it is before an import. */
  readonly reset: (before: State) => Promise<void>
  /** Keeps what target and stores hold, under the ids it has there, and gives what makes them so again; not there where a reset takes no longer. */
  readonly keep?: () => Promise<() => Promise<void>>
  readonly worker: () => Promise<Equipment>
  /** Somebody else writes products, with something in a column that the import does not know, or removes one. */
  readonly write: (products: ReadonlyArray<ProductRecord>) => Promise<void>
  readonly remove: (sku: string) => Promise<void>
  /** All that the target holds, in an order that does not depend on who wrote it when. */
  readonly content: () => Promise<unknown>
  /** Whether a commit that stands still in an open transaction holds up who takes it over. */
  readonly isHeldUpByOpenTransactions: boolean
  readonly close: () => Promise<void>
}
