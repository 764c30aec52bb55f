/**
 * The server as the sink sees it: what it is called, what it can do, and how it is called with errors that say what they mean.
 */
import { type Entity, Ownership, type Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Collection, Db, Document } from "mongodb"
import { classifyError, type Doing } from "../classifyError.ts"
import type { Layout } from "./layout.ts"

/** What a sink was made of. */
export interface Target {
  readonly db: Db
  readonly layout: (entity: Entity.Any) => Layout
  /** The names of the collections of the sink's own. */
  readonly jobs: string
  readonly batches: string
  readonly images: string
  readonly written: string
}

/** The names of the sink's own collections that a commit or an undo of these entities writes. */
export const ownOf = ({ batches, images, jobs, written }: Target, entities: ReadonlyArray<Entity.Any>): ReadonlyArray<string> => [
  jobs,
  batches,
  images,
  ...(entities.some(Ownership.needsLastWritten) ? [written] : []),
]

/** The target for people: hosts and database. */
export const targetOf = (db: Db): string => {
  const { hosts, srvHost } = db.client.options
  return `${srvHost ?? hosts.map(String).join(",")}/${db.databaseName}`
}

/** Calls the driver; what it rejects with becomes a sink error. */
export const ask = <A>(doing: Doing, call: () => Promise<A>): Effect.Effect<A, Sink.SinkError> =>
  Effect.tryPromise({ try: call, catch: (error) => classifyError(error, doing) })

/** Calls the driver; what it rejects with is the failure as it is, for those who look into it by the functions of `classifyError.ts`. */
export const askRaw = <A>(call: () => Promise<A>): Effect.Effect<A, unknown> =>
  Effect.tryPromise({ try: call, catch: (error) => error })

/** Whether the server has transactions: members of replica sets do, and routers of sharded clusters. */
export const hasTransactions = ({ db }: Target): Effect.Effect<boolean, Sink.SinkError> =>
  Effect.map(
    ask({ what: `asking ${targetOf(db)} what it is` }, () => db.command({ hello: 1 })),
    (hello) => hello["setName"] !== undefined || hello["msg"] === "isdbgrid",
  )

/** A collection, read and written the sink's way whatever the settings of the client are. */
export const collectionOf = (db: Db, name: string): Collection<Document> =>
  db.collection(name, {
    readPreference: "primary",
    readConcern: { level: "local" },
    writeConcern: { w: "majority", journal: true },
    ignoreUndefined: true,
    promoteValues: true,
    promoteLongs: true,
    promoteBuffers: false,
    useBigInt64: false,
    bsonRegExp: true,
    raw: false,
    serializeFunctions: false,
    enableUtf8Validation: false,
  })
