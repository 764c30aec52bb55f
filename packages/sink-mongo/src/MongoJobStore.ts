/**
 * A job store in collections of MongoDB. A save is one step without a transaction: its issues are written first, under a mark of their
 * own, and the update that compares the job's version adds that mark to the job. Issues whose mark no job has are not there.
 *
 * A job: `{ _id, version, import, status, sourceSha256, startedBy, createdAt, parent, kind, bookmark, issues, saves: [{ save, first, count }], body }`.
 * An issue: `{ job, save, version, ordinal, body }`. Bodies are JSON text: it keeps names with `$` and dots, and every text.
 *
 * @module
 */
import { type Issue, type Job, JobStore } from "@waybill/core"
import { Effect, Layer, Option } from "effect"
import { type Db, type Document, ObjectId } from "mongodb"
import { classifyError, isDuplicate } from "./classifyError.ts"
import { ask, askRaw, collectionOf } from "./internal/server.ts"
import { ensure, jobStoreError, stored } from "./internal/storeCollections.ts"

/** What {@link layer} takes. */
export interface Options {
  /** The database, from the application's own client. The client's settings hold, and it stays the application's to close. */
  readonly db: Db
  /** The names of the store's collections, made on first use: `waybill_store_jobs` and `waybill_store_issues` by default. */
  readonly collections?: { readonly jobs?: string; readonly issues?: string }
}

/** The issues that came with one save: where they begin among those of the job, and how many they are. */
interface Save {
  readonly save: ObjectId
  readonly first: number
  readonly count: number
}

const refused = (reason: "Stale" | "AlreadyExists" | "NotFound", message: string): JobStore.JobStoreError =>
  new JobStore.JobStoreError({ reason, message, isRetryable: false })

const notFound = (id: string) => refused("NotFound", `there is no job ${id}`)
const stale = (job: Job.Job) => refused("Stale", `job ${job.id} was saved by somebody else since version ${job.version} was read`)

const idOf = (id: string) => ({ _id: stored(id) }) as Document

// what is searched for, and the job itself
const fieldsOf = (job: Job.Job): Document => ({
  version: job.version,
  import: stored(job.import),
  status: job.status,
  sourceSha256: job.source.sha256 === null ? null : stored(job.source.sha256),
  startedBy: stored(job.startedBy),
  createdAt: stored(job.createdAt),
  parent: (job.parent ?? null) === null ? null : stored(job.parent!),
  kind: stored(job.source.kind),
  bookmark: (job.bookmark ?? null) === null ? null : stored(job.bookmark!.of),
  body: JSON.stringify(job),
})

const bodyOf = <A>(document: Document): A => JSON.parse(document["body"]) as A

/** A store in a database. Nothing is sent to the server before it is used. */
export const make = ({ collections, db }: Options): JobStore.JobStore["Service"] => {
  const jobsName = collections?.jobs ?? "waybill_store_jobs"
  const issuesName = collections?.issues ?? "waybill_store_issues"
  const jobs = collectionOf(db, jobsName)
  const issues = collectionOf(db, issuesName)
  const ready = ensure(
    db,
    new Map([
      [
        jobsName,
        [
          { name: "createdAt", key: { createdAt: -1, _id: -1 } },
          { name: "import", key: { import: 1, createdAt: -1 } },
          { name: "status", key: { status: 1, createdAt: -1 } },
          { name: "sourceSha256", key: { sourceSha256: 1 } },
          { name: "kind", key: { import: 1, kind: 1, createdAt: -1 } },
          { name: "bookmark", key: { import: 1, bookmark: 1, createdAt: -1 } },
          { name: "parent", key: { parent: 1, createdAt: -1 } },
          { name: "startedBy", key: { startedBy: 1, createdAt: -1 } },
        ],
      ],
      [issuesName, [{ name: "ordinal", key: { job: 1, ordinal: 1 } }]],
    ]),
  )
  const run = <A>(what: string, call: () => Promise<A>): Effect.Effect<A, JobStore.JobStoreError> =>
    Effect.mapError(Effect.andThen(ready, ask({ what }, call)), jobStoreError)

  // writes issues under a mark that no job has yet
  const append = (what: string, job: Job.Job, found: ReadonlyArray<Issue.Issue>) =>
    Effect.gen(function* () {
      const now = yield* run(what, () => jobs.findOne(idOf(job.id), { projection: { version: 1, issues: 1 } }))
      if (now === null) return yield* Effect.fail(notFound(job.id))
      if (now["version"] !== job.version) return yield* Effect.fail(stale(job))
      const appended: Save = { save: new ObjectId(), first: now["issues"], count: found.length }
      const version = job.version + 1
      const documents = found.map((issue, at) => ({
        job: stored(job.id),
        save: appended.save,
        version,
        ordinal: appended.first + at,
        body: JSON.stringify(issue),
      }))
      yield* run(what, () => issues.insertMany(documents))
      return appended
    })

  return {
    create: (job) =>
      Effect.andThen(
        Effect.mapError(ready, jobStoreError),
        askRaw(() => jobs.insertOne({ ...idOf(job.id), ...fieldsOf(job), issues: 0, saves: [] })).pipe(
          Effect.asVoid,
          Effect.mapError((error) =>
            isDuplicate(error)
              ? refused("AlreadyExists", `there is a job ${job.id} already`)
              : jobStoreError(classifyError(error, { what: `creating job ${job.id}` })),
          ),
        ),
      ),
    get: (id) =>
      Effect.map(
        run(`reading job ${id}`, () => jobs.findOne(idOf(id), { projection: { body: 1 } })),
        (found) => (found === null ? Option.none() : Option.some(bodyOf<Job.Job>(found))),
      ),
    save: (job, found = []) =>
      Effect.gen(function* () {
        const what = `saving job ${job.id}`
        const next: Job.Job = { ...job, version: job.version + 1 }
        const appended = found.length === 0 ? undefined : yield* append(what, job, found)
        const before = yield* run(what, () =>
          jobs.findOneAndUpdate(
            { ...idOf(job.id), version: job.version },
            {
              $set: fieldsOf(next),
              ...(appended === undefined ? {} : { $inc: { issues: appended.count }, $push: { saves: appended as never } }),
            },
            { projection: { issues: 1 }, returnDocument: "before" },
          ),
        )
        if (before === null) {
          // they are nobody's; if they cannot be removed now, they are by who saves the job next
          if (appended !== undefined)
            yield* Effect.ignore(run(what, () => issues.deleteMany({ job: stored(job.id), save: appended.save })))
          const known = yield* run(what, () => jobs.findOne(idOf(job.id), { projection: { _id: 1 } }))
          return yield* Effect.fail(known === null ? notFound(job.id) : stale(job))
        }
        // what others wrote who began to save this version, and died or came too late
        yield* Effect.ignore(
          run(what, () =>
            issues.deleteMany({
              job: stored(job.id),
              ordinal: { $gte: before["issues"] },
              version: next.version,
              ...(appended === undefined ? {} : { save: { $ne: appended.save } }),
            }),
          ),
        )
        return next
      }),
    find: (query) => {
      const limit = query.limit ?? 100
      if (limit <= 0) return Effect.succeed([])
      const filter: Document = {
        ...(query.import === undefined ? {} : { import: { $eq: stored(query.import) } }),
        ...(query.sourceSha256 === undefined ? {} : { sourceSha256: { $eq: stored(query.sourceSha256) } }),
        ...(query.startedBy === undefined ? {} : { startedBy: { $eq: stored(query.startedBy) } }),
        ...(query.kind === undefined ? {} : { kind: { $eq: stored(query.kind) } }),
        ...(query.bookmark === undefined ? {} : { bookmark: { $eq: stored(query.bookmark) } }),
        ...(query.status === undefined ? {} : { status: { $in: [...query.status] } }),
        ...(query.parent === undefined ? {} : { parent: { $eq: query.parent === null ? null : stored(query.parent) } }),
        ...(query.since === undefined && query.before === undefined
          ? {}
          : {
              createdAt: {
                ...(query.since === undefined ? {} : { $gte: stored(query.since) }),
                ...(query.before === undefined ? {} : { $lt: stored(query.before) }),
              },
            }),
      }
      const options = { sort: { createdAt: -1, _id: -1 }, projection: { body: 1 } } as const
      return Effect.map(
        run("listing the jobs", () =>
          // no limit is 0 to the server
          jobs.find(filter, { ...options, limit: Number.isFinite(limit) ? Math.trunc(limit) : 0 }).toArray(),
        ),
        (found) => found.map((it) => bodyOf<Job.Job>(it)),
      )
    },
    issues: (id, { limit = Number.POSITIVE_INFINITY, offset = 0 } = {}) =>
      Effect.gen(function* () {
        const what = `reading the issues of job ${id}`
        const known = yield* run(what, () => jobs.findOne(idOf(id), { projection: { saves: 1 } }))
        if (known === null) return yield* Effect.fail(notFound(id))
        const end = offset + limit
        const saves = (known["saves"] as ReadonlyArray<Save>).filter(({ count, first }) => first < end && first + count > offset)
        if (saves.length === 0) return []
        const found = yield* run(what, () =>
          issues
            .find(
              {
                job: stored(id),
                ordinal: { $gte: offset, ...(Number.isFinite(end) ? { $lt: end } : {}) },
                save: { $in: saves.map(({ save }) => save) },
              },
              { sort: { ordinal: 1 }, projection: { _id: 0, body: 1 } },
            )
            .toArray(),
        )
        return found.map((it) => bodyOf<Issue.Issue>(it))
      }),
  }
}

/**
 * The store as a layer.
 *
 * ```ts
 * const db = client.db("imports")
 * const stores = Layer.merge(MongoJobStore.layer({ db }), MongoSnapshotStore.layer({ db }))
 * ```
 */
export const layer = (options: Options): Layer.Layer<JobStore.JobStore> => Layer.sync(JobStore.JobStore, () => make(options))
