/**
 * Stores in memory: for tests, and for imports whose jobs need not outlive the process.
 *
 * @module
 */
export * as MemoryDecisionStore from "./MemoryDecisionStore.ts"
export * as MemoryJobStore from "./MemoryJobStore.ts"
export * as MemorySink from "./MemorySink.ts"
export * as MemorySnapshotStore from "./MemorySnapshotStore.ts"
