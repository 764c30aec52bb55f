/**
 * Control of a job: one worker takes it, holds it while it works, hears what people ask of it, and gives it back.
 *
 * A job is taken with a compare-and-set that raises its token and sets a lease. While the work runs, a fiber beside it renews the lease. All
 * saves of a held job go one after the other, from the version that was saved last.
 */
import { Clock, Deferred, Duration, Effect, Option, Random, Semaphore } from "effect"
import { EngineError } from "../EngineError.ts"
import type { Issue } from "../Issue.ts"
import * as Job from "../Job.ts"
import { JobStore, JobStoreError } from "../JobStore.ts"
import type { RunOptions } from "../Run.ts"
import { Worker } from "../Worker.ts"
import * as jobs from "./jobs.ts"
import { Halted } from "./worldError.ts"

/** What the work on a held job has of it. */
export interface Control {
  /** The job as it was saved last. */
  readonly job: () => Job.Job
  /** Saves changes and issues, and renews the lease unless `changes` gives it back. */
  readonly save: (changes: Partial<Job.Job>, issues?: ReadonlyArray<Issue>) => Effect.Effect<Job.Job, JobStoreError>
  /** Fails where a person asked to cancel or pause; else it does nothing. To be passed where the work may stop. */
  readonly safePoint: Effect.Effect<void, Halted>
}

/** What the last save of a job says: nobody has it, and nothing is asked of it. */
export const given = { lease: null, request: null } as const

/** A lease of the worker of the context, from now. */
export const newLease: Effect.Effect<Job.Lease> = Effect.gen(function* () {
  const { lease, name } = yield* Worker
  const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(lease)
  return { worker: name, until: new Date(until).toISOString() }
})

const isStale = (error: JobStoreError): boolean => error.reason === "Stale"

const takenOver = (job: Job.Job): EngineError =>
  new EngineError({
    reason: "TakenOver",
    job: job.id,
    message: `job ${job.id} was taken over${job.lease === null ? "" : ` by ${job.lease.worker}`}; what this worker had not finished is left to it`,
  })

// gives an effect back what may interrupt it
type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Does `work` on a job that was taken. Where the job becomes another worker's, or the lease runs out because the job store cannot be reached,
 * the work is interrupted. However it ends, the lease is given back.
 */
export const hold = <A, E, R>(
  taken: Job.Job,
  work: (control: Control) => Effect.Effect<A, E, R>,
  restore: Restore = (effect) => effect,
): Effect.Effect<A, E | EngineError | JobStoreError, R | JobStore> =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const lease = Duration.toMillis((yield* Worker).lease)
    // one save at a time: a renewal that was late would give the job back to who has just let it go
    const gate = yield* Semaphore.make(1)
    const lost = yield* Deferred.make<never, EngineError | JobStoreError>()
    let current = taken
    let looked = yield* Clock.currentTimeMillis

    // ends the work from the outside; whoever calls it goes no further
    const lose = (error: EngineError | JobStoreError): Effect.Effect<never> =>
      Effect.andThen(Deferred.fail(lost, error), Effect.never)

    // somebody else saved the job: a request of a person is heard, another worker's token ends the work
    const read: Effect.Effect<void, JobStoreError> = Effect.gen(function* () {
      const found = Option.getOrUndefined(yield* store.get(taken.id))
      if (found === undefined || found.token !== taken.token) return yield* lose(takenOver(found ?? taken))
      current = found
    })

    const saving = (changes: Partial<Job.Job>, issues: ReadonlyArray<Issue>): Effect.Effect<Job.Job, JobStoreError> =>
      Effect.gen(function* () {
        const renewed = changes.lease === undefined ? { lease: yield* newLease } : {}
        current = yield* jobs.save(current, { ...changes, ...renewed }, issues)
        return current
      }).pipe(
        Effect.provideService(JobStore, store),
        Effect.catchIf(isStale, () =>
          Effect.andThen(
            read,
            Effect.suspend(() => saving(changes, issues)),
          ),
        ),
      )

    const left = Effect.map(Clock.currentTimeMillis, (now) => Date.parse(current.lease?.until ?? "") - now)

    const renew: Effect.Effect<void> = gate.withPermit(
      // the last save may have come in between: then there is nothing to renew
      Effect.suspend(() => (current.lease === null ? Effect.void : Effect.asVoid(saving({}, [])))).pipe(
        Effect.catch((error) =>
          Effect.flatMap(left, (rest) =>
            error.isRetryable && rest > 0
              ? Effect.logWarning("the lease could not be renewed; it is tried again", { job: taken.id, error: error.message })
              : lose(error),
          ),
        ),
      ),
    )

    // a store that does not answer at all is given no longer than the lease lasts
    const heart = Effect.gen(function* () {
      while (current.lease !== null) {
        const rest = yield* left
        yield* Effect.sleep(Math.max(0, Math.min(lease / 3, rest)))
        yield* Effect.timeoutOrElse(renew, {
          duration: Math.max(1, yield* left),
          orElse: () =>
            lose(
              new JobStoreError({
                reason: "Unreachable",
                message: `the lease of job ${taken.id} ran out, because the job store did not answer`,
                isRetryable: true,
              }),
            ),
        })
      }
      // given back with the last save: what is left of the work is its own
      return yield* Effect.never
    })

    const safePoint = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if ((yield* left) <= 0) yield* renew
      else if (current.request === null && now - looked >= lease / 60) {
        looked = now
        // a store that does not answer is the heart's affair
        yield* Effect.ignore(gate.withPermit(read))
      }
      if (current.request !== null) return yield* Effect.fail(new Halted(current.request))
    })

    const control: Control = {
      job: () => current,
      save: (changes, issues = []) => gate.withPermit(saving(changes, issues)),
      safePoint,
    }
    return yield* restore(
      Effect.raceFirst(
        Effect.suspend(() => work(control)),
        Effect.raceFirst(Deferred.await(lost), heart),
      ),
    )
  }).pipe(Effect.onExit(() => giveBack(taken)))

// whatever was under way: the job is read afresh, and if it is still this worker's, it is so no longer. A store that does not answer is not
// waited for longer than the lease lasts
const giveBack = (taken: Job.Job): Effect.Effect<void, never, JobStore> =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const { lease } = yield* Worker
    const lost = (error: string) =>
      Effect.logWarning("the lease could not be given back; it will run out", { job: taken.id, error })
    yield* Effect.gen(function* () {
      const job = Option.getOrUndefined(yield* store.get(taken.id))
      if (job === undefined || job.token !== taken.token || job.lease === null) return
      // a job of the same id that another worker was faster to create has the same token
      if (job.lease.worker !== taken.lease?.worker) return
      yield* jobs.save(job, { lease: null })
    }).pipe(
      Effect.retry({ times: 3, while: isStale }),
      Effect.catch((error) => lost(error.message)),
      Effect.timeoutOrElse({ duration: lease, orElse: () => lost("the job store does not answer") }),
    )
  })

/** What it takes to take a job. */
export interface Taking<E, R> {
  /** The job, read afresh at each try. */
  readonly read: Effect.Effect<Job.Job, E, R>
  /** What to change when the job is taken, or why it cannot be. */
  readonly begin: (job: Job.Job) => Effect.Effect<Partial<Job.Job>, EngineError>
  /** Whether no other job of the import may be at work on the same target. */
  readonly alone: boolean
  readonly onBusy: RunOptions["onBusy"]
}

/** A job that was taken, with what it was before; or how it stands now that another worker brought it to its end, while this one waited. */
export type Taken =
  | { readonly _tag: "Taken"; readonly before: Job.Job; readonly job: Job.Job }
  | { readonly _tag: "Ended"; readonly job: Job.Job }

/**
 * Takes a job: raises its token and sets the lease of this worker. A job that another worker holds is not taken; one whose lease ran out is
 * taken over. To be followed by {@link hold} at once.
 */
export const take = <E, R>(
  taking: Taking<E, R>,
  restore: Restore = (effect) => effect,
): Effect.Effect<Taken, E | EngineError | JobStoreError, R | JobStore> => {
  const attempt = (waited: boolean): Effect.Effect<Taken, E | EngineError | JobStoreError, R | JobStore> =>
    Effect.gen(function* () {
      const before = yield* taking.read
      const now = yield* Clock.currentTimeMillis
      const begun = yield* Effect.result(taking.begin(before))
      if (begun._tag === "Failure") {
        if (waited && begun.failure.reason === "WrongStatus") return { _tag: "Ended", job: before } as const
        return yield* Effect.fail(begun.failure)
      }
      if (Job.isHeld(before, now)) return yield* busy(before)
      const lease = yield* newLease
      const changes = { request: null, ...begun.success, token: before.token + 1, lease }
      const job = yield* jobs.save(before, changes)
      if (!taking.alone) return { _tag: "Taken", before, job } as const
      // saved first and looked then: of two that begin at once, at least one sees the other
      const other = yield* otherAtWork(job)
      if (other === undefined) return { _tag: "Taken", before, job } as const
      const { failure, status } = before
      yield* jobs.save(job, { status, failure, lease: null })
      return yield* busy(other)
    }).pipe(
      // somebody was faster
      Effect.catchIf(
        (error) => error instanceof JobStoreError && isStale(error),
        () => Effect.suspend(() => attempt(waited)),
      ),
      Effect.catchIf(
        (error) => error instanceof EngineError && error.reason === "Busy" && taking.onBusy === "wait",
        () =>
          Effect.andThen(
            restore(pause),
            Effect.suspend(() => attempt(true)),
          ),
      ),
    )
  return attempt(false)
}

/** {@link take} and then {@link hold}, with nothing between them that could lose the lease. Returns the job as it ended where it did so meanwhile. */
export const withTaken = <E, R, E2, R2>(
  taking: Taking<E, R>,
  work: (control: Control, before: Job.Job) => Effect.Effect<Job.Job, E2, R2>,
): Effect.Effect<Job.Job, E | E2 | EngineError | JobStoreError, R | R2 | JobStore> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(take(taking, restore), (taken) =>
      taken._tag === "Ended" ? Effect.succeed(taken.job) : hold(taken.job, (control) => work(control, taken.before), restore),
    ),
  )

// two that wait for one another must not try again at the same moment for ever
const pause = Effect.flatMap(Random.nextIntBetween(500, 1500), (millis) => Effect.sleep(millis))

const busy = ({ id, lease }: Job.Job): Effect.Effect<never, EngineError> =>
  Effect.fail(
    new EngineError({
      reason: "Busy",
      job: id,
      message: `job ${id} is being worked on by ${lease?.worker ?? "another worker"}, whose lease lasts until ${lease?.until ?? "its end"}`,
      ...(lease === null ? {} : { lease }),
    }),
  )

// parents and their undos write by other jobs only
const leads = (job: Job.Job): boolean => Job.isParent(job) || job.undo?.children !== undefined

const otherAtWork = (job: Job.Job) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const running = yield* store.find({ import: job.import, status: ["running"] })
    const now = yield* Clock.currentTimeMillis
    return running.find((other) => other.id !== job.id && !leads(other) && other.target === job.target && Job.isHeld(other, now))
  })
