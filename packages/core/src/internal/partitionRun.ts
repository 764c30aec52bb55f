/**
 * A parent job at work: its partitions are gone through in order, each by a job of its own, and the parent is saved with what follows from them.
 */
import { Cause, Effect, Exit, Option, Semaphore } from "effect"
import { EngineError } from "../EngineError.ts"
import type { Import } from "../Import.ts"
import type * as Job from "../Job.ts"
import { JobStore, type JobStoreError } from "../JobStore.ts"
import type { Of, Partition, Partitioned, State } from "../Partition.ts"
import type { RunOptions } from "../Run.ts"
import type { SnapshotStore, SnapshotStoreError } from "../SnapshotStore.ts"
import type { Source } from "../Source.ts"
import { type Control, given, hold, withTaken } from "./Control.ts"
import * as commitJob from "./commitJob.ts"
import * as jobs from "./jobs.ts"
import * as parents from "./parentJob.ts"
import * as validationJob from "./validationJob.ts"
import { failureOf, retrying } from "./worldError.ts"

/** What runs of parent jobs take besides what all runs take. */
export interface PartitionOptions extends RunOptions {
  /** How many partitions are worked on at a time; 1 by default. Commits into one target go one after the other all the same. */
  readonly concurrency?: number
  /** Whether no other partition is begun once one has failed; not by default. */
  readonly stopOnFailure?: boolean
  /**
   * The id of a new parent job, instead of one by chance: of two runs that begin with the same id, the job store lets one create it, and the other
   * fails with the store's `AlreadyExists`, before it has done anything.
   */
  readonly id?: string
  /**
   * Called with each partition once the run has done with it; those that had ended before are among them when a run goes on, so it must not mind
   * to be called again.
   */
  readonly onPartition?: (state: State) => Effect.Effect<void>
}

type Failed = EngineError | JobStoreError | SnapshotStoreError
type Stores = JobStore | SnapshotStore
type Listed<R> = ReadonlyMap<string, Partition<R>>

const duplicate = (partitions: ReadonlyArray<Partition<any>>): string | undefined => {
  const seen = new Set<string>()
  return partitions.find(({ name }) => seen.size === seen.add(name).size)?.name
}

const list = <R>(of: Of, source: Partitioned<R>) =>
  Effect.flatMap(
    parents.isImports(of) ? source.partitions : retrying(of.retry)(source.partitions),
    (found): Effect.Effect<ReadonlyArray<Partition<R>>> => {
      const twice = duplicate(found)
      return twice === undefined
        ? Effect.succeed(found)
        : Effect.die(new TypeError(`${source.name}: two partitions have the name ${twice}`))
    },
  )

/** Makes a parent job and goes through its partitions: they are validated, and committed as well where it `commits`. */
export const start = <R>(of: Of, source: Partitioned<R>, options: PartitionOptions, commits: boolean) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const listed = yield* Effect.result(list(of, source))
    const made = yield* parents.make(of, source, options, commits)
    const found = listed._tag === "Success" ? listed.success : []
    const partitions = { names: found.map(({ name }) => name), commits, refused: {} }
    const job = { ...made, id: options.id ?? made.id, partitions }
    const go = (control: Control) =>
      Effect.gen(function* () {
        if (listed._tag === "Failure") return yield* unlisted(control, failureOf(listed.failure))
        yield* Effect.logInfo("partitions begin", { job: job.id, partitions: found.length })
        return yield* work(of, control, new Map(found.map((it) => [it.name, it])), job.partitions.names, options)
      })
    // created first and held then: whoever may not create it has no lease on it to give back
    return yield* Effect.uninterruptibleMask((restore) => Effect.andThen(store.create(job), hold(job, go, restore)))
  })

// what is done stays done; without the list nothing more can be
const unlisted = (control: Control, failure: Job.Failure) =>
  Effect.gen(function* () {
    const parent = control.job() as parents.Parent
    const next = parents.follow(yield* parents.states(parent), parent.partitions.commits)
    const status = parent.partitions.names.length === 0 ? ("failed" as const) : next.status
    return yield* control.save({ ...next, status, failure, ...given })
  })

const wrongStatus = (job: Job.Job, what: string) =>
  Effect.fail(new EngineError({ reason: "WrongStatus", job: job.id, message: `job ${job.id} is ${job.status}; ${what}` }))

/** Takes a parent job, and goes on with all of its partitions that are not at their end. Without a source, what is validated is committed. */
export const resume = <R>(of: Of, id: string, source: Partitioned<R> | undefined, options: PartitionOptions, commits?: true) =>
  withTaken(
    {
      read: parents.get(of, id),
      begin: (job) => {
        const { failure, partitions, status } = job as parents.Parent
        const open = status === "validating" || status === "running" || status === "pending"
        if (!open && !((status === "failed" || status === "partial") && failure?.retryable === true))
          return wrongStatus(job, "there is nothing to go on with; a partition can be run again by itself")
        const next = commits ?? (partitions.commits || status === "pending")
        return Effect.succeed({
          status: next ? "running" : "validating",
          failure: null,
          partitions: { ...partitions, commits: next },
        })
      },
      alone: false,
      onBusy: options.onBusy,
    },
    (control) =>
      Effect.gen(function* () {
        const listed = source === undefined ? undefined : yield* Effect.result(list(of, source))
        if (listed?._tag === "Failure") return yield* unlisted(control, { ...failureOf(listed.failure), retryable: true })
        yield* Effect.logInfo("partitions go on", { job: id })
        const found = listed?.success ?? []
        const { partitions } = control.job() as parents.Parent
        // of one that could not be listed when it began, nothing is known yet
        if (partitions.names.length === 0)
          yield* control.save({ partitions: { ...partitions, names: found.map(({ name }) => name) } })
        const { names } = (control.job() as parents.Parent).partitions
        return yield* work(of, control, new Map(found.map((it) => [it.name, it])), names, options)
      }),
  )

/** Takes a parent job, and runs one of its partitions again: goes on with its job where that can be, else by a new one. */
export const again = <R>(of: Of, id: string, partition: string, source: Partitioned<R> | undefined, options: PartitionOptions) =>
  withTaken(
    {
      read: parents.get(of, id),
      begin: (job) =>
        !(job as parents.Parent).partitions.names.includes(partition)
          ? Effect.fail(new EngineError({ reason: "NotFound", job: id, message: `job ${id} has no partition ${partition}` }))
          : job.status === "cancelled"
            ? wrongStatus(job, "it was given up; begin again")
            : Effect.succeed({}),
      alone: false,
      onBusy: options.onBusy,
    },
    (control) =>
      Effect.gen(function* () {
        const listed = source === undefined ? [] : yield* list(of, source).pipe(Effect.result)
        if ("_tag" in listed && listed._tag === "Failure")
          return yield* Effect.fail(
            new EngineError({
              reason: "WrongSource",
              job: id,
              message: `the partitions cannot be listed: ${listed.failure.message}`,
            }),
          )
        const found = "_tag" in listed ? listed.success : []
        return yield* work(of, control, new Map(found.map((it) => [it.name, it])), [partition], options, true)
      }),
  )

// whether what can be gone on with is not at its end
const isOpen = (job: Job.Job): boolean => !parents.hasEnded(job.status) || commitJob.isCommittable(job)

const work = <R>(
  of: Of,
  control: Control,
  listed: Listed<R>,
  names: ReadonlyArray<string>,
  options: PartitionOptions,
  anew = false,
): Effect.Effect<Job.Job, Failed, Stores | R> =>
  Effect.gen(function* () {
    const parent = control.job() as parents.Parent
    const { commits } = parent.partitions
    const known = yield* parents.children(parent)
    const refused = new Map(Object.entries(parent.partitions.refused))
    const turns = new Map<string, Semaphore.Semaphore>()
    let halted: "cancel" | "pause" | undefined
    let stopped = false

    const commit = (definition: Import, job: Job.Job) =>
      Effect.gen(function* () {
        const key = `${definition.name} ${definition.sink.target}`
        const turn = turns.get(key) ?? (yield* Semaphore.make(1))
        turns.set(key, turn)
        return yield* turn.withPermit(commitJob.run(definition, job.id, { ...options, onBusy: "wait" }))
      })

    const step = (name: string) =>
      Effect.gen(function* () {
        const before = known.get(name)
        const child = before?.job
        const partition = listed.get(name)
        const failed = (message: string, reason: EngineError["reason"] = "WrongSource") =>
          Effect.fail(new EngineError({ reason, job: child?.id ?? parent.id, message }))
        const finish = (definition: Import, job: Job.Job) =>
          commits && commitJob.isCommittable(job) ? commit(definition, job) : Effect.succeed(job)
        // a validation that failed for the world's reasons is done anew, one that found what is wrong only when asked for
        const redo = child !== undefined && parents.hasEnded(child.status) && !commitJob.isCommittable(child)
        if (redo && !anew && !(child.status === "failed" && child.failure?.retryable === true)) return child
        if (child !== undefined && isOpen(child)) {
          const definition = parents.importOf(of, child)
          if (definition === undefined)
            return yield* failed(`job ${child.id} was begun with another definition of ${child.import}`, "WrongImport")
          if (child.status !== "validating") return yield* finish(definition, child)
          const resumed = yield* validationJob.resume(definition, partition?.source, child.id, { ...options, onBusy: "wait" })
          return yield* finish(definition, resumed)
        }
        if (partition === undefined)
          return yield* failed(
            listed.size === 0
              ? `to begin the partition ${name}, its source is needed`
              : `the source has no partition ${name} any more`,
          )
        const definition = partition.import ?? (parents.isImports(of) ? undefined : of)
        if (definition === undefined || (partition.import !== undefined && !isOne(of, partition.import)))
          return yield* Effect.die(new TypeError(`the partition ${name} names no import of ${of.name}`))
        const own = { id: parents.childId(parent, name, (before?.attempts ?? 0) + 1), parent: parent.id, partition: name }
        const validated = yield* validationJob.start(definition, partition.source as Source<R>, options, own)
        return yield* finish(definition, validated)
      })

    const newest = (name: string) => Effect.map(parents.children(parent), (all) => all.get(name)?.job ?? null)

    // what an import's own code throws leaves its job failed, and the other partitions alone
    const survive = (name: string, cause: Cause.Cause<unknown>) =>
      Effect.gen(function* () {
        const job = yield* newest(name)
        if (!Cause.hasDies(cause) || job?.status !== "failed") return yield* Effect.failCause(cause as Cause.Cause<never>)
        yield* Effect.logError("the code of an import threw", { job: job.id, partition: name, failure: job.failure?.message })
      })

    const one = (name: string) =>
      Effect.gen(function* () {
        if (halted !== undefined || stopped) return
        const asked = yield* Effect.flip(control.safePoint).pipe(Effect.option)
        if (asked._tag === "Some") {
          halted = asked.value.request
          return
        }
        const exit = yield* Effect.exit(step(name).pipe(Effect.annotateLogs({ partition: name })))
        if (Exit.isSuccess(exit)) refused.delete(name)
        else {
          const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
          if (error instanceof EngineError && !anew) {
            refused.set(name, { reason: error.reason, job: error.job, message: error.message })
            if (error.reason !== "AlreadyImported")
              yield* Effect.logWarning("a partition was turned down", { partition: name, error: error.message })
          } else if (error !== undefined) return yield* Effect.fail(error)
          else yield* survive(name, exit.cause)
        }
        const job = Exit.isSuccess(exit) ? exit.value : yield* newest(name)
        const state = yield* parents.stateOf(name, job, refused.get(name) ?? null)
        if (options.stopOnFailure === true && (state.status === "failed" || state.status === "waiting")) stopped = true
        if (options.onPartition !== undefined) yield* options.onPartition(state)
      })

    yield* Effect.forEach(names, one, { concurrency: options.concurrency ?? 1, discard: true })
    return yield* conclude(control, Object.fromEntries(refused), halted)
  })

const isOne = (of: Of, definition: Import): boolean =>
  parents.isImports(of) ? of.imports.includes(definition) : of === definition

const conclude = (control: Control, refused: Job.Partitions["refused"], halted: "cancel" | "pause" | undefined) =>
  Effect.gen(function* () {
    const parent = control.job() as parents.Parent
    const { commits } = parent.partitions
    const partitions = { ...parent.partitions, refused }
    const next = parents.follow(yield* parents.states(parent, refused), commits)
    if (halted === "pause") return yield* control.save({ partitions, counts: next.counts, ...given })
    const status = halted === "cancel" ? ("cancelled" as const) : next.status
    const ended = yield* control.save({ ...next, status, partitions, ...given })
    yield* Effect.logInfo("partitions ended", { job: ended.id, status: ended.status, ...jobs.brief(ended.counts) })
    // a child that somebody else brought to its end meanwhile found this parent at work
    return yield* parents.refresh(ended.id)
  })
