/**
 * How the tests see whether a server is there: by its process, its port and its folder.
 *
 * @module
 */

import { existsSync, readFileSync } from "node:fs"
import { dirname } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { MongoClient } from "mongodb"
import pg from "pg"

/** What a running server leaves traces in. */
export interface Traces {
  readonly pid: number
  readonly folder: string
}

/** Runs a query on a connection of its own. */
export const query = async (url: string, text: string): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** Runs an action with a client of its own. */
export const withMongo = async <A>(url: string, action: (client: MongoClient) => Promise<A>): Promise<A> => {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 })
  try {
    return await action(client)
  } finally {
    await client.close()
  }
}

export const postgresTraces = async (url: string): Promise<Traces> => {
  const [row] = await query(url, "SELECT current_setting('data_directory') AS data, pg_read_file('postmaster.pid') AS pid")
  return { pid: Number.parseInt(String(row?.["pid"]), 10), folder: dirname(String(row?.["data"])) }
}

export const mongoTraces = (url: string): Promise<Traces> =>
  withMongo(url, async (client) => {
    const options = await client.db("admin").command({ getCmdLineOpts: 1 })
    const status = await client.db("admin").command({ serverStatus: 1 })
    return { pid: Number(status["pid"]), folder: String(options["parsed"].storage.dbPath) }
  })

/** Whether a process runs; one that has ended and only waits to be noticed does not. */
export const runs = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" && process.platform !== "linux"
  }
}

export const isThere = ({ pid, folder }: Traces): boolean => runs(pid) || existsSync(folder)

/** Waits until nothing is left, at most ten seconds; whether that came. */
export const disappears = async (traces: Traces): Promise<boolean> => {
  for (let waited = 0; isThere(traces) && waited < 10_000; waited += 50) await sleep(50)
  return !isThere(traces)
}
