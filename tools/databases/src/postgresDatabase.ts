/**
 * Private databases on a PostgreSQL server: made under a random name, dropped by whoever made them.
 *
 * @module
 */

import pg from "pg"
import { hostOf, reasonOf } from "./reason.ts"
import { once, type PrivateDatabase, privateName } from "./server.ts"

/** Runs one statement on its own connection; an error names the server, never its credentials. */
export const queryPostgres = async (
  url: string,
  statement: string,
): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> => {
  try {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
    // a connection that breaks later has nobody waiting for it
    client.on("error", () => {})
    try {
      await client.connect()
      return (await client.query(statement)).rows
    } finally {
      await client.end().catch(() => {})
    }
  } catch (error) {
    throw new Error(`PostgreSQL at ${hostOf(url)}: ${reasonOf(error, url)}`)
  }
}

const withDatabase = (url: string, name: string): string => {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

/** Makes a database of its own on the server at `server.url`, in UTF-8. */
export const createPostgresDatabase = async (server: { readonly url: string }): Promise<PrivateDatabase> => {
  const name = privateName()
  await queryPostgres(server.url, `CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8'`)
  return {
    name,
    url: withDatabase(server.url, name),
    drop: once(async () => {
      await queryPostgres(server.url, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
    }),
  }
}
