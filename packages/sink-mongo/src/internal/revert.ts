/**
 * Takes one batch back, step by step: what there is to do, the values that are put back, what must stay, the documents that go.
 */
import { type Batch, Plan, Sink } from "@waybill/core"
import { Data, Effect } from "effect"
import type { ClientSession, Document } from "mongodb"
import { classifyError, type Refused, refusals } from "../classifyError.ts"
import { readWritten, untold } from "./bookkeeping.ts"
import { driverValue, mapOf, placeOf, textOf } from "./bson.ts"
import { Held } from "./held.ts"
import type { Layout } from "./layout.ts"
import { lookUp } from "./lookup.ts"
import { type Gone, referrersOf } from "./referrers.ts"
import {
  decideReversal,
  foundOf,
  type Insertion,
  type Mine,
  mineOf,
  type Now,
  type Removal,
  type Restoration,
  type Reversal,
} from "./reversal.ts"
import { ask, askRaw, collectionOf, type Target } from "./server.ts"
import { raced } from "./write.ts"

/** What all batches of an undo share. */
export interface Undoing {
  readonly target: Target
  readonly context: Sink.UndoContext
  /** Whether anything is kept of the batches of the job that is taken back. */
  readonly hasBatches: boolean
}

/** A batch that is being taken back. */
export interface Subject {
  readonly layout: Layout
  readonly batch: Batch.Batch
  readonly planned: Plan.PlannedBatch
  readonly mine: ReadonlyArray<Mine>
  /** Positions of records that count as written, and that the batch found as they were to be. */
  readonly found: ReadonlyArray<number>
}

/** The server refuses to have a record back: its transaction is lost, and is done again without it. */
export class RefusedBack extends Data.TaggedError("RefusedBack")<{ readonly left: Sink.Left }> {}

/** Reads what a batch has written. */
export const subjectOf = (
  { context: { of }, hasBatches, target }: Undoing,
  batch: Batch.Batch,
  planned: Plan.PlannedBatch,
): Effect.Effect<Subject, Sink.SinkError> => {
  const layout = target.layout(batch.entity)
  // a commit that wrote some batches has not written the others; one that wrote none needs no undo
  if (!hasBatches && !Plan.isIdle(planned))
    return Effect.fail(
      untold(`${target.batches} has nothing of job ${of.job}: what it wrote cannot be told, and not be taken back`),
    )
  return Effect.map(readWritten(target, of, { entity: batch.entity.name, part: batch.part }), (written) => ({
    layout,
    batch,
    planned,
    mine: written === undefined ? [] : mineOf(layout, batch, written),
    found: written === undefined ? [] : foundOf(written),
  }))
}

const inSession = (session: ClientSession | undefined) => (session === undefined ? {} : { session })

/** The documents of a batch as they are now: whole, since what somebody added to one must be seen. */
const nowOf = (
  { target }: Undoing,
  { batch, layout, mine }: Subject,
  session?: ClientSession,
): Effect.Effect<Now, Sink.SinkError> =>
  Effect.gen(function* () {
    if (mine.length === 0) return { byId: new Map(), byKey: new Map() }
    const found = yield* ask({ what: `reading ${layout.collection}` }, () =>
      collectionOf(target.db, layout.collection)
        .find({ _id: { $in: mine.map(({ id }) => driverValue(id)) } } as Document, {
          raw: true,
          batchSize: mine.length + 1,
          ...(mine.some(({ image }) => image === undefined || image.whole !== undefined) ? {} : { projection: layout.owned }),
          ...inSession(session),
        })
        .toArray(),
    )
    const byId = new Map<string, Held>()
    for (const bytes of found) {
      const held = new Held(bytes as unknown as Uint8Array)
      byId.set(textOf(placeOf(held.bytes, ["_id"]).raw!), held)
    }
    const records = batch.records()
    const missing = mine.filter(({ id }) => !byId.has(textOf(id))).map(({ index }) => records[index]!)
    return { byId, byKey: (yield* lookUp(target.db, layout, missing, layout.owned, session)).documents }
  })

/** Decides what there is to do. */
export const lookBack = (
  undoing: Undoing,
  subject: Subject,
  refused: ReadonlyMap<number, Sink.Left>,
  session?: ClientSession,
): Effect.Effect<Reversal, Sink.SinkError> =>
  Effect.map(nowOf(undoing, subject, session), (now) => {
    const reversal = decideReversal(subject.layout, subject.batch, subject.planned, subject.mine, now, refused)
    // it is as it was
    for (const index of subject.found) reversal.outcomes[index] = Sink.undone.reversed
    return reversal
  })

/** The reversal without the removals that something refers to: these are left. */
export const keepReferred = (
  { context, target }: Undoing,
  { batch }: Subject,
  reversal: Reversal,
  gone: Gone,
  session?: ClientSession,
): Effect.Effect<Reversal, Sink.SinkError> =>
  Effect.map(referrersOf(target, context.entities, batch, reversal.removals, gone, session), (found) => {
    if (found.size === 0) return reversal
    const outcomes = reversal.outcomes.slice()
    for (const index of found.keys()) outcomes[index] = Sink.undone.kept
    return {
      ...reversal,
      outcomes,
      left: [
        ...reversal.left,
        ...[...found].map(([index, message]) => ({ index, kind: "referenced", message, fields: [] }) as const),
      ],
      removals: reversal.removals.filter(({ index }) => !found.has(index)),
    }
  })

/** What became of a batch whose reversal is done. */
export const undoneOf = ({ left, outcomes }: Reversal): Sink.UndoneBatch => ({
  outcomes,
  left: [...left].sort((a, b) => a.index - b.index),
})

const updateOf = ({ set, unset }: Restoration): Document => ({
  ...(set.size === 0 ? {} : { $set: set }),
  ...(unset.length === 0 ? {} : { $unset: Object.fromEntries(unset.map((path) => [path, ""])) }),
})

// a document as it was looked at, where no transaction keeps it so
const stillHolds = ({ held, id, paths }: Restoration): Document => ({
  _id: id,
  $expr: {
    $and: paths.map((path) => ({ $eq: [`$${path}`, { $literal: driverValue(placeOf(held.bytes, path.split(".")).raw!) }] })),
  },
})
const stillIs = ({ held, id }: Removal): Document => ({ _id: id, $expr: { $eq: ["$$ROOT", { $literal: mapOf(held.bytes) }] } })

/** What came of a write. */
export interface Sent {
  /** Whether it found every document as it was looked at. */
  readonly isWhole: boolean
  readonly refused: ReadonlyArray<Sink.Left>
}

// the other way round than they were written, so that each finds what it needs from the others free again
const reversed = (all: ReadonlyArray<Restoration>): ReadonlyArray<Restoration> => [...all].reverse()

/** Puts values back. In a transaction the first refusal is the last; without one, each document that has moved is passed by. */
export const restore = (
  { target }: Undoing,
  { batch, layout }: Subject,
  restorations: ReadonlyArray<Restoration>,
  session?: ClientSession,
): Effect.Effect<Sent, Sink.SinkError> =>
  Effect.suspend(() => {
    if (restorations.length === 0) return Effect.succeed({ isWhole: true, refused: [] })
    const all = reversed(restorations)
    const left = ({ message, operation }: Refused): Sink.Left => ({
      index: all[operation]!.index,
      kind: "refused",
      message,
      fields: [],
    })
    return askRaw(() =>
      collectionOf(target.db, layout.collection).bulkWrite(
        all.map((it) => ({
          updateOne: { filter: session === undefined ? stillHolds(it) : { _id: it.id as never }, update: updateOf(it) },
        })),
        { ordered: session !== undefined, ...inSession(session) },
      ),
    ).pipe(
      Effect.map((result): Sent => ({ isWhole: result.matchedCount === all.length, refused: [] })),
      Effect.catch((error) => {
        const refused = refusals(error)
        return refused === undefined
          ? Effect.fail(classifyError(error, { what: `writing ${layout.collection}, part ${batch.part}` }))
          : Effect.succeed({ isWhole: false, refused: refused.map(left) })
      }),
    )
  })

/** Puts documents back that were deleted, whole. In a transaction the first refusal is the last. */
export const putBack = (
  { target }: Undoing,
  { batch, layout }: Subject,
  insertions: ReadonlyArray<Insertion>,
  session?: ClientSession,
): Effect.Effect<ReadonlyArray<Sink.Left>, Sink.SinkError> =>
  insertions.length === 0
    ? Effect.succeed([])
    : askRaw(() =>
        collectionOf(target.db, layout.collection).bulkWrite(
          // a map is written as it is; the document has its `_id`
          insertions.map(({ whole }) => ({ insertOne: { document: mapOf(whole) as Document } })),
          { ordered: session !== undefined, forceServerObjectId: true, ...inSession(session) },
        ),
      ).pipe(
        Effect.as<ReadonlyArray<Sink.Left>>([]),
        Effect.catch((error) => {
          const refused = refusals(error)
          return refused === undefined
            ? Effect.fail(classifyError(error, { what: `writing ${layout.collection}, part ${batch.part}` }))
            : Effect.succeed(
                refused.map(
                  ({ message, operation }): Sink.Left => ({
                    index: insertions[operation]!.index,
                    kind: "refused",
                    message,
                    fields: [],
                  }),
                ),
              )
        }),
      )

/** Deletes documents; tells whether each was there as it was looked at. */
export const remove = (
  { target }: Pick<Undoing, "target">,
  { batch, layout }: Pick<Subject, "batch" | "layout">,
  removals: ReadonlyArray<Removal>,
  session?: ClientSession,
): Effect.Effect<boolean, Sink.SinkError> =>
  removals.length === 0
    ? Effect.succeed(true)
    : Effect.map(
        ask({ what: `deleting from ${layout.collection}, part ${batch.part}` }, async () => {
          const collection = collectionOf(target.db, layout.collection)
          if (session !== undefined)
            return collection.deleteMany({ _id: { $in: removals.map(({ id }) => id) } } as Document, { session })
          return collection.bulkWrite(
            removals.map((it) => ({ deleteOne: { filter: stillIs(it) } })),
            { ordered: false },
          )
        }),
        ({ deletedCount }) => deletedCount === removals.length,
      )

/** Takes a batch back within a transaction. */
export const revertWithin = (
  undoing: Undoing,
  subject: Subject,
  refused: ReadonlyMap<number, Sink.Left>,
  session: ClientSession,
): Effect.Effect<Sink.UndoneBatch, Sink.SinkError | RefusedBack> =>
  Effect.gen(function* () {
    const { batch, layout } = subject
    const reversal = yield* lookBack(undoing, subject, refused, session)
    const sent = yield* restore(undoing, subject, reversal.restorations, session)
    if (sent.refused.length > 0) return yield* new RefusedBack({ left: sent.refused[0]! })
    if (!sent.isWhole) return yield* raced(layout, batch, undefined)
    const [refusedBack] = yield* putBack(undoing, subject, reversal.insertions, session)
    if (refusedBack !== undefined) return yield* new RefusedBack({ left: refusedBack })
    const final = yield* keepReferred(undoing, subject, reversal, new Map(), session)
    if (!(yield* remove(undoing, subject, final.removals, session))) return yield* raced(layout, batch, undefined)
    return undoneOf(final)
  })
