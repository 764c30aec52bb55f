/**
 * A command: its name, what it takes, what it does.
 */
import { Job, JobStore, type SnapshotStore } from "@waybill/core"
import { Effect, Option, type Scope } from "effect"
import type { Entry } from "../Entry.ts"
import type { Host } from "../Host.ts"
import type { Look } from "../Report.ts"
import * as commandLine from "./commandLine.ts"
import { UsageError } from "./complaint.ts"
import type { Progress } from "./progress.ts"

/** What every command gets: the entries, the host, and what was typed. */
export interface Context {
  /** What a person types to start the program. */
  readonly program: string
  readonly entries: ReadonlyMap<string, Entry<any>>
  readonly host: Host
  readonly look: Look
  readonly typed: commandLine.Typed
  readonly json: boolean
  readonly progress: Progress
}

/** The exit codes: all went well, it failed, rows or records were left out, the request makes no sense. */
export const exitCodes = { success: 0, failed: 1, partial: 2, usage: 64 } as const

/** The effect of a command ends with an exit code. */
export type Running = Effect.Effect<number, unknown, JobStore.JobStore | SnapshotStore.SnapshotStore | Scope.Scope>

/** See the file's first sentence. */
export interface Command {
  readonly name: string
  /**
   * `entry`: the name and the arguments of an import; `job`: the id of a job; `jobAndEntry`: the id of a job, and the arguments of its import;
   * `partitionAndEntry`: the same, with the name of a partition behind the id; or arguments of its own, by their names.
   */
  readonly takes: "entry" | "job" | "jobAndEntry" | "partitionAndEntry" | ReadonlyArray<string>
  readonly help: string
  readonly options: ReadonlyArray<commandLine.Option>
  readonly run: (context: Context) => Running
}

/** The exit code that a validation or a commit ends with. */
export const exitCode = (job: Job.Job): number => {
  if (job.status === "failed") return exitCodes.failed
  if (Job.isParent(job) && job.failure !== null) return exitCodes.partial
  return job.status === "partial" || job.counts.rejected > 0 ? exitCodes.partial : exitCodes.success
}

/** The id that was typed, for commands that take one. */
export const typedJob = ({ typed }: Context): Effect.Effect<string, UsageError> => {
  const [id, ...more] = typed.positionals
  if (id === undefined) return Effect.fail(new UsageError("Which job? Its id is missing; `jobs` lists them."))
  return more.length === 0 ? Effect.succeed(id) : Effect.fail(new UsageError(`There is one argument too many: ${more[0]}.`))
}

/** The job that was asked for; that there is none is a failure, not a misuse. */
export const getJob = (id: string): Effect.Effect<Job.Job, unknown, JobStore.JobStore> =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const found = yield* store.get(id)
    return yield* Option.match(found, {
      onNone: () => Effect.fail({ message: `There is no job ${id}; \`jobs\` lists them.` }),
      onSome: (job) => Effect.succeed(job),
    })
  })

/** The entry that a job belongs to. */
export const entryOf = ({ entries }: Context, job: Job.Job): Effect.Effect<Entry<any>, unknown> => {
  const entry = entries.get(job.import)
  return entry === undefined
    ? Effect.fail({ message: `Job ${job.id} is of the import ${job.import}, which this program does not have.` })
    : Effect.succeed(entry)
}

/** Writes a value as JSON for scripts. */
export const writeJson = ({ host }: Context, value: unknown): Effect.Effect<void> =>
  host.out(`${JSON.stringify(value, null, 2)}\n`)

/** The number that an option holds. */
export const numberOption = ({ typed }: Context, name: string): Effect.Effect<number | undefined, UsageError> =>
  Effect.fromResult(commandLine.wholeNumber(typed, name))
