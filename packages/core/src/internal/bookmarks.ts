/**
 * Bookmarks: from where on a source is read, and how far a reading came. They are kept with the jobs and nowhere else: the bookmark of an
 * import is the one of its latest job that was committed with `success` and is still in force.
 *
 * What an undo takes back must be read again. So a job is in force only if no undo can have touched what it brought or relied on: it ended
 * before the job that was taken back began, or it began when that undo had ended. All of this is by the engine's own clock, to order jobs;
 * the bookmarks themselves are by the clock of the source.
 */
import { Effect, Option } from "effect"
import type { Import } from "../Import.ts"
import type { Job, Reading } from "../Job.ts"
import { JobStore, type JobStoreError } from "../JobStore.ts"
import type { Cursor, Incremental, Source } from "../Source.ts"

/** Where a reading starts. */
export interface Start {
  readonly from: Reading["from"]
  readonly after: Reading["after"]
}

/** At the very beginning. */
export const none: Start = { from: null, after: null }

/** Finds where a reading starts, for what the bookmarks are of. */
export type Pick = (of: string) => Effect.Effect<Start, JobStoreError, JobStore>

/** A source as it is read. */
export interface Opened<R> {
  readonly reading: Source<R>
  /** What the job keeps from the beginning; `null` for a source that is always read as a whole. */
  readonly bookmark: Reading | null
  /** What it keeps in the end, told by the cursor behind the last page. */
  readonly reached: (cursor: Cursor | null) => Reading | null
}

/** Opens a source where its reading starts. */
export const open = <R>(
  source: Source<R>,
  incremental: Incremental<R> | null,
  pick: Pick,
): Effect.Effect<Opened<R>, JobStoreError, JobStore> =>
  incremental === null
    ? Effect.succeed({ reading: source, bookmark: null, reached: () => null })
    : Effect.map(pick(incremental.of), ({ after, from }) => ({
        reading: from === null ? source : incremental.since(from),
        bookmark: { of: incremental.of, from, after, reached: null },
        reached: (cursor) => ({ of: incremental.of, from, after, reached: incremental.reached(cursor, from) }),
      }))

/** The bookmark of an import, of one definition and into one target: another definition or an empty target has to be given everything. */
export const latest = (definition: Import, of: string): Effect.Effect<Start, JobStoreError, JobStore> =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const query = { import: definition.name, bookmark: of, status: ["success"] } as const
    const undos = yield* store.find({ import: definition.name, kind: "undo", limit: Number.MAX_SAFE_INTEGER })
    // mostly the first one is it
    for (const limit of [10, Number.MAX_SAFE_INTEGER]) {
      const found = yield* store.find({ ...query, limit })
      for (const job of found) {
        const { bookmark } = job
        if (bookmark === null || bookmark.reached === null || job.undo !== null) continue
        if (job.definition !== definition.definition || job.target !== definition.sink.target) continue
        if (yield* touched(job, undos)) continue
        return { from: bookmark.reached, after: job.id }
      }
      if (found.length < limit) break
    }
    return none
  })

// whether one of these undos takes back, or may still take back, what the job brought or found there
const touched = (job: Job, undos: ReadonlyArray<Job>) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    for (const { status, target, undo, updatedAt } of undos) {
      if (target !== job.target || undo === null) continue
      const over = status !== "pending" && status !== "running"
      if (over && updatedAt < job.createdAt) continue
      const taken = Option.getOrUndefined(yield* store.get(undo.of))
      if (taken === undefined || taken.createdAt <= job.updatedAt) return true
    }
    return false
  })
