/**
 * A command line for a composed application: `validate`, `run`, `commit`, and commands to look into jobs.
 *
 * @module
 */
import type { JobStore, SnapshotStore } from "@waybill/core"
import { Cause, Effect, Exit, Fiber, type Layer, Result } from "effect"
import type * as Entry from "./Entry.ts"
import type * as Extra from "./Extra.ts"
import * as Host from "./Host.ts"
import { type Command, type Context, exitCodes } from "./internal/Command.ts"
import * as commandLine from "./internal/commandLine.ts"
import { again } from "./internal/commands/again.ts"
import { candidates } from "./internal/commands/candidates.ts"
import { commit } from "./internal/commands/commit.ts"
import { decide, decisions } from "./internal/commands/decide.ts"
import { changes, issues } from "./internal/commands/details.ts"
import { extra } from "./internal/commands/extra.ts"
import { html } from "./internal/commands/html.ts"
import { jobs, show } from "./internal/commands/jobs.ts"
import { rejected, replay } from "./internal/commands/rejected.ts"
import { cancel, pause, resume } from "./internal/commands/resume.ts"
import { retention } from "./internal/commands/retention.ts"
import { undo } from "./internal/commands/undo.ts"
import { run as runCommand, validate } from "./internal/commands/validate.ts"
import { isMisuse, ofCause, ofError } from "./internal/complaint.ts"
import * as logger from "./internal/logger.ts"
import * as progressLine from "./internal/progress.ts"
import * as usage from "./internal/usage.ts"

/** An application: its imports by name, and the layer with the stores and whatever its sources and definitions need. */
export interface Application<
  Entries extends { readonly [name: string]: Entry.Entry<any> },
  Extras extends { readonly [name: string]: Extra.Extra<any> } = Record<never, never>,
> {
  /** What a person types to start the program, for the help text and the next command; by default it is looked up in the process. */
  readonly name?: string
  /** Each under the name of its import. Where there is one only, its name need not be typed. */
  readonly imports: Entries
  /** Commands of the application's own. */
  readonly extras?: Extras
  readonly layer: Layer.Layer<
    | JobStore.JobStore
    | SnapshotStore.SnapshotStore
    | Entry.Services<Entries[keyof Entries]>
    | Extra.Services<Extras[keyof Extras]>,
    unknown
  >
}

const everyImports: ReadonlyArray<Command> = [
  validate,
  commit,
  runCommand,
  jobs,
  show,
  issues,
  candidates,
  decide,
  decisions,
  changes,
  html,
  rejected,
  replay,
  resume,
  again,
  pause,
  cancel,
  undo,
  retention,
]

/** The exit code of a program that was interrupted by SIGINT. */
export const interrupted = 130

const reserved = new Set([...usage.common, ...everyImports.flatMap((command) => command.options)].map(({ name }) => name)).add(
  "help",
)

const optionsOf = (entries: ReadonlyMap<string, Entry.Entry<any>>): ReadonlyArray<commandLine.Option> => {
  const names = new Map([...entries.values()].flatMap((entry) => Object.entries(entry.options ?? {})))
  return [...names].map(([name, help]) => ({ name, value: "VALUE", help }))
}

/**
 * Does what the arguments ask for, and ends with the exit code: 0 all went well, 1 it failed, 2 rows or records were left out, 64 the
 * request makes no sense. All else (a wrong password, a bug) is one sentence on standard error and exit code 1. When it is
 * interrupted, scopes close, so that a sink rolls back what was not completed.
 */
export const execute = <
  const Entries extends { readonly [name: string]: Entry.Entry<any> },
  const Extras extends { readonly [name: string]: Extra.Extra<any> } = Record<never, never>,
>(
  application: Application<Entries, Extras>,
  args: ReadonlyArray<string>,
  host: Host.Host,
): Effect.Effect<number> => {
  const program = application.name ?? host.program
  const entries = new Map<string, Entry.Entry<any>>(Object.entries(application.imports))
  const commands = [...everyImports, ...Object.entries(application.extras ?? {}).map(([name, own]) => extra(name, own))]
  const own = optionsOf(entries)
  const taken = own.find(({ name }) => reserved.has(name))
  if (taken !== undefined) return Effect.die(new TypeError(`an import cannot have an option --${taken.name}: it is taken`))
  const misuse = (message: string, command?: Command): Effect.Effect<number> =>
    Effect.sync(() => {
      const help = `${program}${command === undefined ? "" : ` ${command.name}`} --help`
      host.err(`${ofError({ message })}\nSee \`${help}\`.\n`)
      return exitCodes.usage
    })
  const [name, ...rest] = args
  if (name === "--help" || name === "-h" || name === "help")
    return Effect.as(host.out(usage.ofProgram(program, entries, commands)), exitCodes.success)
  const command = commands.find((it) => it.name === name)
  if (command === undefined) {
    const names = commands.map((it) => it.name).join(", ")
    return misuse(name === undefined ? `A command is missing: ${names}.` : `There is no command ${name}; there are ${names}.`)
  }
  const read = commandLine.read(rest, [
    ...command.options,
    ...usage.common,
    ...(command.takes === "entry" || command.takes === "jobAndEntry" || command.takes === "partitionAndEntry" ? own : []),
  ])
  if (Result.isFailure(read)) return misuse(read.failure.message, command)
  const typed = read.success
  if (typed.flags.has("help")) return Effect.as(host.out(usage.ofCommand(program, entries, command)), exitCodes.success)
  const progress = progressLine.make(host)
  const context: Context = {
    program,
    entries,
    host,
    look: { colour: host.colour },
    typed,
    json: typed.flags.has("json"),
    progress,
  }
  return command.run(context).pipe(
    Effect.scoped,
    Effect.provide(application.layer as Layer.Layer<JobStore.JobStore | SnapshotStore.SnapshotStore, unknown>),
    Effect.catchCause((cause) => {
      const misused = cause.reasons.filter(Cause.isFailReason).find(({ error }) => isMisuse(error))
      if (misused !== undefined) return misuse((misused.error as { readonly message: string }).message, command)
      if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
      return Effect.sync(() => {
        progress.say(`${ofCause(cause)}\n`)
        return exitCodes.failed
      })
    }),
    Effect.ensuring(progress.clear),
    Effect.provide(logger.layer(progress, typed.flags.has("verbose"))),
  )
}

/**
 * Runs an effect as the process: it ends with the exit code. SIGINT and SIGTERM interrupt it (exit codes 130 and 143), and its scopes
 * close; a second signal ends the process on the spot.
 */
export const runProcess = (effect: Effect.Effect<number>, host: Host.Host = Host.node()): void => {
  // a reader that goes away (`| head`) is no error of ours
  process.stdout.on("error", () => {})
  const fiber = Effect.runFork(effect)
  // a process whose effect only waits (for a signal, say) has nothing else to live for
  const alive = setInterval(() => {}, 2 ** 31 - 1)
  let signalled: number | undefined
  const interrupt = (code: number, name: string) => () => {
    signalled = code
    host.err(`${name}: stopping; what was not completed is rolled back.\n`)
    fiber.interruptUnsafe()
  }
  const handlers = [
    ["SIGINT", interrupt(interrupted, "Interrupted")],
    ["SIGTERM", interrupt(143, "Asked to end")],
  ] as const
  for (const [signal, handler] of handlers) process.once(signal, handler)
  Effect.runFork(
    Effect.map(Fiber.await(fiber), (exit) => {
      clearInterval(alive)
      for (const [signal, handler] of handlers) process.removeListener(signal, handler)
      if (Exit.isSuccess(exit)) process.exitCode = exit.value
      else {
        if (!Cause.hasInterruptsOnly(exit.cause)) host.err(`${ofCause(exit.cause)}\n`)
        process.exitCode = signalled ?? exitCodes.failed
      }
    }),
  )
}

/**
 * Runs the process as a command line: reads its arguments, writes to its streams, and sets its exit code, as {@link execute} and
 * {@link runProcess} say.
 *
 * @example
 * Cli.run({
 *   imports: { prices: Entry.make({ definition: prices, arguments: { file: "the workbook" }, source: ({ file }) => workbook(file) }) },
 *   layer: Layer.merge(FileJobStore.layer(".waybill/jobs"), FileSnapshotStore.layer(".waybill/snapshots")),
 * })
 */
export const run = <
  const Entries extends { readonly [name: string]: Entry.Entry<any> },
  const Extras extends { readonly [name: string]: Extra.Extra<any> } = Record<never, never>,
>(
  application: Application<Entries, Extras> & { readonly args?: ReadonlyArray<string> },
): void => {
  const host = Host.node()
  runProcess(execute(application, application.args ?? process.argv.slice(2), host), host)
}
