/**
 * Waybill's sink for PostgreSQL.
 *
 * @module
 */
export * as PostgresSink from "./PostgresSink.ts"
