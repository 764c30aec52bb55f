/**
 * The job of a parent: made, found, and what follows for it from its children.
 */
import { Clock, Effect, Option } from "effect"
import { EngineError } from "../EngineError.ts"
import * as Fingerprint from "../Fingerprint.ts"
import type { Import } from "../Import.ts"
import * as Job from "../Job.ts"
import { JobStore } from "../JobStore.ts"
import type { Imports, Of, Partitioned, State } from "../Partition.ts"
import type { RunOptions } from "../Run.ts"
import * as Summary from "../Summary.ts"
import { given, newLease } from "./Control.ts"
import * as jobs from "./jobs.ts"
import { notDone } from "./requests.ts"
import { hasWritten } from "./undoJob.ts"

/** A parent job, as it is stored. */
export type Parent = Job.Job & { readonly partitions: Job.Partitions }

/** Whether a parent job is a run of several imports. */
export const isImports = (of: Of): of is Imports => "_tag" in of

/** All imports that the children of a parent may be of. */
export const importsOf = (of: Of): ReadonlyArray<Import> => (isImports(of) ? of.imports : [of])

const definitionOf = (of: Of): Fingerprint.Sha256 =>
  isImports(of)
    ? Fingerprint.of({ name: of.name, imports: of.imports.map(({ definition, name }) => [name, definition]) })
    : of.definition

/** The import that a child job is of, as it was when the child was validated. */
export const importOf = (of: Of, child: Job.Job): Import | undefined =>
  importsOf(of).find(({ definition, name }) => name === child.import && definition === child.definition)

/** A new parent job, which this worker has; not stored yet. */
export const make = <R>(of: Of, source: Partitioned<R>, options: RunOptions, commits: boolean) =>
  Effect.gen(function* () {
    const now = yield* jobs.isoNow
    const job: Job.Job = {
      id: yield* jobs.newId,
      import: of.name,
      revision: isImports(of) ? 1 : of.revision,
      definition: definitionOf(of),
      status: commits ? "running" : "validating",
      mode: options.mode ?? (importsOf(of).every(({ mode }) => mode === "smart") ? "smart" : "strict"),
      startedBy: options.startedBy ?? "unknown",
      createdAt: now,
      updatedAt: now,
      source: { kind: source.kind, name: source.name, sha256: null, bytes: null, details: source.details },
      target: [...new Set(importsOf(of).map(({ sink }) => sink.target))].join(", "),
      cursor: null,
      attempt: 1,
      bookmark: null,
      snapshot: null,
      plan: null,
      transaction: null,
      counts: Summary.empty,
      timings: {},
      failure: null,
      earlier: null,
      token: 0,
      lease: yield* newLease,
      request: null,
      undo: null,
      parent: null,
      partition: null,
      partitions: { names: [], commits, refused: {} },
      purged: null,
      version: 0,
    }
    return job
  })

/** The parent job of an id, which must be of these imports where they are given. */
export const get = (of: Of | null, id: string) =>
  Effect.gen(function* () {
    const job = yield* jobs.getJob(null, id)
    if (!Job.isParent(job))
      return yield* Effect.fail(
        new EngineError({
          reason: "WrongStatus",
          job: id,
          message: `job ${id} is no parent job${job.parent === null ? "" : `; it imports the partition ${job.partition} of job ${job.parent}`}`,
        }),
      )
    if (of === null || (job.import === of.name && (isImports(of) || job.definition === of.definition))) return job
    return yield* Effect.fail(
      new EngineError({
        reason: "WrongImport",
        job: id,
        message:
          job.import === of.name
            ? `job ${id} was begun with another definition of ${of.name}; begin again`
            : `job ${id} is of ${job.import}, not of ${of.name}`,
      }),
    )
  })

/** The id of a partition's job: the parent's, the partition's number and, from the second on, which attempt it is. Who creates it first has it. */
export const childId = (parent: Parent, partition: string, attempt: number): string => {
  const { names } = parent.partitions
  const number = String(names.indexOf(partition) + 1).padStart(String(names.length).length, "0")
  return `${parent.id}-${number}${attempt === 1 ? "" : `-${attempt}`}`
}

/** The children of a parent by partition: how many there were, and the newest. */
export const children = (parent: Job.Job) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const found = new Map<string, { readonly attempts: number; readonly job: Job.Job }>()
    for (const job of yield* store.find({ parent: parent.id, limit: Number.MAX_SAFE_INTEGER })) {
      const before = found.get(job.partition!)
      // ids of one partition differ in the number of the attempt only
      const newer =
        before === undefined ||
        job.id.length > before.job.id.length ||
        (job.id.length === before.job.id.length && job.id > before.job.id)
      found.set(job.partition!, { attempts: (before?.attempts ?? 0) + 1, job: newer ? job : before.job })
    }
    return found
  })

/** How a partition stands, given its newest job and what it was turned down with. */
export const stateOf = (partition: string, job: Job.Job | null, refused: Job.Refused | null) =>
  Effect.gen(function* () {
    if (job !== null)
      return { partition, status: job.status, job, refused: hasEnded(job.status) ? null : refused } satisfies State
    const store = yield* JobStore
    // the same bytes were imported before: that job's end is this partition's as well
    const earlier = refused?.reason === "AlreadyImported" ? Option.getOrNull(yield* store.get(refused.job)) : null
    const status = earlier?.status === "success" || earlier?.status === "partial" ? earlier.status : ("waiting" as const)
    return { partition, status, job, refused } satisfies State
  })

/** How all partitions of a parent stand, in their order. */
export const states = (parent: Parent, refused: Job.Partitions["refused"] = parent.partitions.refused) =>
  Effect.gen(function* () {
    const found = yield* children(parent)
    return yield* Effect.forEach(parent.partitions.names, (name) =>
      stateOf(name, found.get(name)?.job ?? null, Object.hasOwn(refused, name) ? refused[name]! : null),
    )
  })

/** Whether nothing more becomes of a job by itself. */
export const hasEnded = (status: State["status"]): boolean =>
  status === "success" || status === "partial" || status === "failed" || status === "cancelled" || status === "undone"

const listed = 5

const isOpen = ({ job, status }: State): boolean => !hasEnded(status) || (status === "failed" && job?.failure?.retryable === true)

const sentence = ({ job, partition, refused, status }: State): string => {
  const why = job?.failure ?? null
  const text = refused?.message ?? (why === null ? "" : `${why.code}: ${why.message}`)
  return `${partition}: ${status}${text === "" ? "" : ` (${text})`}`
}

// at its end without anything of it in the target; what the same bytes were imported by before is not of this parent
const wroteNothing = (state: State): boolean =>
  state.job === null ? state.status !== "waiting" : hasEnded(state.status) && !isOpen(state) && !hasWritten(state.job)

/** What a parent's status, counts and failure are, given how its partitions stand. It is a `success` only when each of them is. */
export const follow = (
  all: ReadonlyArray<State>,
  commits: boolean,
): Pick<Job.Job, "status" | "counts" | "timings" | "failure"> => {
  const every = (status: State["status"]): boolean => all.length > 0 && all.every((it) => it.status === status)
  const some = (...wanted: ReadonlyArray<State["status"]>): boolean => all.some(({ status }) => wanted.includes(status))
  // one that wrote nothing is nothing that could be taken back
  const takenBack = some("undone") && all.every((it) => it.status === "undone" || wroteNothing(it))
  const status: Job.Status = takenBack
    ? "undone"
    : every("cancelled")
      ? "cancelled"
      : all.every((it) => it.status === "success")
        ? "success"
        : !commits && some("pending")
          ? "pending"
          : some("success", "partial")
            ? "partial"
            : "failed"
  const timings: Record<string, number> = {}
  for (const { job } of all)
    for (const [phase, spent] of Object.entries(job?.timings ?? {})) timings[phase] = (timings[phase] ?? 0) + spent
  const counted = all.flatMap(({ job }) => (job === null ? [] : [countsOf(job, status)]))
  const left = all.filter((it) => it.status !== "success" && !(status === "pending" && it.status === "pending"))
  const more = left.length > listed ? `; and ${left.length - listed} more` : ""
  return {
    status,
    counts: Summary.sum(counted),
    timings,
    failure:
      left.length === 0 || status === "undone" || status === "cancelled"
        ? null
        : {
            code: "partitions",
            message: `${left.length} of ${all.length} partitions are not a success: ${left.slice(0, listed).map(sentence).join("; ")}${more}`,
            retryable: left.some(isOpen),
          },
  }
}

// what is only planned counts in the preview of the parent, and what is taken back in a parent that is so as a whole; both are not done otherwise
const countsOf = (job: Job.Job, parent: Job.Status): Summary.Counts => {
  if (job.status === "undone") return parent === "undone" ? job.counts : notDone(job.counts)
  if (job.status === "pending") return parent === "pending" ? job.counts : notDone(job.counts)
  return job.status === "failed" && job.failure?.code === "rows.rejected" ? notDone(job.counts) : job.counts
}

/** Has a parent that nobody works on follow its children. One that is under way, broke off or was given up stays as it is. */
export const refresh = (id: string) =>
  Effect.gen(function* () {
    const parent = yield* get(null, id)
    const now = yield* Clock.currentTimeMillis
    const { status } = parent
    if (Job.isHeld(parent, now) || status === "validating" || status === "running") return parent
    const all = yield* states(parent)
    const next = follow(
      // what was not begun by a parent that was given up never will be
      status === "cancelled" || status === "undone" ? all.filter((it) => it.status !== "waiting") : all,
      parent.partitions.commits,
    )
    if (status === "cancelled" && next.status !== "undone") return parent
    const same = Fingerprint.of(pick(next)) === Fingerprint.of(pick(parent))
    return same ? parent : yield* jobs.save(parent, { ...next, ...given })
  }).pipe(Effect.retry({ times: 10, while: (error) => (error as { readonly reason?: unknown }).reason === "Stale" }))

const pick = ({ counts, failure, status }: Pick<Job.Job, "status" | "counts" | "failure">) =>
  JSON.parse(JSON.stringify({ status, counts, failure }))

/** {@link refresh} of the parent of a job that has one; a store that does not answer only means that it follows later. */
export const refreshOf = (job: Job.Job): Effect.Effect<void, never, JobStore> =>
  (job.parent ?? null) === null
    ? Effect.void
    : refresh(job.parent!).pipe(
        Effect.catch((error) =>
          Effect.logWarning("the parent job does not follow its child yet", {
            job: job.id,
            parent: job.parent,
            error: error.message,
          }),
        ),
        Effect.asVoid,
      )
