/**
 * Waybill's core: definitions, contracts and the engine.
 *
 * @module
 */
export * as Batch from "./Batch.ts"
export * as Canonical from "./Canonical.ts"
export * as Cell from "./Cell.ts"
export * as DeadLetters from "./DeadLetters.ts"
export * as Engine from "./Engine.ts"
export * as Entity from "./Entity.ts"
export * as Field from "./Field.ts"
export * as Fingerprint from "./Fingerprint.ts"
export * as Import from "./Import.ts"
export * as Issue from "./Issue.ts"
export * as Job from "./Job.ts"
export * as JobStore from "./JobStore.ts"
export * as Limits from "./Limits.ts"
export * as Normalize from "./Normalize.ts"
export * as Plan from "./Plan.ts"
export * as Ref from "./Ref.ts"
export * as Retention from "./Retention.ts"
export * as Rule from "./Rule.ts"
export * as Sink from "./Sink.ts"
export * as Snapshot from "./Snapshot.ts"
export * as SnapshotStore from "./SnapshotStore.ts"
export * as Source from "./Source.ts"
export * as Summary from "./Summary.ts"
export * as Worker from "./Worker.ts"
