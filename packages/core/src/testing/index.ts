/**
 * What tests of imports and adapters share.
 *
 * @module
 */
export * as DecisionStoreSuite from "./DecisionStoreSuite.ts"
export * as Hostile from "./Hostile.ts"
export * as JobStoreSuite from "./JobStoreSuite.ts"
export { type Can, type Law, titleOf } from "./Law.ts"
export * as SharedStoreSuite from "./SharedStoreSuite.ts"
export * as SinkSuite from "./SinkSuite.ts"
export * as SnapshotStoreSuite from "./SnapshotStoreSuite.ts"
export * as SourceSuite from "./SourceSuite.ts"
export * as TestSource from "./TestSource.ts"
