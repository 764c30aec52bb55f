/**
 * `validate` and `run`: read a source, and say what a commit would do; `run` commits at once.
 */
import { Candidates, Engine, type Import, type Job, Partition, Partitions, type Source } from "@waybill/core"
import { Effect } from "effect"
import * as Entry from "../../Entry.ts"
import { type Command, type Context, exitCode, type Running } from "../Command.ts"
import { type Option, quote } from "../commandLine.ts"
import { UsageError } from "../complaint.ts"
import { options as partitionedOptions, typedOptions } from "./partitioned.ts"
import { report } from "./reporting.ts"

const options: ReadonlyArray<Option> = [
  {
    name: "mode",
    value: "MODE",
    oneOf: ["strict", "smart"],
    help: "strict: a reference that leads nowhere is an error; smart: what is missing is created; the import's own by default",
  },
  { name: "force", help: "take the source although the same bytes were imported before" },
  { name: "full", help: "read all of a source that would be read from its bookmark on" },
  { name: "no-mirrors", help: "leave records that the source has no more as they are, whatever the import's mirrors say" },
  { name: "started-by", value: "NAME", help: "who asks; you by default" },
  ...partitionedOptions,
]

interface Picked {
  readonly name: string
  readonly entry: Entry.Entry<any>
  readonly input: Entry.Input
}

// the import that was named, or the only one there is, with its arguments
const pick = ({ entries, typed }: Context): Effect.Effect<Picked, UsageError> => {
  const names = [...entries.keys()]
  const [first, ...rest] = typed.positionals
  const only = names.length === 1 ? names[0]! : undefined
  const needed = (name: string): ReadonlyArray<string> => Object.keys(entries.get(name)!.arguments ?? {})
  let name: string
  let given: ReadonlyArray<string>
  if (only !== undefined && !(first === only && rest.length === needed(only).length)) {
    name = only
    given = typed.positionals
  } else if (first !== undefined && entries.has(first)) {
    name = first
    given = rest
  } else {
    const which = first === undefined ? "Which import?" : `There is no import ${first}.`
    return Effect.fail(new UsageError(`${which} Choose one of ${names.join(", ")}.`))
  }
  const entry = entries.get(name)!
  const wanted = needed(name)
  if (given.length < wanted.length)
    return Effect.fail(
      new UsageError(
        `The import ${name} needs ${wanted[given.length]!.toUpperCase()}: ${entry.arguments![wanted[given.length]!]}.`,
      ),
    )
  if (given.length > wanted.length) return Effect.fail(new UsageError(`There is one argument too many: ${given[wanted.length]}.`))
  const own = Object.keys(entry.options ?? {})
  const foreign = [...typed.values.keys()].find((option) => !own.includes(option) && !options.some((it) => it.name === option))
  if (foreign !== undefined) return Effect.fail(new UsageError(`The import ${name} has no option --${foreign}.`))
  const input = new Map([
    ...wanted.map((argument, at) => [argument, given[at]] as const),
    ...own.map((option) => [option, typed.values.get(option)] as const),
  ])
  return Effect.succeed({ name, entry, input: Object.fromEntries(input) })
}

// the same command again with other switches
const again = ({ program, typed }: Context, changes: ReadonlyMap<string, boolean>, mode?: string): string => {
  const values = [...typed.values]
    .filter(([name]) => mode === undefined || name !== "mode")
    .flatMap(([name, value]) => [`--${name}`, quote(value)])
  const switches = ["force", "full", "no-mirrors"].filter((name) => changes.get(name) ?? typed.flags.has(name))
  const typing = [...typed.positionals.map(quote), ...values, ...switches.map((name) => `--${name}`)]
  return [program, "validate", ...typing, ...(mode === undefined ? [] : [`--mode ${mode}`])].join(" ")
}

// without mirrors, which read nothing that would have to be forced aside
const unmirrored = (context: Context): string => again(context, new Map([["no-mirrors", true]]))

// in smart mode; a job that waits for its commit has to be forced aside
const smartly = (context: Context, waiting: boolean): string =>
  again(context, waiting ? new Map([["force", true]]) : new Map(), "smart")

interface Engines {
  readonly whole: (
    definition: Import.Import,
    source: Source.Source<any>,
    options: Engine.RunOptions,
  ) => ReturnType<typeof Engine.run<any>>
  readonly divided: (
    definition: Import.Import,
    source: Partition.Partitioned<any>,
    options: Partitions.Options,
  ) => ReturnType<typeof Partitions.run<any>>
}

const start =
  (engines: Engines) =>
  (context: Context): Running =>
    Effect.gen(function* () {
      const { entry, input, name } = yield* pick(context)
      const definition = yield* Entry.definition(entry)
      if (definition.name !== name)
        return yield* Effect.die(new TypeError(`the entry ${name} has the import ${definition.name}; both need one name`))
      const mode = context.typed.values.get("mode") as Job.Job["mode"] | undefined
      const asked = {
        startedBy: context.typed.values.get("started-by") ?? context.host.user,
        force: context.typed.flags.has("force"),
        full: context.typed.flags.has("full"),
        ...(context.typed.flags.has("no-mirrors") ? { mirrors: false as const } : {}),
        ...(mode === undefined ? {} : { mode }),
        onProgress: context.progress.show,
      }
      const source = entry.source(input)
      const job = yield* (
        Partition.isPartitioned(source)
          ? engines.divided(definition, source, { ...asked, ...(yield* typedOptions(context)) })
          : engines.whole(definition, source, asked)
      ).pipe(Effect.catchTag("EngineError", (error) => Effect.fail(forcible(context, error))))
      const candidates = job.snapshot === null || job.mode === "smart" ? [] : yield* Engine.candidates(job.id)
      const open = candidates.filter((it) => Candidates.standingOf(it) === "open")
      const why = "or let smart mode create what is referred to and missing"
      const shrunk = job.failure?.code.startsWith("mirror.") === true
      yield* report(context, job, {
        further: [
          ...(open.length > 0
            ? [
                {
                  why: "decide what becomes of candidates, for all files to come",
                  type: `${context.program} candidates ${job.id}`,
                },
                { why, type: smartly(context, job.status !== "failed") },
              ]
            : []),
          ...(job.failure?.code === "mirror.incremental"
            ? [{ why: "read all of the source", type: again(context, new Map([["full", true]])) }]
            : []),
          ...(shrunk
            ? [{ why: "or take over what it has, and leave the rest of the target as it is", type: unmirrored(context) }]
            : []),
        ],
      })
      return exitCode(job)
    })

const forcible = ({ program }: Context, error: Engine.EngineError): { readonly message: string } =>
  error.reason === "AlreadyImported"
    ? { message: `${error.message}. Look at it with \`${program} show ${error.job}\`, or import the source again with --force.` }
    : error

/** Reads a source and plans. */
export const validate: Command = {
  name: "validate",
  takes: "entry",
  help: "read the source and show what a commit would do; writes nothing to the target",
  options,
  run: start({ whole: Engine.validate, divided: Partitions.validate }),
}

/** Reads a source, plans and commits. */
export const run: Command = {
  name: "run",
  takes: "entry",
  help: "validate, and commit at once if the validation allows it",
  options,
  run: start({ whole: Engine.run, divided: Partitions.run }),
}
