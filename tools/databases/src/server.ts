/**
 * What a running database server is to its users, whichever kind it is and wherever it came from.
 *
 * @module
 */

import { randomBytes } from "node:crypto"

/** A server that answers. */
export interface DatabaseServer {
  /** Connects to the server, with credentials where it asks for them. */
  readonly url: string
  /** The server's version as it tells it, e.g. `18.4`. */
  readonly version: string
  /** One line for people: product, version, origin and address; no credentials. */
  readonly description: string
  /** Ends a server that was started here and removes its folder; leaves a server of the environment alone. May be repeated. */
  readonly stop: () => Promise<void>
}

/** A database that nobody else uses. */
export interface PrivateDatabase {
  /** Connects to the database. */
  readonly url: string
  readonly name: string
  /** Removes the database, also while connections to it are open. May be repeated. */
  readonly drop: () => Promise<void>
}

/** A name for a private database: `waybill_` and 16 random hexadecimal digits. */
export const privateName = (): string => `waybill_${randomBytes(8).toString("hex")}`

/** Runs an asynchronous action at most once; later calls get the first one's promise. */
export const once = (action: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> | undefined
  return () => (running ??= action())
}
