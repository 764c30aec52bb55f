/**
 * Stores in a folder: for one machine, and for jobs that people look into with a text editor.
 *
 * @module
 */
export * as FileDecisionStore from "./FileDecisionStore.ts"
export * as FileJobStore from "./FileJobStore.ts"
export * as FileSnapshotStore from "./FileSnapshotStore.ts"
