/**
 * What a test file needs of the servers: one private database, made before its tests and dropped after them; and which of many points
 * this run tries.
 *
 * @module
 */

import { afterAll, beforeAll, beforeEach, inject } from "vitest"
import { createMongoDatabase } from "./mongoDatabase.ts"
import { createPostgresDatabase } from "./postgresDatabase.ts"
import type { PrivateDatabase } from "./server.ts"
import type { ProvidedDatabases } from "./vitestContext.ts"

export { sampled } from "./sampled.ts"
export type { ProvidedDatabases }

/** The database of one test file or `describe` block. */
export interface TestDatabase {
  /** Whether there is a server. Where there is none, tests are skipped; own hooks should do nothing. */
  readonly available: boolean
  /** The private database; only inside hooks and tests. */
  readonly url: string
  readonly name: string
  /** The server, for those who make more databases on it. */
  readonly serverUrl: string
}

const use = (
  kind: string,
  serverUrl: string | null | undefined,
  reason: string | null | undefined,
  create: (server: { readonly url: string }) => Promise<PrivateDatabase>,
): TestDatabase => {
  if (serverUrl === undefined) throw new Error("The vitest config has to name @waybill-internal/databases/vitest as globalSetup.")
  let database: PrivateDatabase | undefined
  const made = (): PrivateDatabase => {
    if (database) return database
    throw new Error(reason ?? `The private ${kind} database exists only inside hooks and tests.`)
  }
  if (serverUrl === null) {
    beforeAll(() => console.error(`Skipped for want of ${kind}: ${reason}`))
    beforeEach((context) => context.skip(`no ${kind}: ${reason}`))
  } else {
    beforeAll(async () => {
      database = await create({ url: serverUrl })
    })
    afterAll(async () => {
      await database?.drop()
      database = undefined
    })
  }
  return {
    available: serverUrl !== null,
    get url() {
      return made().url
    },
    get name() {
      return made().name
    },
    get serverUrl() {
      if (serverUrl === null) throw new Error(reason ?? `There is no ${kind}.`)
      return serverUrl
    },
  }
}

/** A private PostgreSQL database for the calling file or `describe` block; skips its tests, saying why, without a server. */
export const usePostgres = (): TestDatabase =>
  use("PostgreSQL", inject("postgresUrl"), inject("postgresReason"), createPostgresDatabase)

/** A private MongoDB database for the calling file or `describe` block; skips its tests, saying why, without a server. */
export const useMongo = (): TestDatabase => use("MongoDB", inject("mongoUrl"), inject("mongoReason"), createMongoDatabase)
