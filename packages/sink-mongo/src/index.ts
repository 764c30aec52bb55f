/**
 * Waybill's MongoDB sink.
 *
 * @module
 */
export { classifyError } from "./classifyError.ts"
export * as MongoSink from "./MongoSink.ts"
