/**
 * What the demo runs against: a PostgreSQL, a MongoDB and a local Open Charge Map, all of them gone when its scope closes.
 */
import { existsSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { createMongoDatabase, createPostgresDatabase, startMongo, startPostgres } from "@waybill-internal/databases"
import { generateStations, type OcmServer, type RawPoi, startOcmServer } from "@waybill-internal/ocm-server"
import { Effect, type Scope } from "effect"
import { Unexpected } from "./Stage.ts"

const failed = (cause: unknown): Unexpected => new Unexpected({ message: cause instanceof Error ? cause.message : String(cause) })

// something that is started and stopped
const started = <A>(start: () => Promise<A>, stop: (it: A) => Promise<unknown>): Effect.Effect<A, Unexpected, Scope.Scope> =>
  Effect.acquireRelease(Effect.tryPromise({ try: start, catch: failed }), (it) => Effect.promise(() => stop(it)))

/** A private database on a server that was started, and the line that describes the server. */
export interface Database {
  readonly url: string
  readonly name: string
  readonly description: string
}

/** The shop's database server. */
export const postgres: Effect.Effect<Database, Unexpected, Scope.Scope> = Effect.gen(function* () {
  const { description, url } = yield* started(
    () => startPostgres({ durable: false }),
    ({ stop }) => stop(),
  )
  const database = yield* started(
    () => createPostgresDatabase({ url }),
    ({ drop }) => drop(),
  )
  return { url: database.url, name: database.name, description }
})

/** The stations' database server. */
export const mongo: Effect.Effect<Database, Unexpected, Scope.Scope> = Effect.gen(function* () {
  const { description, url } = yield* started(
    () => startMongo(),
    ({ stop }) => stop(),
  )
  const database = yield* started(
    () => createMongoDatabase({ url }),
    ({ drop }) => drop(),
  )
  return { url: database.url, name: database.name, description }
})

/** Where real stations may lie, seen from `examples/demo/dist`. */
const realStations = fileURLToPath(new URL("../../../../shared/data/ocm/poi.PT.verbose.json", import.meta.url))

/** The Open Charge Map server, and what its stations are. */
export const openChargeMap: Effect.Effect<{ readonly server: OcmServer; readonly description: string }, Unexpected, Scope.Scope> =
  Effect.gen(function* () {
    const real = existsSync(realStations)
    const stations = real ? (JSON.parse(readFileSync(realStations, "utf8")) as ReadonlyArray<RawPoi>) : generateStations(200)
    const server = yield* started(
      () => startOcmServer({ stations }),
      ({ stop }) => stop(),
    )
    const what = real ? "real ones of Portugal, as Open Charge Map exported them" : "made up by a generator"
    return { server, description: `A local Open Charge Map at ${server.url} with ${server.stations.size} stations, ${what}` }
  })

/** A folder for the demo's files. */
export const folder: Effect.Effect<string, Unexpected, Scope.Scope> = started(
  () => mkdtemp(join(tmpdir(), "waybill-demo-")),
  (path) => rm(path, { recursive: true, force: true }),
)
