/**
 * Workers with names, sources and sinks that take their time, and job stores that do so or fail: all by the clock of the test.
 */
import { Engine, type Job, JobStore, type Sink, type Source, Worker } from "@waybill/core"
import { Clock, Duration, Effect, Option, Stream } from "effect"

/** Does work as the worker of this name, with a lease of a minute. */
export const as =
  (name: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.provideService(effect, Worker.Worker, { name, lease: Duration.seconds(60) })

/** A source whose every page takes so long; `delivered` are the cursors of the pages that were handed out. */
export const slowSource = <R>(source: Source.Source<R>, page: Duration.Input) => {
  const delivered: Array<Source.Cursor> = []
  return {
    ...source,
    delivered,
    read: (from: Source.Cursor | null) =>
      source.read(from).pipe(
        Stream.rechunk(1),
        Stream.mapEffect((it) =>
          Effect.map(Effect.sleep(page), () => {
            delivered.push(it.cursor)
            return it
          }),
        ),
      ),
  }
}

/** What {@link slowSink} has seen. */
export interface Seen {
  /** How many commit sessions were open at the same time, at most. */
  most: number
  /** How many batches were begun, and how many of these were interrupted. */
  begun: number
  interrupted: number
}

/** A sink whose every batch takes so long before it is applied; `interruptedAt` are the moments at which batches were interrupted. */
export const slowSink = <S extends Sink.Sink>(
  sink: S,
  batch: Duration.Input,
): S & { readonly seen: Seen; readonly interruptedAt: Array<number> } => {
  const seen: Seen = { most: 0, begun: 0, interrupted: 0 }
  const interruptedAt: Array<number> = []
  let open = 0
  return {
    ...sink,
    seen,
    interruptedAt,
    commit: (context: Sink.CommitContext) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          open++
          seen.most = Math.max(seen.most, open)
        }),
        () =>
          Effect.sync(() => {
            open--
          }),
      ).pipe(
        Effect.andThen(sink.commit(context)),
        Effect.map(
          (session): Sink.CommitSession => ({
            ...session,
            apply: (records, planned) =>
              Effect.suspend(() => {
                seen.begun++
                return Effect.sleep(batch)
              }).pipe(
                Effect.onInterrupt(() =>
                  Effect.map(Clock.currentTimeMillis, (now) => {
                    seen.interrupted++
                    interruptedAt.push(now)
                  }),
                ),
                Effect.andThen(session.apply(records, planned)),
              ),
          }),
        ),
      ),
  }
}

/** A job store whose calls first do something else: wait, or fail. */
export const storeThat = (before: (call: "save" | "get" | "find") => Effect.Effect<void, JobStore.JobStoreError>) =>
  Effect.map(JobStore.JobStore, (store): JobStore.JobStore["Service"] => ({
    ...store,
    save: (job, issues) => Effect.andThen(before("save"), store.save(job, issues)),
    get: (id) => Effect.andThen(before("get"), store.get(id)),
    find: (query) => Effect.andThen(before("find"), store.find(query)),
  }))

/** The job of an id, as it is stored. */
export const stored = (id: string): Effect.Effect<Job.Job, JobStore.JobStoreError, JobStore.JobStore> =>
  Effect.flatMap(JobStore.JobStore, (store) => Effect.map(store.get(id), Option.getOrThrow))

/** The only job there is. */
export const onlyJob = Effect.flatMap(JobStore.JobStore, (store) =>
  Effect.map(store.find({}), (jobs) => {
    if (jobs.length !== 1) throw new Error(`expected one job, found ${jobs.length}`)
    return jobs[0]!
  }),
)

/** The moment so many seconds from now, as ISO text. */
export const fromNow = (seconds: number) =>
  Effect.map(Clock.currentTimeMillis, (now) => new Date(now + seconds * 1000).toISOString())

/** Commits in the background, as a worker. */
export const commitAs = (name: string, ...args: Parameters<typeof Engine.commit>) =>
  Effect.forkChild(as(name)(Engine.commit(...args)), { startImmediately: true })
