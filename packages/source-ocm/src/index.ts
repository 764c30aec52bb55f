/**
 * Open Charge Map for Waybill: the API as a source, the shape of its stations, and the fields that imports of stations need.
 *
 * @module
 */
export * as OcmSource from "./OcmSource.ts"
export * as Poi from "./Poi.ts"
export * as Station from "./Station.ts"
