/**
 * Undo of a parent: all that its children wrote is taken back under one job, by an undo of each child, the one that ended last first.
 *
 * The job seals which children these are when it begins, so that one that goes on takes back just these, and retention leaves them what they need.
 * A child that cannot be taken back is named, and the others go on; a world that does not answer stops all of it, to be gone on with.
 */
import { Effect, Random } from "effect"
import { EngineError } from "../EngineError.ts"
import * as Issue from "../Issue.ts"
import type * as Job from "../Job.ts"
import { JobStore } from "../JobStore.ts"
import type { Of } from "../Partition.ts"
import * as Summary from "../Summary.ts"
import * as Control from "./Control.ts"
import * as jobs from "./jobs.ts"
import * as parents from "./parentJob.ts"
import { Tally } from "./Tally.ts"
import * as undoing from "./undo.ts"
import { create, ended, find, undoId } from "./undoJob.ts"
import { type Child, check, findOpen, importOf, sentence, writers, wrongStatus } from "./undoneChildren.ts"
import type { Halted } from "./worldError.ts"

/** Takes back all that the children of a parent wrote. */
export const undo = (of: Of, id: string, options: undoing.UndoOptions = {}) =>
  Effect.gen(function* () {
    const parent = yield* parents.get(of, id)
    const { id: own, job: found, last } = yield* findOpen(id)
    if (found === undefined) {
      const children = yield* writers(parent)
      // the undo came to its end, and the process to its own before the parent could follow
      const followed = children.length === 0 && last !== undefined ? yield* parents.refresh(id) : parent
      if (last !== undefined && followed.status !== parent.status) return last
      yield* check(of, parent, children, last)
      const sealed = children.map((child): Child => ({ partition: child.partition!, job: child.id, refused: null }))
      yield* create(parent, own, options.startedBy ?? "unknown", sealed)
    }
    return yield* Control.withTaken(
      {
        read: jobs.getJob(null, own),
        begin: (job) =>
          job.status === "pending" || job.status === "running" || job.status === "failed"
            ? Effect.succeed({ status: "running", failure: null })
            : wrongStatus(own, `the undo ${own} is ${job.status}`),
        alone: false,
        onBusy: options.onBusy,
      },
      (control) => work(of, control, options),
    )
  })

// what became of one child
type Step = { readonly refused: string | null } | { readonly stopped: Job.Failure } | "halted"

const work = (of: Of, control: Control.Control, options: undoing.UndoOptions) =>
  Effect.gen(function* () {
    const { id } = control.job()
    const sealed = control.job().undo!
    yield* Effect.logInfo("undo of partitions begins", { job: id, of: sealed.of, children: sealed.children!.length })
    const children = new Map(sealed.children!.map((child) => [child.job, { ...child, refused: null as string | null }]))
    let halted: Halted | undefined
    const asked = Effect.tapError(control.safePoint, (error) =>
      Effect.sync(() => {
        halted = error
      }),
    )
    for (const [job, child] of children) {
      const step: Step = (yield* Effect.option(asked))._tag === "None" ? "halted" : yield* one(of, job, asked, options)
      if (step === "halted" || "stopped" in step) {
        const { undo } = yield* sums({ ...sealed, children: [...children.values()] })
        const changes =
          step !== "halted"
            ? {
                status: "failed" as const,
                failure: { ...step.stopped, message: `partition ${child.partition}, job ${job}: ${step.stopped.message}` },
              }
            : halted?.request === "cancel"
              ? { status: "cancelled" as const }
              : {}
        const done = yield* control.save({ ...Control.given, undo, ...changes })
        yield* Effect.logInfo("undo of partitions stopped", { job: id, status: done.status, failure: done.failure?.code })
        return done
      }
      child.refused = step.refused
    }
    return yield* conclude(of, control, { ...sealed, children: [...children.values()] })
  })

const one = (of: Of, id: string, asked: Effect.Effect<void, Halted>, options: undoing.UndoOptions) => {
  const attempt: Effect.Effect<
    Step,
    Effect.Error<ReturnType<typeof undoing.undo>>,
    Effect.Services<ReturnType<typeof undoing.undo>>
  > = Effect.gen(function* () {
    const child = yield* jobs.getJob(null, id)
    // it was taken back by itself, or before this undo broke off
    if (child.status === "undone") return { refused: null }
    const definition = yield* importOf(of, child)
    const done = yield* undoing.undo(definition, id, { ...options, onBusy: "refuse" }, asked)
    yield* parents.refreshOf(child)
    if (done.status === "failed")
      return done.failure!.retryable ? { stopped: done.failure! } : { refused: `${done.failure!.code}: ${done.failure!.message}` }
    if (ended(done)) return { refused: null }
    return (yield* Effect.option(asked))._tag === "None" ? "halted" : { refused: `its undo ${done.id} was ${done.status}` }
  }).pipe(
    Effect.catchIf(
      (error): error is EngineError => error instanceof EngineError && error.reason !== "TakenOver",
      (error): typeof attempt => {
        if (error.reason !== "Busy") return Effect.succeed({ refused: error.message })
        // the lease of a worker that had begun to take it back, and is gone, runs out by itself
        if (options.onBusy === "wait" || error.job.startsWith(undoId(id, 1))) return Effect.andThen(turn, attempt)
        return Effect.succeed({ stopped: { code: "busy", message: error.message, retryable: true } })
      },
    ),
  )
  const turn = Effect.andThen(
    Effect.flatMap(Random.nextIntBetween(500, 1500), (millis) => Effect.sleep(millis)),
    Effect.void,
  )
  return attempt
}

// what the undos of the children that came to their end have counted, and their jobs
const sums = (of: Job.Undo) =>
  Effect.gen(function* () {
    const done: Array<Job.Job> = []
    for (const child of of.children!) {
      const { job } = yield* find(child.job)
      if (job !== undefined && ended(job)) done.push(job)
    }
    const sum = (which: "reversed" | "kept" | "errored") => done.reduce((total, { undo }) => total + undo![which], 0)
    return {
      done,
      counts: Summary.sum(done.map(({ counts }) => counts)),
      undo: { ...of, reversed: sum("reversed"), kept: sum("kept"), errored: sum("errored") },
    }
  })

const conclude = (of: Of, control: Control.Control, found: Job.Undo) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const { counts, done, undo } = yield* sums(found)
    const limit = Math.max(...parents.importsOf(of).map(({ limits }) => limits.issues))
    const refused = undo.children!.filter((child) => child.refused !== null)
    const tally = new Tally(limit)
    for (const child of refused)
      tally.issue(
        Issue.make({
          code: "undo.refused",
          value: child.job,
          message: `partition ${child.partition}: job ${child.job} is not taken back: ${child.refused}`,
        }),
      )
    const own = tally.counts()
    const issues = [...tally.drainIssues()]
    for (const { id } of done)
      if (issues.length < limit) issues.push(...(yield* store.issues(id, { limit: limit - issues.length })))
    const timings: Record<string, number> = {}
    for (const job of done)
      for (const [phase, spent] of Object.entries(job.timings)) timings[phase] = (timings[phase] ?? 0) + spent
    const none = refused.length === undo.children!.length
    const status = none ? "failed" : undo.kept + undo.errored + refused.length > 0 ? "partial" : "success"
    const failure = none
      ? { code: "undo.refused", message: `nothing was taken back: ${refused.map(sentence).join("; ")}`, retryable: false }
      : null
    // first, so that whoever sees the end of the undo sees the parent's as well
    yield* parents.refresh(undo.of)
    const ended = yield* control.save(
      { ...Control.given, status, failure, undo, timings, counts: Summary.sum([own, counts]) },
      issues,
    )
    const { errored, kept, reversed } = undo
    yield* Effect.logInfo("undo of partitions ended", { job: ended.id, status, reversed, kept, errored, refused: refused.length })
    return ended
  })
