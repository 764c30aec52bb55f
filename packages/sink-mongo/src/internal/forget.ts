/**
 * What the sink keeps of jobs in its own collections, told and removed. The tokens of the jobs stay: they shut out a worker, however late it comes.
 */
import type { Sink } from "@waybill/core"
import { Effect } from "effect"
import type { Document } from "mongodb"
import { ask, collectionOf, type Target } from "./server.ts"

// of so many jobs in one call
const atOnce = 100

// served by the index on _id: "0" comes after "/"
const of = (jobs: ReadonlyArray<string>): Document => ({
  $or: jobs.map((job) => ({ _id: { $gte: `${job}/`, $lt: `${job}0` }, job })),
})

/** See the file's first sentence. */
export const forget = (
  { batches, db, images }: Pick<Target, "db" | "batches" | "images">,
  { jobs, preview }: Sink.ForgetContext,
): Effect.Effect<ReadonlyMap<string, number>, Sink.SinkError> =>
  Effect.gen(function* () {
    const found = new Map<string, number>()
    for (let from = 0; from < jobs.length; from += atOnce) {
      const filter = of(jobs.slice(from, from + atOnce))
      // images first: a batch without them is a batch that cannot be undone, images without a batch would be nobody's
      for (const name of [images, batches]) {
        const collection = collectionOf(db, name)
        const sizes = yield* ask({ what: `reading ${name}` }, () =>
          collection
            .aggregate([{ $match: filter }, { $group: { _id: "$job", bytes: { $sum: { $bsonSize: "$$ROOT" } } } }])
            .toArray(),
        )
        for (const { _id, bytes } of sizes) found.set(_id, (found.get(_id) ?? 0) + bytes)
        if (!preview && sizes.length > 0) yield* ask({ what: `writing ${name}` }, () => collection.deleteMany(filter))
      }
    }
    return found
  })
