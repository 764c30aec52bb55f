/**
 * The matrix: one import for each call and each moment, whose worker dies there, and another worker that brings it to its end. It must
 * end as the import that nothing interrupted.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util"
import { Engine, type Issue, type Job, JobStore, type Sink, SnapshotStore, Worker } from "@waybill/core"
import { Duration, Effect, Exit, Layer, Logger, Stream } from "effect"
import { type Fault, type Moment, type Wire, wire } from "./Fault.ts"
import * as faulty from "./faulty.ts"
import { laterClock } from "./laterClock.ts"
import type { Scenario } from "./Scenario.ts"
import type { Equipment, Scene } from "./Scene.ts"

/** What is tried. */
export interface Trial {
  readonly scenario: Scenario
  readonly transaction: Sink.Transaction
  /** Whether the source has a hash and is read again by who takes over, or not, and only what it has not delivered yet is read. */
  readonly hashed: boolean
  /** The whole of an import, or the undo of one that is done. */
  readonly goal: "import" | "undo"
}

/** How it ended. */
export interface Ending {
  readonly status: Job.Status
  readonly failure: Job.Failure | null
  readonly counts: Job.Job["counts"]
  readonly undo: Omit<Job.Undo, "of"> | null
  readonly snapshot: string | undefined
  readonly issues: ReadonlyArray<Issue.Issue>
  readonly content: unknown
  /** What an undo of the import brings back, where the scenario has one done. */
  readonly back: Back | null
}

/** An import taken back, and what a validation plans then. */
export interface Back {
  readonly status: Job.Status
  readonly undo: Omit<Job.Undo, "of"> | null
  readonly issues: ReadonlyArray<Issue.Issue>
  readonly content: unknown
  readonly planned: Job.Job["counts"]
}

/** One entry of the matrix. */
export interface Point extends Trial {
  readonly scene: string
  readonly moment: Moment
  readonly at: number
  readonly call: string
  /** What is not as it has to be; null where all is well. */
  readonly wrong: string | null
}

/** What {@link matrix} takes. */
export interface Options {
  readonly seed: number
  readonly moments: ReadonlyArray<Moment>
  /** Which of the calls to try; all by default. */
  readonly takes?: (at: number) => boolean
  readonly onPoint?: (point: Point) => void
}

const lease = Duration.hours(1)

// the worker of a process; each comes when the lease of the one before it has run out
const run = <A, E>(
  number: number,
  { jobs, parts }: Pick<Equipment, "jobs" | "parts">,
  effect: Effect.Effect<A, E, JobStore.JobStore | SnapshotStore.SnapshotStore>,
  life?: AbortSignal,
): Promise<Exit.Exit<A, E>> =>
  Effect.runPromiseExit(
    Effect.provide(
      effect,
      Layer.mergeAll(
        Layer.succeed(JobStore.JobStore, jobs),
        Layer.succeed(SnapshotStore.SnapshotStore, parts),
        Layer.succeed(Worker.Worker, { name: `worker-${number}`, lease }),
        laterClock(2 * number * Duration.toMillis(lease)),
        Logger.layer([]),
      ),
    ),
    life === undefined ? {} : { signal: life },
  )

const find = async ({ jobs }: Equipment, { name }: Scenario): Promise<{ readonly import?: Job.Job; readonly undo?: Job.Job }> => {
  const all = await Effect.runPromise(jobs.find({ import: name }))
  const imported = all.filter(({ undo }) => undo === null)
  const undone = all.filter(({ undo }) => undo !== null)
  if (imported.length > 1 || undone.length > 1) throw new Error(`${all.length} jobs, where one should have been resumed`)
  return { ...(imported[0] && { import: imported[0] }), ...(undone[0] && { undo: undone[0] }) }
}

interface Crew extends Wire {
  readonly equipment: Equipment
  /** Does what there is to do, from wherever it is, and ends when nothing is left or the worker has died. */
  readonly work: (goal: Trial["goal"]) => Promise<void>
  /** Reads all that was sealed, and checks it. */
  readonly check: () => Promise<void>
}

const patience = 5

const hire = async (
  scene: Scene,
  { hashed, scenario, transaction }: Trial,
  number: number,
  fault: Fault | null,
): Promise<Crew> => {
  const equipment = await scene.worker()
  const it = wire(fault, equipment.sever)
  const stores = { jobs: faulty.jobStore(equipment.jobs, it), parts: faulty.snapshotStore(equipment.parts, it) }
  const definition = scenario.definition(faulty.sink(equipment.sink, it), transaction)
  const source = scenario.sourceOf(hashed)
  // undefined where the worker has died meanwhile
  const step = async <E>(
    effect: Effect.Effect<Job.Job, E, JobStore.JobStore | SnapshotStore.SnapshotStore>,
  ): Promise<Job.Job | undefined> => {
    const exit = await run(number, stores, effect, it.life)
    if (it.life.aborted) return undefined
    if (Exit.isFailure(exit)) throw new Error(`it ended with ${exit.cause}`)
    return exit.value
  }
  const importAll = async (): Promise<void> => {
    let job = (await find(equipment, scenario)).import
    if (job === undefined) job = await step(Engine.validate(definition, source))
    else if (job.status === "validating") job = await step(Engine.resume(definition, job.id, source))
    if (job?.status === "pending") await scenario.meddle(scene, transaction)
    for (let tries = 0; job !== undefined; tries++) {
      if (job.status !== "pending" && job.status !== "running" && job.failure?.retryable !== true) return
      if (tries === patience) throw new Error(`after ${tries} commits the job is ${job.status}: ${job.failure?.message}`)
      job = await step(Engine.commit(definition, job.id))
    }
  }
  const undoAll = async (): Promise<void> => {
    const of = (await find(equipment, scenario)).import!
    if (of.status === "undone") return
    for (let tries = 0; tries < patience; tries++) {
      const job = await step(Engine.undo(definition, of.id))
      if (job?.failure?.retryable !== true) return
    }
    throw new Error(`${patience} times the undo failed`)
  }
  return {
    ...it,
    equipment,
    work: (goal) => (goal === "import" ? importAll() : undoAll()),
    check: async () => {
      const exit = await run(
        number,
        equipment,
        Stream.runDrain(Engine.changes(definition, (await find(equipment, scenario)).import!.id)),
      )
      if (Exit.isFailure(exit)) throw new Error(`what was sealed cannot be read: ${exit.cause}`)
    },
  }
}

const endingOf = async (scene: Scene, { goal, scenario }: Trial, equipment: Equipment): Promise<Ending> => {
  const jobs = await find(equipment, scenario)
  const job = jobs[goal]
  if (job === undefined) throw new Error("there is no job")
  if (goal === "undo" && jobs.import?.status !== "undone")
    throw new Error(`the job taken back is ${jobs.import?.status}, its undo ${job.status}: ${job.failure?.message}`)
  return {
    status: job.status,
    failure: job.failure,
    counts: job.counts,
    undo: job.undo === null ? null : told(job.undo),
    snapshot: job.snapshot?.hash,
    issues: await Effect.runPromise(equipment.jobs.issues(job.id)),
    content: await scene.content(),
    back: null,
  }
}

const told = ({ reversed, kept, errored }: Job.Undo): Omit<Job.Undo, "of"> => ({ reversed, kept, errored })

// whoever died on the way: what the job has written and deleted, and what of it was written last, is all known
const backOf = async (
  scene: Scene,
  { goal, scenario, hashed, transaction }: Trial,
  equipment: Equipment,
): Promise<Back | null> => {
  if (goal === "undo" || !scenario.undoes) return null
  const definition = scenario.definition(equipment.sink, transaction)
  const of = (await find(equipment, scenario)).import!
  const done = async <E>(
    effect: Effect.Effect<Job.Job, E, JobStore.JobStore | SnapshotStore.SnapshotStore>,
  ): Promise<Job.Job> => {
    const exit = await run(3, equipment, effect)
    if (Exit.isFailure(exit)) throw new Error(`it could not be taken back: ${exit.cause}`)
    return exit.value
  }
  const job = await done(Engine.undo(definition, of.id))
  const content = await scene.content()
  const planned = await done(Engine.validate(definition, scenario.sourceOf(hashed), { force: true }))
  return {
    status: job.status,
    undo: job.undo === null ? null : told(job.undo),
    issues: await Effect.runPromise(equipment.jobs.issues(job.id)),
    content,
    planned: planned.counts,
  }
}

const differences = (expected: Ending, found: Ending): string | null => {
  const parts = (Object.keys(expected) as Array<keyof Ending>).filter((part) => !isDeepStrictEqual(expected[part], found[part]))
  if (parts.length === 0) return null
  return parts
    .map((part) => {
      if (part === "content") return "the target has something else"
      if (part === "counts") return "the counts are others"
      if (part === "back") return "an undo brings back something else"
      if (part === "issues") return `${found.issues.length} issues, not ${expected.issues.length} or not the same`
      return `${part} is ${JSON.stringify(found[part])}, not ${JSON.stringify(expected[part])}`
    })
    .join("; ")
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

// what is there before the trial begins
const prepare = async (scene: Scene, trial: Trial): Promise<void> => {
  const { before, former, afterwards } = trial.scenario
  await scene.reset(before)
  if (former !== undefined) {
    const equipment = await scene.worker()
    const exit = await run(0, equipment, Engine.run(former.definition(equipment.sink), former.source))
    await equipment.close()
    if (Exit.isFailure(exit) || exit.value.status !== "success") throw new Error(`the former import ended with ${exit}`)
    await former.edit(scene)
  }
  if (trial.goal === "import") return
  const worker = await hire(scene, trial, 0, null)
  await worker.work("import")
  await worker.equipment.close()
  await afterwards(scene, "undo")
}

// what a commit finds, and what its undo has to bring back
const foundBy = async (scene: Scene, trial: Trial): Promise<unknown> => {
  await prepare(scene, trial)
  await trial.scenario.meddle(scene, trial.transaction)
  return scene.content()
}

/** The trial without a fault: how it ends, and the calls that it takes. */
export const whole = async (
  scene: Scene,
  trial: Trial,
): Promise<{ readonly ending: Ending; readonly calls: ReadonlyArray<string> }> => {
  const found = trial.scenario.undoes ? await foundBy(scene, trial) : undefined
  await prepare(scene, trial)
  const worker = await hire(scene, trial, 1, null)
  await worker.work(trial.goal)
  await worker.check()
  const calls = [...worker.calls]
  const ending = await endingOf(scene, trial, worker.equipment)
  const back = await backOf(scene, trial, worker.equipment)
  await worker.equipment.close()
  if (back !== null && !isDeepStrictEqual(back.content, found)) throw new Error("an undo does not bring back what was there")
  return { ending: { ...ending, back }, calls }
}

/** Tries one fault; null where all was done before the fault struck. */
const attempt = async (
  scene: Scene,
  trial: Trial,
  fault: Fault,
  expected: Ending,
  graves: Array<Promise<unknown>>,
): Promise<Point | null> => {
  const first = await hire(scene, trial, 1, fault)
  const working = first.work(trial.goal).then(
    () => null,
    (error: unknown) => error,
  )
  const error = await Promise.race([first.struck.then(() => undefined), working])
  // a dead worker's fibers are wound up while others work; a process has none
  const bury = () => void graves.push(working.then(() => first.equipment.close()).catch(() => {}))
  const call = first.calls[fault.at]
  if (call === undefined) {
    bury()
    if (error !== null && error !== undefined) throw error
    return null
  }
  const point = { ...trial, scene: scene.name, moment: fault.moment, at: fault.at, call }
  const next = await hire(scene, trial, 2, null)
  try {
    await next.work(trial.goal)
    await next.check()
    const ended = await endingOf(scene, trial, next.equipment)
    if (fault.moment !== "stalled")
      return { ...point, wrong: differences(expected, { ...ended, back: await backOf(scene, trial, next.equipment) }) }
    const wrong = differences({ ...expected, back: null }, ended)
    if (wrong !== null) return { ...point, wrong }
    // who comes back finds that others have worked on: not one of their records may change
    await trial.scenario.afterwards(scene, trial.goal)
    const left = await endingOf(scene, trial, next.equipment)
    first.wake()
    await working
    await next.check()
    const back = differences(left, await endingOf(scene, trial, next.equipment))
    return { ...point, wrong: back === null ? null : `after the first worker came back: ${back}` }
  } catch (failure) {
    return { ...point, wrong: reasonOf(failure) }
  } finally {
    first.wake()
    bury()
    await next.equipment.close()
  }
}

// a worker that stands still before its job is there is nobody's predecessor: what it does when it comes back is an import of its own. And where
// an open transaction holds up others, it must not have begun one
const canStall = (scene: Scene, { transaction }: Trial, calls: ReadonlyArray<string>, at: number): boolean => {
  const opened = calls.findIndex((call) => call === "commit.open" || call === "undo.open")
  return calls[at] !== "jobs.create" && !(scene.isHeldUpByOpenTransactions && transaction === "atomic" && at > opened)
}

/** Tries all faults of a trial on a scene. */
export const matrix = async (
  scene: Scene,
  trial: Trial,
  { moments, onPoint, seed, takes = () => true }: Options,
): Promise<ReadonlyArray<Point>> => {
  const { calls, ending } = await whole(scene, trial)
  const points: Array<Point> = []
  const graves: Array<Promise<unknown>> = []
  await prepare(scene, trial)
  const again = (await scene.keep?.()) ?? (() => prepare(scene, trial))
  for (const moment of moments)
    for (const at of calls.keys()) {
      if (!takes(at) || (moment === "stalled" && !canStall(scene, trial, calls, at))) continue
      await again()
      const point = await attempt(scene, trial, { at, moment, seed }, ending, graves)
      if (point === null) continue
      points.push(point)
      onPoint?.(point)
      if (graves.length >= 16) await Promise.all(graves.splice(0))
    }
  await Promise.all(graves)
  return points
}
