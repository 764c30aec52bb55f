/**
 * The sink's own collections: which worker has a job, and which of its batches are applied, or taken back.
 *
 * A job: `{ _id, token, turn, session }`. `token` is the highest seen, `turn` grows with each use so that every use is a write that
 * a concurrent takeover collides with, `session` is the server session whose transaction a takeover ends.
 *
 * A batch: `{ _id: "job/entity/part", job, entity, part, token, plan, state: "intent" | "done", outcomes, conflicts, made, images, at }`,
 * of an undo with `left` instead of the last but one. What `made` and `images` hold is said in `wrote.ts`; `images` and `left` name pieces
 * (`pieces.ts`).
 */
import { Sink } from "@waybill/core"
import { Effect } from "effect"
import { Binary, type ClientSession, type Document } from "mongodb"
import { classifyError, isDuplicate } from "../classifyError.ts"
import { type Kept, readPieces, writePieces } from "./pieces.ts"
import { ask, askRaw, collectionOf, type Target } from "./server.ts"
import { packMade, splitImages, unpackMade, type Wrote } from "./wrote.ts"

interface JobDocument extends Document {
  readonly _id: string
  readonly token: number
  readonly session?: { readonly id: Binary }
}

/** Who has a job. */
export interface Worker {
  readonly job: string
  readonly token: number
}

/** A job, and the plan that it does or takes back. */
export interface Work {
  readonly job: string
  readonly planHash: string
}

/** The name of a batch within its job. */
export const nameOf = (entity: string, part: number): string => `${entity}/${part}`

const jobsOf = ({ db, jobs }: Target) => collectionOf(db, jobs)
const idOf = (text: string) => ({ _id: text }) as Document

const fenced = (job: string, token: number) =>
  new Sink.SinkError({
    reason: "Fenced",
    isRetryable: false,
    message: `another worker has taken job ${job} over: its token is higher than ${token}`,
  })

/** Fails if a worker with a higher token has been seen. Reads only. */
export const checkToken = (target: Target, { job, token }: Worker): Effect.Effect<void, Sink.SinkError> =>
  ask({ what: `reading job ${job}` }, () => jobsOf(target).findOne<JobDocument>(idOf(job))).pipe(
    Effect.flatMap((found) => (found !== null && found.token > token ? Effect.fail(fenced(job, token)) : Effect.void)),
  )

/**
 * Writes that this worker has the job, or fails if a worker with a higher token has been seen. In a transaction it makes sure that
 * no takeover comes between this and the transaction's commit.
 */
export const holdToken = (
  target: Target,
  { job, token }: Worker,
  options: { readonly session?: ClientSession | undefined; readonly claims?: ClientSession | undefined } = {},
): Effect.Effect<void, Sink.SinkError> =>
  askRaw(() =>
    jobsOf(target).updateOne(
      { ...idOf(job), token: { $lte: token } },
      {
        $set: { token, ...(options.claims === undefined ? {} : { session: options.claims.serverSession.id }) },
        $inc: { turn: 1 },
      },
      { upsert: true, ...(options.session === undefined ? {} : { session: options.session }) },
    ),
  ).pipe(
    Effect.asVoid,
    // the job is there, but not under the filter: its token is higher
    Effect.catch((error) =>
      Effect.fail(isDuplicate(error) ? fenced(job, token) : classifyError(error, { what: `writing job ${job}` })),
    ),
  )

/** Ends the transaction that a former worker may have left open, so that it is in nobody's way until the server gives it up. */
export const endFormerSession = (target: Target, { job, token }: Worker): Effect.Effect<void, Sink.SinkError> =>
  Effect.gen(function* () {
    const found = yield* ask({ what: `reading job ${job}` }, () => jobsOf(target).findOne<JobDocument>(idOf(job)))
    if (found === null || found.token > token || found.session === undefined) return
    const former = found.session
    // who may not end it waits for the server to do so
    yield* Effect.ignore(askRaw(() => target.db.command({ killSessions: [former] })))
  })

/** Takes this worker's session out of the job; from then on the driver may use the session for something else. */
export const releaseSession = (target: Target, { job, token }: Worker): Effect.Effect<void> =>
  Effect.ignore(askRaw(() => jobsOf(target).updateOne({ ...idOf(job), token }, { $unset: { session: 1 } })))

const applied = (found: Document): Sink.AppliedBatch => {
  const outcomes = found["outcomes"] as Binary
  return { outcomes: new Uint8Array(outcomes.value()), conflicts: found["conflicts"] }
}

const readDone = ({ batches, db }: Target, { job, planHash }: Work): Effect.Effect<Array<Document>, Sink.SinkError> =>
  // "0" comes after "/": the range is served by the index on _id
  ask({ what: `reading ${batches}` }, () =>
    collectionOf(db, batches)
      .find(
        { _id: { $gte: `${job}/`, $lt: `${job}0` } as never, job, plan: planHash, state: "done" },
        { projection: { made: 0, images: 0 } },
      )
      .toArray(),
  )

/** The batches of this job and plan that are applied. */
export const readCheckpoint = (target: Target, work: Work): Effect.Effect<Map<string, Sink.AppliedBatch>, Sink.SinkError> =>
  Effect.map(readDone(target, work), (found) => new Map(found.map((it) => [nameOf(it["entity"], it["part"]), applied(it)])))

const readOne = (
  { batches, db }: Target,
  { job, planHash }: Work,
  name: string,
): Effect.Effect<Document | null, Sink.SinkError> =>
  ask({ what: `reading ${batches}` }, () => collectionOf(db, batches).findOne({ ...idOf(`${job}/${name}`), plan: planHash }))

/** What became of one batch, if it is applied. */
export const readBatch = (
  target: Target,
  work: Work,
  name: string,
): Effect.Effect<Sink.AppliedBatch | undefined, Sink.SinkError> =>
  Effect.map(readOne(target, work, name), (found) => (found?.["state"] === "done" ? applied(found) : undefined))

/** What a batch has written as far as its document tells, or may have; `outcomes` if it is applied. */
export interface Written {
  readonly wrote: Wrote
  readonly images: Kept
  readonly outcomes: Uint8Array | undefined
}

/** Reads what a batch has written; `undefined` if it never came to that. */
export const readWritten = (
  target: Target,
  work: Work,
  batch: { readonly entity: string; readonly part: number },
): Effect.Effect<Written | undefined, Sink.SinkError> =>
  Effect.gen(function* () {
    const found = yield* readOne(target, work, nameOf(batch.entity, batch.part))
    if (found === null) return undefined
    const kept = found["images"] as Kept | undefined
    if (kept === undefined) return undefined
    const bytes = yield* readPieces(target, { job: work.job, entity: batch.entity, part: batch.part }, kept)
    return {
      wrote: { made: unpackMade(found["made"]), images: splitImages(bytes) },
      images: kept,
      outcomes: found["state"] === "done" ? applied(found).outcomes : undefined,
    }
  })

const put = (
  { batches, db }: Target,
  { job, planHash, token }: Work & Worker,
  batch: { readonly entity: string; readonly part: number },
  fields: Document,
  session: ClientSession | undefined,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.asVoid(
    ask({ what: `writing ${batches}` }, () =>
      collectionOf(db, batches).updateOne(
        idOf(`${job}/${nameOf(batch.entity, batch.part)}`),
        {
          $set: { job, entity: batch.entity, part: batch.part, token, plan: planHash, ...fields },
          $currentDate: { at: true },
        },
        { upsert: true, ...(session === undefined ? {} : { session }) },
      ),
    ),
  )

/** Writes that a batch is about to be applied (without what became of it), or is; `wrote` is what it writes, or `undefined` if that is told. */
export const writeBatch = (
  target: Target,
  context: Sink.CommitContext,
  batch: { readonly entity: string; readonly part: number },
  done: Sink.AppliedBatch | undefined,
  wrote: Wrote | undefined,
  session?: ClientSession,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.gen(function* () {
    const owner = { job: context.job, entity: batch.entity, part: batch.part }
    const images =
      wrote === undefined ? undefined : yield* writePieces(target, owner, Buffer.concat([...wrote.images.values()]), session)
    yield* put(
      target,
      context,
      batch,
      {
        ...(done === undefined
          ? { state: "intent" }
          : { state: "done", outcomes: new Binary(done.outcomes), conflicts: done.conflicts }),
        ...(wrote === undefined ? {} : { made: packMade(wrote.made), images }),
      },
      session,
    )
  })

const workOf = ({ job, of }: Sink.UndoContext): Work => ({ job, planHash: of.planHash })

const undoneBatch = (
  target: Target,
  context: Sink.UndoContext,
  found: Document,
): Effect.Effect<Sink.UndoneBatch, Sink.SinkError> =>
  Effect.map(readPieces(target, { job: context.job, entity: found["entity"], part: found["part"] }, found["left"]), (bytes) => ({
    outcomes: new Uint8Array((found["outcomes"] as Binary).value()),
    left: bytes.length === 0 ? [] : (JSON.parse(bytes.toString("utf8")) as Sink.UndoneBatch["left"]),
  }))

/** The batches that an undo has taken back. */
export const readUndone = (
  target: Target,
  context: Sink.UndoContext,
): Effect.Effect<Map<string, Sink.UndoneBatch>, Sink.SinkError> =>
  Effect.map(
    Effect.flatMap(readDone(target, workOf(context)), (found) =>
      Effect.forEach(found, (it) =>
        Effect.map(undoneBatch(target, context, it), (done) => [nameOf(it["entity"], it["part"]), done] as const),
      ),
    ),
    (found) => new Map(found),
  )

/** What became of one batch, if it is taken back. */
export const readUndoneBatch = (
  target: Target,
  context: Sink.UndoContext,
  name: string,
): Effect.Effect<Sink.UndoneBatch | undefined, Sink.SinkError> =>
  Effect.flatMap(readOne(target, workOf(context), name), (found) =>
    found?.["state"] === "done" ? undoneBatch(target, context, found) : Effect.succeed(undefined),
  )

/** Writes that a batch is about to be taken back (without what became of it), or is. */
export const writeUndone = (
  target: Target,
  context: Sink.UndoContext,
  batch: { readonly entity: string; readonly part: number },
  done: Sink.UndoneBatch | undefined,
  session?: ClientSession,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.gen(function* () {
    const work = { ...workOf(context), token: context.token }
    if (done === undefined) return yield* put(target, work, batch, { state: "intent" }, session)
    const owner = { job: context.job, entity: batch.entity, part: batch.part }
    const text = done.left.length === 0 ? "" : JSON.stringify(done.left)
    const left = yield* writePieces(target, owner, Buffer.from(text), session)
    yield* put(target, work, batch, { state: "done", outcomes: new Binary(done.outcomes), left }, session)
  })

/** Fails if it cannot be told what a job has written; else whether anything is kept of its batches. */
export const checkKnown = (target: Target, { of }: Sink.UndoContext): Effect.Effect<boolean, Sink.SinkError> =>
  Effect.gen(function* () {
    const { batches, db } = target
    const job = yield* ask({ what: `reading job ${of.job}` }, () => jobsOf(target).findOne<JobDocument>(idOf(of.job)))
    if (job === null)
      return yield* untold(`${target.jobs} knows nothing of job ${of.job}: what it wrote cannot be told, and not be taken back`)
    const some = (filter: Document) =>
      ask({ what: `reading ${batches}` }, () =>
        collectionOf(db, batches).findOne({ _id: { $gte: `${of.job}/`, $lt: `${of.job}0` } as never, ...filter }),
      )
    if ((yield* some({ images: { $exists: false } })) !== null)
      return yield* untold(`job ${of.job} was committed before the sink kept what it replaces: it cannot be taken back`)
    return (yield* some({})) !== null
  })

/** It cannot be told what a job has written. */
export const untold = (message: string) => new Sink.SinkError({ reason: "Unknown", isRetryable: false, message })
