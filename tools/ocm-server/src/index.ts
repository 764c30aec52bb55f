/**
 * A local Open Charge Map server that keeps to the real one's contract, traps included, and makes faults on demand.
 *
 * What it does was read from the server code of openchargemap/ocm-system (c12bcb8b).
 *
 * @module
 */
export type { Fault } from "./fault.ts"
export { generateStations } from "./generateStations.ts"
export { acceptedKey, type OcmServer, type RecordedRequest, type ServerOptions, startOcmServer } from "./server.ts"
export type { RawPoi } from "./stations.ts"
