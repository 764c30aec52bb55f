/**
 * A global setup for vitest: starts both servers once for the whole run and provides their URLs to the tests.
 *
 * @module
 */

import type { TestProject } from "vitest/node"
import { startMongo } from "./mongo.ts"
import { startPostgres } from "./postgres.ts"
import { reasonOf } from "./reason.ts"
import type { DatabaseServer } from "./server.ts"
import type { ProvidedDatabases } from "./vitestContext.ts"

export type { ProvidedDatabases }

type Outcome = { readonly server: DatabaseServer; readonly reason: null } | { readonly server: null; readonly reason: string }

const begin = async (start: () => Promise<DatabaseServer>): Promise<Outcome> => {
  const began = Date.now()
  try {
    const server = await start()
    console.log(`${server.description} (${Date.now() - began} ms)`)
    return { server, reason: null }
  } catch (error) {
    const reason = reasonOf(error)
    console.error(reason)
    return { server: null, reason }
  }
}

const onCi = (): boolean => /^(1|true)$/i.test(process.env["CI"] ?? "")

/**
 * Starts a PostgreSQL and a MongoDB side by side and provides `postgresUrl` and `mongoUrl`, or `null` and the reason, and the
 * run's seed; with `CI=true` a missing server fails the run. The function it returns stops both.
 */
export const globalSetup = async (project: TestProject): Promise<() => Promise<void>> => {
  const [postgres, mongo] = await Promise.all([
    begin(() => startPostgres({ durable: false })),
    begin(() => startMongo({ mongodFlags: ["--wiredTigerCacheSizeGB", "1"], log: console.log })),
  ])
  const stop = async () => void (await Promise.all([postgres.server?.stop(), mongo.server?.stop()]))
  const missing = [postgres.reason, mongo.reason].filter((reason) => reason !== null)
  if (onCi() && missing.length > 0) {
    await stop()
    throw new Error(missing.join("\n"))
  }
  project.provide("runSeed", project.config.sequence.seed)
  project.provide("postgresUrl", postgres.server?.url ?? null)
  project.provide("postgresReason", postgres.reason)
  project.provide("mongoUrl", mongo.server?.url ?? null)
  project.provide("mongoReason", mongo.reason)
  return stop
}

export default globalSetup
