/**
 * A real MongoDB that has transactions: the server of `TEST_MONGO_URL`, or a `mongod` run as a replica set of one.
 *
 * @module
 */

import { rm } from "node:fs/promises"
import type { Socket } from "node:net"
import { MongoMemoryReplSet } from "mongodb-memory-server-core"
import { temporaryFolder } from "./folders.ts"
import { commandMongo } from "./mongoDatabase.ts"
import { findMongod, type MongodBinary } from "./mongodBinary.ts"
import { hostOf, reasonOf } from "./reason.ts"
import { type DatabaseServer, once } from "./server.ts"

/** How a server that is started here is to run; a server of the environment is taken as it is. */
export interface MongoOptions {
  /** Further arguments of `mongod`, e.g. `["--wiredTigerCacheSizeGB", "1"]`. */
  readonly mongodFlags?: ReadonlyArray<string>
  /** Hears a line when a `mongod` has to be fetched first, which can take a minute. */
  readonly log?: (line: string) => void
}

const attempts = 3
const replicaSet = "waybill"

const serve = async (binary: MongodBinary, options: MongoOptions): Promise<DatabaseServer> => {
  const { folder, ward } = await temporaryFolder("waybill-mongo-", { open: false })
  const replicas = new MongoMemoryReplSet({
    binary: { systemBinary: binary.path, version: binary.version },
    instanceOpts: [{ dbPath: folder, storageEngine: "wiredTiger", launchTimeout: 60_000 }],
    replSet: {
      name: replicaSet,
      count: 1,
      ip: "127.0.0.1",
      storageEngine: "wiredTiger",
      args: [...(process.platform === "win32" ? [] : ["--nounixsocket"]), ...(options.mongodFlags ?? [])],
      // a session of its own: Ctrl-C is for this process, which then still has its server to finish with
      spawn: { detached: true },
    },
  })
  const stop = once(async () => {
    await replicas.stop({ doCleanup: false, force: false })
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    await ward.release()
  })
  try {
    await replicas.start()
    const running = replicas.servers[0]?.instanceInfo
    if (!running) throw new Error("mongod did not start")
    const { mongodProcess: child, killerProcess: watcher } = running.instance
    ward.holds(child?.pid, "SIGKILL")
    child?.once("exit", () => ward.holds(undefined, "SIGKILL"))
    // a server alone is no reason for this process to go on
    for (const pipe of child?.stdio ?? []) (pipe as Socket | null)?.unref()
    watcher?.channel?.unref()
    const url = `mongodb://127.0.0.1:${running.port}/?replicaSet=${replicaSet}`
    const description = `MongoDB ${binary.version} at ${hostOf(url)}, replica set of one, mongod from ${binary.origin} (${binary.path})`
    return { url, version: binary.version, description, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const startOwn = async (options: MongoOptions): Promise<DatabaseServer> => {
  const binary = await findMongod(options.log ?? (() => {}))
  for (let attempt = 1; ; attempt++) {
    try {
      return await serve(binary, options)
    } catch (error) {
      if (attempt < attempts && /already in use/i.test(reasonOf(error))) continue
      throw new Error(
        `No MongoDB can be started here (${binary.path}: ${reasonOf(error)}): set MONGOMS_SYSTEM_BINARY to another mongod or TEST_MONGO_URL to a replica set.`,
      )
    }
  }
}

const takeGiven = async (url: string): Promise<DatabaseServer> => {
  try {
    const [build, hello] = await Promise.all([
      commandMongo(url, "admin", { buildInfo: 1 }),
      commandMongo(url, "admin", { hello: 1 }),
    ])
    const version = String(build["version"])
    const kind = hello["setName"]
      ? "replica set"
      : hello["msg"] === "isdbgrid"
        ? "sharded"
        : "standalone, so without transactions"
    return {
      url,
      version,
      description: `MongoDB ${version} at ${hostOf(url)}, ${kind}, given by TEST_MONGO_URL`,
      stop: async () => {},
    }
  } catch (error) {
    throw new Error(`The server of TEST_MONGO_URL cannot be used: ${reasonOf(error, url)}`)
  }
}

/**
 * A MongoDB that answers and has a primary: the one of `TEST_MONGO_URL` if that is set (nothing of it is touched but
 * databases named by {@link createMongoDatabase}), otherwise a new one on a free port of the loopback interface, with the
 * `mongod` that {@link findMongod} finds. Rejects with one sentence that says what to set.
 */
export const startMongo = async (options: MongoOptions = {}): Promise<DatabaseServer> => {
  const given = process.env["TEST_MONGO_URL"]
  return given ? takeGiven(given) : startOwn(options)
}
