/**
 * The sink's own two collections: which worker has a job, and which of its batches are applied.
 *
 * A job: `{ _id, token, turn, session }`. `token` is the highest seen, `turn` grows with each use so that every use is a write that
 * a concurrent takeover collides with, `session` is the server session whose transaction a takeover ends.
 *
 * A batch: `{ _id: "job/entity/part", job, entity, part, token, plan, state: "intent" | "done", outcomes, conflicts, at }`.
 */
import { Sink } from "@waybill/core"
import { Effect } from "effect"
import { Binary, type ClientSession, type Document } from "mongodb"
import { classifyError, isDuplicate } from "../classifyError.ts"
import { ask, askRaw, collectionOf, type Target } from "./server.ts"

interface JobDocument extends Document {
  readonly _id: string
  readonly token: number
  readonly session?: { readonly id: Binary }
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
export const checkToken = (target: Target, { job, token }: Sink.CommitContext): Effect.Effect<void, Sink.SinkError> =>
  ask({ what: `reading job ${job}` }, () => jobsOf(target).findOne<JobDocument>(idOf(job))).pipe(
    Effect.flatMap((found) => (found !== null && found.token > token ? Effect.fail(fenced(job, token)) : Effect.void)),
  )

/**
 * Writes that this worker has the job, or fails if a worker with a higher token has been seen. In a transaction it makes sure that
 * no takeover comes between this and the transaction's commit.
 */
export const holdToken = (
  target: Target,
  { job, token }: Sink.CommitContext,
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
export const endFormerSession = (target: Target, { job, token }: Sink.CommitContext): Effect.Effect<void, Sink.SinkError> =>
  Effect.gen(function* () {
    const found = yield* ask({ what: `reading job ${job}` }, () => jobsOf(target).findOne<JobDocument>(idOf(job)))
    if (found === null || found.token > token || found.session === undefined) return
    const former = found.session
    // who may not end it waits for the server to do so
    yield* Effect.ignore(askRaw(() => target.db.command({ killSessions: [former] })))
  })

/** Takes this worker's session out of the job; from then on the driver may use the session for something else. */
export const releaseSession = (target: Target, { job, token }: Sink.CommitContext): Effect.Effect<void> =>
  Effect.ignore(askRaw(() => jobsOf(target).updateOne({ ...idOf(job), token }, { $unset: { session: 1 } })))

const applied = (found: Document): Sink.AppliedBatch => {
  const outcomes = found["outcomes"] as Binary
  return { outcomes: new Uint8Array(outcomes.value()), conflicts: found["conflicts"] }
}

/** The batches of this job and plan that are applied. */
export const readCheckpoint = (
  { batches, db }: Target,
  { job, planHash }: Sink.CommitContext,
): Effect.Effect<Map<string, Sink.AppliedBatch>, Sink.SinkError> =>
  Effect.map(
    // "0" comes after "/": the range is served by the index on _id
    ask({ what: `reading ${batches}` }, () =>
      collectionOf(db, batches)
        .find({ _id: { $gte: `${job}/`, $lt: `${job}0` } as never, job, plan: planHash, state: "done" })
        .toArray(),
    ),
    (found) => new Map(found.map((it) => [nameOf(it["entity"], it["part"]), applied(it)])),
  )

/** What became of one batch, if it is applied. */
export const readBatch = (
  { batches, db }: Target,
  { job, planHash }: Sink.CommitContext,
  name: string,
  session?: ClientSession,
): Effect.Effect<Sink.AppliedBatch | undefined, Sink.SinkError> =>
  Effect.map(
    ask({ what: `reading ${batches}` }, () =>
      collectionOf(db, batches).findOne(
        { ...idOf(`${job}/${name}`), plan: planHash, state: "done" },
        session === undefined ? {} : { session },
      ),
    ),
    (found) => (found === null ? undefined : applied(found)),
  )

/** Writes that a batch is about to be applied (without what became of it), or is. */
export const writeBatch = (
  { batches, db }: Target,
  { job, planHash, token }: Sink.CommitContext,
  batch: { readonly entity: string; readonly part: number },
  done: Sink.AppliedBatch | undefined,
  session?: ClientSession,
): Effect.Effect<void, Sink.SinkError> =>
  Effect.asVoid(
    ask({ what: `writing ${batches}` }, () =>
      collectionOf(db, batches).updateOne(
        idOf(`${job}/${nameOf(batch.entity, batch.part)}`),
        {
          $set: {
            job,
            entity: batch.entity,
            part: batch.part,
            token,
            plan: planHash,
            ...(done === undefined
              ? { state: "intent" }
              : { state: "done", outcomes: new Binary(done.outcomes), conflicts: done.conflicts }),
          },
          $currentDate: { at: true },
        },
        { upsert: true, ...(session === undefined ? {} : { session }) },
      ),
    ),
  )
