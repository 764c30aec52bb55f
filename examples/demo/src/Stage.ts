/**
 * The stage: what is said between commands, the commands themselves as a person would type them, and what has to be true.
 */
import { Cli, Host } from "@waybill/cli"
import type { Job } from "@waybill/core"
import { ConfigProvider, Data, Effect, Layer } from "effect"

/** Something is not as the demo tells it. */
export class Unexpected extends Data.TaggedError("Unexpected")<{ readonly message: string }> {}

const host = Host.node()

const bold = (text: string): string => (host.colour ? `\u001b[1m${text}\u001b[22m` : text)
const cyan = (text: string): string => (host.colour ? `\u001b[36m${text}\u001b[39m` : text)

/** Says something, with an empty line before it. */
export const say = (...lines: ReadonlyArray<string>): Effect.Effect<void> => host.out(`\n${lines.join("\n")}\n`)

/** A heading. */
export const heading = (text: string): Effect.Effect<void> => host.out(`\n${bold(`=== ${text} ===`)}\n`)

const shown = (value: unknown): string => JSON.stringify(value)

/** Ends the demo if something is not as it is told. */
export const expect = (what: string, actual: unknown, expected: unknown): Effect.Effect<void, Unexpected> =>
  shown(actual) === shown(expected)
    ? Effect.void
    : Effect.fail(new Unexpected({ message: `${what}: expected ${shown(expected)}, but it is ${shown(actual)}` }))

/** A program with the environment it is started in. */
export interface Program {
  /** What a person types to start it. */
  readonly typed: string
  readonly application: Parameters<typeof Cli.execute>[0]
  readonly environment: { readonly [name: string]: string }
}

const execute = (program: Program, args: ReadonlyArray<string>, on: Host.Host): Effect.Effect<number> => {
  const { application, environment, typed } = program
  const layer = application.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(environment))))
  return Cli.execute({ ...application, name: typed, layer }, args, on).pipe(
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(environment))),
  )
}

/** Runs a command, shown as it would be typed, and ends the demo if its exit code is another than told. */
export const command = (program: Program, args: ReadonlyArray<string>, code = 0): Effect.Effect<void, Unexpected> =>
  Effect.gen(function* () {
    yield* host.out(`\n${cyan(`$ ${program.typed} ${args.join(" ")}`)}\n`)
    const ended = yield* execute(program, args, { ...host, err: (text) => void process.stdout.write(text) })
    yield* expect(`the exit code of ${args.join(" ")}`, ended, code)
  })

/** The job that was started last. */
export const lastJob = (program: Program): Effect.Effect<Job.Job, Unexpected> =>
  Effect.gen(function* () {
    let text = ""
    yield* execute(program, ["jobs", "--json"], {
      ...host,
      out: (some) =>
        Effect.sync(() => {
          text += some
        }),
    })
    const jobs = JSON.parse(text) as ReadonlyArray<Job.Job>
    const last = [...jobs].sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))[0]
    return last === undefined ? yield* Effect.fail(new Unexpected({ message: "there is no job" })) : last
  })
