/**
 * The parts of the example, for whoever composes them differently.
 *
 * @module
 */
export { application, stores, worker } from "./application.ts"
export { archive, decode, encode } from "./archive.ts"
export { Database } from "./Database.ts"
export { ingest, ingestDrop, ingestFolder } from "./ingest.ts"
export { history } from "./Run.ts"
export { writeDaily, writeHourly } from "./reports.ts"
export type { Settings } from "./Settings.ts"
export * as Service from "./service.ts"
export { definition } from "./tripImport.ts"
