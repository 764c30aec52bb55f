/**
 * A snapshot store in a GridFS bucket of MongoDB. A part is a file of the bucket, and is there once its file is marked whole.
 *
 * A part is written in three steps: the file (`metadata.state: "writing"`), its chunks, the mark (`"whole"`). Every attempt has a file of
 * its own, so that attempts do not meet, and an index lets one file of a name be whole. What a dead process left is not whole: it does
 * not count, and who writes or removes the part next removes it. A file is marked `"removed"` before its chunks go, so that whoever
 * still writes it cannot mark it whole afterwards.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { type Sink, SnapshotStore } from "@waybill/core"
import { Effect, Layer } from "effect"
import { Binary, type Db, type Document, ObjectId } from "mongodb"
import { classifyError, isDuplicate } from "./classifyError.ts"
import { ask, askRaw, collectionOf } from "./internal/server.ts"
import { ensure, stored, storeReason, unstored } from "./internal/storeCollections.ts"

/** What {@link layer} takes. */
export interface Options {
  /** The database, from the application's own client. The client's settings hold, and it stays the application's to close. */
  readonly db: Db
  /** The name of the GridFS bucket, made on first use. `waybill_parts` by default. */
  readonly bucket?: string
}

const chunkSize = 1 << 20

const failed = (error: Sink.SinkError): SnapshotStore.SnapshotStoreError =>
  new SnapshotStore.SnapshotStoreError({
    reason: storeReason(error),
    message: error.message,
    isRetryable: error.isRetryable,
    cause: error.cause,
  })

const refused = (reason: "NotFound" | "AlreadyExists" | "Unknown", message: string): SnapshotStore.SnapshotStoreError =>
  new SnapshotStore.SnapshotStoreError({ reason, message, isRetryable: false })

const chunksOf = (file: ObjectId, bytes: Uint8Array): ReadonlyArray<Document> =>
  Array.from({ length: Math.ceil(bytes.length / chunkSize) }, (_, n) => ({
    files_id: file,
    n,
    data: new Binary(bytes.subarray(n * chunkSize, (n + 1) * chunkSize)),
  }))

/** A store in a database. Nothing is sent to the server before it is used. */
export const make = ({ bucket = "waybill_parts", db }: Options): SnapshotStore.SnapshotStore["Service"] => {
  const files = collectionOf(db, `${bucket}.files`)
  const chunks = collectionOf(db, `${bucket}.chunks`)
  const ready = ensure(
    db,
    new Map([
      [
        `${bucket}.files`,
        [
          {
            name: "whole",
            key: { "metadata.job": 1, "metadata.name": 1 },
            unique: true,
            partialFilterExpression: { "metadata.state": "whole" },
          },
          { name: "job", key: { "metadata.job": 1 } },
        ],
      ],
      [`${bucket}.chunks`, [{ name: "files_id_1_n_1", key: { files_id: 1, n: 1 }, unique: true }]],
    ]),
  )
  const run = <A>(what: string, call: () => Promise<A>): Effect.Effect<A, SnapshotStore.SnapshotStoreError> =>
    Effect.mapError(Effect.andThen(ready, ask({ what }, call)), failed)

  const named = (job: string, name?: string): Document => ({
    "metadata.job": { $eq: stored(job) },
    ...(name === undefined ? {} : { "metadata.name": { $eq: stored(name) } }),
  })
  const whole = (what: string, job: string, name: string) =>
    run(what, () => files.findOne({ ...named(job, name), "metadata.state": "whole" }))

  // takes files and chunks away; a crash in between leaves files that are marked, for who comes next
  const drop = (what: string, those: Document) =>
    Effect.gen(function* () {
      yield* run(what, () => files.updateMany(those, { $set: { "metadata.state": "removed" } }))
      const marked = { ...those, "metadata.state": "removed" }
      const ids = (yield* run(what, () => files.find(marked, { projection: { _id: 1 } }).toArray())).map(({ _id }) => _id)
      if (ids.length === 0) return
      yield* run(what, () => chunks.deleteMany({ files_id: { $in: ids } }))
      yield* run(what, () => files.deleteMany({ _id: { $in: ids } }))
    })

  // whether this attempt made the part whole; another may have been first, or a removal may have taken this one away
  const finish = (what: string, file: ObjectId) =>
    askRaw(() =>
      files.updateOne(
        { _id: file, "metadata.state": "writing" },
        { $set: { "metadata.state": "whole" }, $currentDate: { uploadDate: true } },
      ),
    ).pipe(
      Effect.map(({ matchedCount }) => matchedCount === 1),
      Effect.catch((error) => (isDuplicate(error) ? Effect.succeed(false) : Effect.fail(failed(classifyError(error, { what }))))),
    )

  return {
    put: (job, name, bytes) =>
      Effect.gen(function* () {
        const what = `writing ${name} of job ${job}`
        const sha256 = createHash("sha256").update(bytes).digest("hex")
        while (true) {
          const attempts = yield* run(what, () => files.find(named(job, name), { projection: { metadata: 1 } }).toArray())
          const there = attempts.find(({ metadata }) => metadata.state === "whole")
          if (there?.["metadata"].sha256 === sha256) return
          if (there !== undefined)
            return yield* Effect.fail(refused("AlreadyExists", `${name} of job ${job} is sealed with other bytes`))
          const file = new ObjectId()
          yield* run(what, () =>
            files.insertOne({
              _id: file,
              length: bytes.length,
              chunkSize,
              filename: `${stored(job)}/${stored(name)}`,
              metadata: { job: stored(job), name: stored(name), sha256, state: "writing" },
            }),
          )
          if (bytes.length > 0) yield* run(what, () => chunks.insertMany([...chunksOf(file, bytes)]))
          if (yield* finish(what, file)) {
            // whoever is still at one of these now begins again, and finds this one
            const others = { _id: { $in: attempts.map(({ _id }) => _id) }, "metadata.state": { $ne: "whole" } }
            if (attempts.length > 0) yield* Effect.ignore(drop(what, others))
            return
          }
          yield* Effect.ignore(drop(what, { _id: file }))
          // where another has taken the file away already, the chunks written since are left
          yield* Effect.ignore(run(what, () => chunks.deleteMany({ files_id: file })))
        }
      }),
    get: (job, name) =>
      Effect.gen(function* () {
        const what = `reading ${name} of job ${job}`
        let damaged: ObjectId | undefined
        while (true) {
          const file = yield* whole(what, job, name)
          if (file === null) return yield* Effect.fail(refused("NotFound", `there is no ${name} of job ${job}`))
          const found = yield* run(what, () => chunks.find({ files_id: file._id }, { sort: { n: 1 } }).toArray())
          const bytes = Buffer.concat(found.map((chunk) => (chunk["data"] as Binary).value()))
          if (bytes.length === file["length"]) return bytes as Uint8Array
          // it is being removed, and maybe written again; unless it is still the same
          if (damaged?.equals(file._id) === true)
            return yield* Effect.fail(
              refused("Unknown", `${name} of job ${job} is damaged: ${bytes.length} bytes are there, not ${file["length"]}`),
            )
          damaged = file._id
        }
      }),
    list: (job) =>
      Effect.map(
        run(`listing the parts of job ${job}`, () =>
          files
            .find({ ...named(job), "metadata.state": "whole" }, { projection: { _id: 0, length: 1, "metadata.name": 1 } })
            .toArray(),
        ),
        (found) =>
          found
            .map((it) => ({ name: unstored(it["metadata"].name), bytes: Number(it["length"]) }))
            .sort((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    jobs: Effect.map(
      run("listing the jobs", () => files.distinct("metadata.job", { "metadata.state": "whole" })),
      (found) => found.map((job) => unstored(String(job))).sort(),
    ),
    remove: (job, name) => drop(`removing ${name ?? "the parts"} of job ${job}`, named(job, name)),
  }
}

/** The store as a layer. */
export const layer = (options: Options): Layer.Layer<SnapshotStore.SnapshotStore> =>
  Layer.sync(SnapshotStore.SnapshotStore, () => make(options))
