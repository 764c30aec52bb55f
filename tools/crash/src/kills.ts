/**
 * Real kills: worker processes that are ended by SIGKILL at any moment, one after the other, until one comes to the end of the job.
 *
 * @module
 */
import { type ChildProcess, fork } from "node:child_process"
import { isDeepStrictEqual } from "node:util"
import type { Random } from "./random.ts"
import type { Message, Task } from "./task.ts"

/** What was found in a target once a job was at its end. */
export interface Finding {
  /** Records that are not there, or not as they have to be. */
  readonly lost: number
  /** Records that are there twice, or were written by more than the one transaction that has them in its books. */
  readonly doubled: number
}

/** Where workers are killed: a database with the stores and the target. */
export interface Arena {
  readonly name: "postgres" | "mongo"
  readonly task: Omit<Task, "number" | "until">
  /** Makes the database what it is before the validation. */
  readonly clear: () => Promise<void>
  /** Keeps what the database holds, with a sealed plan, and makes it so again. */
  readonly keep: () => Promise<void>
  readonly restore: () => Promise<void>
  readonly inspect: () => Promise<Finding>
  readonly close: () => Promise<void>
}

/** The tally of all runs. */
export interface Tally {
  readonly kills: number
  /** How many of them hit a validation. */
  readonly inValidation: number
  readonly runs: number
  readonly lost: number
  readonly doubled: number
  readonly wrongCounts: number
  readonly unfinished: number
}

/** Starts worker processes ahead of time, so that the next one is there when the one before is killed. */
const nursery = (program: string) => {
  const start = (): ChildProcess => fork(program, [], { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] })
  let spare = start()
  return {
    next: (): ChildProcess => {
      const child = spare
      spare = start()
      return child
    },
    close: () => void spare.kill("SIGKILL"),
  }
}

/** Lets a process do a task; it is killed so many milliseconds after it began, unless it is done before. Null where it was killed. */
const employ = (child: ChildProcess, task: Task, killAfter: number | null): Promise<Message | null> =>
  new Promise((resolve, reject) => {
    let last: Message | null = null
    let timer: NodeJS.Timeout | undefined
    child.on("message", (message) => {
      if ((message as Message)._tag === "Begun") {
        if (killAfter !== null) timer = setTimeout(() => child.kill("SIGKILL"), killAfter)
      } else {
        clearTimeout(timer)
        last = message as Message
      }
    })
    child.once("error", reject)
    child.once("exit", () => {
      clearTimeout(timer)
      resolve(last)
    })
    child.send(task)
  })

const killsPerRun = 5
// after so many unfinished runs no further one tells more
const givenUp = 10

/** What {@link kill} takes. */
export interface Options {
  readonly kills: number
  readonly random: Random
  readonly program: string
  readonly log: (line: string) => void
}

/** Kills so many workers in an arena. */
export const kill = async (arena: Arena, { kills, log, program, random }: Options): Promise<Tally> => {
  const workers = nursery(program)
  const tally = { kills: 0, inValidation: 0, runs: 0, lost: 0, doubled: 0, wrongCounts: 0, unfinished: 0 }
  const timed = async (until: Task["until"]): Promise<readonly [Message, number]> => {
    const child = workers.next()
    const began = performance.now()
    const message = await employ(child, { ...arena.task, number: 0, until }, null)
    if (message?._tag !== "Done")
      throw new Error(`${arena.name}: ${message?._tag === "Failed" ? message.reason : "the worker ended"}`)
    return [message, performance.now() - began]
  }
  try {
    await arena.clear()
    const [, validation] = await timed("sealed")
    await arena.keep()
    const [whole, commit] = await timed("end")
    if (whole._tag !== "Done" || whole.status !== "success") throw new Error(`${arena.name}: the import does not succeed`)
    const clean = await arena.inspect()
    if (clean.lost + clean.doubled > 0) throw new Error(`${arena.name}: ${JSON.stringify(clean)} without a kill`)
    log(`${arena.name}: undisturbed, it validates in ${Math.round(validation)} ms and commits in ${Math.round(commit)} ms`)
    while (tally.kills < kills && tally.unfinished < givenUp) {
      // one run in eight from the first page on, the others from the sealed plan
      const isWhole = tally.runs++ % 8 === 0
      await (isWhole ? arena.clear() : arena.restore())
      let inRun = 0
      let message: Message | null = null
      for (let number = 1; message === null; number++) {
        const isDue = inRun < killsPerRun && tally.kills < kills
        // the first ones of a whole run come to their end in the validation
        const isValidation = isWhole && inRun < 3
        const span = isValidation ? validation : commit
        message = await employ(workers.next(), { ...arena.task, number, until: "end" }, isDue ? 1 + random(span * 0.8) : null)
        if (message !== null) break
        if (!isDue) throw new Error(`${arena.name}: a worker ended unasked`)
        inRun++
        tally.kills++
        if (isValidation) tally.inValidation++
      }
      const found = await arena.inspect()
      tally.lost += found.lost
      tally.doubled += found.doubled
      const isDone = message._tag === "Done" && message.status === "success"
      const isWrong = message._tag === "Done" && !isDeepStrictEqual(message.counts, whole.counts)
      if (!isDone) {
        tally.unfinished++
        log(
          `${arena.name}: run ${tally.runs} is ${message._tag === "Done" ? `${message.status}: ${message.failure}` : JSON.stringify(message)}`,
        )
      }
      if (isWrong) tally.wrongCounts++
      log(
        `${arena.name}: run ${tally.runs}, ${inRun} kills, ${tally.kills} of ${kills}${isWrong ? ", wrong counts" : ""}${found.lost + found.doubled > 0 ? `, ${JSON.stringify(found)}` : ""}`,
      )
    }
    return tally
  } finally {
    workers.close()
  }
}
