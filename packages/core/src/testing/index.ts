/**
 * What tests of imports and adapters share.
 *
 * @module
 */
export * as JobStoreSuite from "./JobStoreSuite.ts"
export type { Law } from "./Law.ts"
export * as SnapshotStoreSuite from "./SnapshotStoreSuite.ts"
export * as TestSource from "./TestSource.ts"
