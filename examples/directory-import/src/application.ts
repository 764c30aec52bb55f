/**
 * The application: a collector of documents, over stores and a sink in one PostgreSQL and an object store beside it.
 */
import { Collector } from "@waybill/collector"
import { Worker } from "@waybill/core"
import { PostgresJobStore, PostgresSink, PostgresSnapshotStore } from "@waybill/sink-postgres"
import { Duration, Effect, Layer } from "effect"
import pg from "pg"
import { withContent } from "./contentSink.ts"
import { ddl, documents } from "./Document.ts"
import { fileSource } from "./fileSource.ts"
import * as ObjectStore from "./ObjectStore.ts"
import type { Settings } from "./Settings.ts"

const traced = (objects: ObjectStore.ObjectStore): ObjectStore.ObjectStore => ({
  ...objects,
  size: (key) => {
    process.stderr.write(`looks for ${key}\n`)
    return objects.size(key)
  },
  put: async (key, file, bytes) => {
    process.stderr.write(`puts ${key}\n`)
    await objects.put(key, file, bytes)
    process.stderr.write(`has put ${key}\n`)
  },
})

// the client of S3 is large: it is loaded where it is wanted
const objectsOf = async ({ objects }: Settings): Promise<ObjectStore.ObjectStore> => {
  if ("folder" in objects) return ObjectStore.folder(objects.folder)
  const S3ObjectStore = await import("./S3ObjectStore.ts")
  return S3ObjectStore.connect(objects.bucket, objects.endpoint)
}

/** The collector on a pool and an object store. */
export const collectorOf = (settings: Settings, pool: pg.Pool, objects: ObjectStore.ObjectStore) => {
  const sink = withContent(PostgresSink.make({ pool }), settings.trace ? traced(objects) : objects, settings.folder)
  return Collector.make({
    name: "directory",
    folder: settings.folder,
    patterns: [{ glob: "**/*", import: documents(sink, settings.maxFileBytes), source: fileSource }],
    limits: { files: settings.maxFiles, bytes: settings.maxBytes },
  })
}

/** The stores on a pool. */
export const storesOf = (pool: pg.Pool) => Layer.merge(PostgresJobStore.layer({ pool }), PostgresSnapshotStore.layer({ pool }))

/** Collects the folder once. */
export const collect = (settings: Settings) =>
  Effect.gen(function* () {
    const pool = yield* Effect.acquireRelease(
      Effect.sync(() => new pg.Pool({ connectionString: settings.databaseUrl, max: 8 })),
      (it) => Effect.promise(() => it.end()),
    )
    yield* Effect.promise(() => pool.query(ddl))
    const objects = yield* Effect.promise(() => objectsOf(settings))
    const worker = { ...(yield* Worker.Worker), lease: Duration.millis(settings.leaseMs) }
    return yield* Collector.run(collectorOf(settings, pool, objects), { startedBy: "directory-import", onBusy: "wait" }).pipe(
      Effect.provide(storesOf(pool)),
      Effect.provideService(Worker.Worker, worker),
    )
  }).pipe(Effect.scoped)
