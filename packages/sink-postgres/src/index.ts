/**
 * Waybill's sink for PostgreSQL.
 *
 * @module
 */
export * as PostgresDecisionStore from "./PostgresDecisionStore.ts"
export * as PostgresJobStore from "./PostgresJobStore.ts"
export * as PostgresSink from "./PostgresSink.ts"
export * as PostgresSnapshotStore from "./PostgresSnapshotStore.ts"
