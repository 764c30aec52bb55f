/**
 * Collects the files of a folder: a job for each, then `done/` or `quarantine/`.
 *
 * @module
 */
export * as Collected from "./Collected.ts"
export * as Collector from "./Collector.ts"
