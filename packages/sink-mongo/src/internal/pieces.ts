/**
 * Bytes that belong to a batch and may be more than a document holds, in a collection of the sink's own.
 *
 * A piece: `{ _id: "job/entity/part/of/n", job, entity, part, data, at }`. `of` is new with each write, so that what is there stays whole
 * until the batch's own document names what takes its place.
 */
import { Sink } from "@waybill/core"
import { Effect } from "effect"
import { Binary, type ClientSession, type Document, ObjectId } from "mongodb"
import { ask, collectionOf, type Target } from "./server.ts"

/** Where bytes are, as the batch's document names them. */
export interface Kept {
  readonly of: string
  readonly pieces: number
}

/** Whose bytes they are. */
export interface Owner {
  readonly job: string
  readonly entity: string
  readonly part: number
}

// well below the largest document
const pieceSize = 4 * 1024 * 1024

const idOf = ({ entity, job, part }: Owner, of: string, n: number): string => `${job}/${entity}/${part}/${of}/${n}`

const idsOf = (owner: Owner, { of, pieces }: Kept) => ({
  _id: { $in: Array.from({ length: pieces }, (_, n) => idOf(owner, of, n)) as ReadonlyArray<unknown> as ObjectId[] },
})

const inSession = (session: ClientSession | undefined) => (session === undefined ? {} : { session })

/** Keeps bytes. */
export const writePieces = (
  { db, images }: Target,
  owner: Owner,
  bytes: Buffer,
  session?: ClientSession,
): Effect.Effect<Kept, Sink.SinkError> =>
  Effect.suspend(() => {
    const kept: Kept = { of: new ObjectId().toHexString(), pieces: Math.ceil(bytes.length / pieceSize) }
    if (kept.pieces === 0) return Effect.succeed(kept)
    return Effect.as(
      ask({ what: `writing ${images}` }, () =>
        collectionOf(db, images).bulkWrite(
          Array.from({ length: kept.pieces }, (_, n) => ({
            updateOne: {
              filter: { _id: idOf(owner, kept.of, n) } as Document,
              update: {
                $set: { ...owner, data: new Binary(bytes.subarray(n * pieceSize, (n + 1) * pieceSize)) },
                $currentDate: { at: true as const },
              },
              upsert: true,
            },
          })),
          inSession(session),
        ),
      ),
      kept,
    )
  })

/** Reads what was kept; that some of it is gone is an error. */
export const readPieces = (
  { db, images }: Target,
  owner: Owner,
  kept: Kept,
  session?: ClientSession,
): Effect.Effect<Buffer, Sink.SinkError> =>
  kept.pieces === 0
    ? Effect.succeed(Buffer.alloc(0))
    : Effect.flatMap(
        ask({ what: `reading ${images}` }, () => collectionOf(db, images).find(idsOf(owner, kept), inSession(session)).toArray()),
        (found) => {
          const data = new Map(found.map((it) => [String(it._id), Buffer.from((it["data"] as Binary).value())]))
          return data.size === kept.pieces
            ? Effect.succeed(Buffer.concat(Array.from({ length: kept.pieces }, (_, n) => data.get(idOf(owner, kept.of, n))!)))
            : Effect.fail(
                new Sink.SinkError({
                  reason: "Unknown",
                  isRetryable: false,
                  message: `${images} no longer has all that was kept of job ${owner.job}, ${owner.entity}, part ${owner.part}`,
                }),
              )
        },
      )

/** Takes away what something else has taken the place of. */
export const removePieces = ({ db, images }: Target, owner: Owner, kept: Kept): Effect.Effect<void, Sink.SinkError> =>
  kept.pieces === 0
    ? Effect.void
    : Effect.asVoid(ask({ what: `writing ${images}` }, () => collectionOf(db, images).deleteMany(idsOf(owner, kept))))
