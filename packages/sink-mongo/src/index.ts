/**
 * Waybill's MongoDB sink.
 *
 * @module
 */
export * as MongoDecisionStore from "./MongoDecisionStore.ts"
export * as MongoJobStore from "./MongoJobStore.ts"
export * as MongoSink from "./MongoSink.ts"
export * as MongoSnapshotStore from "./MongoSnapshotStore.ts"
