/**
 * Waybill's command line: gives any composed application commands to validate, commit and look into imports.
 *
 * @module
 */
export * as Cli from "./Cli.ts"
export * as Entry from "./Entry.ts"
export * as Extra from "./Extra.ts"
export * as Host from "./Host.ts"
export * as Report from "./Report.ts"
