/**
 * What tests of imports and adapters share.
 *
 * @module
 */
export * as TestSource from "./TestSource.ts"
