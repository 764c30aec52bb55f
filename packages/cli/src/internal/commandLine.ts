/**
 * What a person types, as a command with its arguments and options.
 *
 * It is read with `parseArgs` of Node.js: the command line of Effect is not tagged stable, asks for a platform package to run, and ends every
 * misuse alike, where this one promises exit code 64, help for one's own entries, and nothing but the result on standard output.
 */
import { parseArgs } from "node:util"
import { Result } from "effect"
import { UsageError } from "./complaint.ts"
import { visible } from "./table.ts"

/** An option: what its value is called in the help text (none for a switch), and what it does. */
export interface Option {
  readonly name: string
  readonly value?: string
  readonly oneOf?: ReadonlyArray<string>
  readonly help: string
}

/** The arguments and options that were typed. */
export interface Typed {
  readonly positionals: ReadonlyArray<string>
  readonly flags: ReadonlySet<string>
  readonly values: ReadonlyMap<string, string>
}

const fail = (message: string): Result.Result<never, UsageError> => Result.fail(new UsageError(message))

/** Reads arguments with these options; `-h` is `--help` everywhere. */
export const read = (args: ReadonlyArray<string>, options: ReadonlyArray<Option>): Result.Result<Typed, UsageError> => {
  const known = new Map(options.map((option) => [option.name, option]))
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      help: { type: "boolean", short: "h" },
      ...Object.fromEntries(
        options.map(({ name, value }) => [name, { type: value === undefined ? ("boolean" as const) : ("string" as const) }]),
      ),
    },
  })
  const positionals: Array<string> = []
  const flags = new Set<string>()
  const values = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value)
    if (token.kind !== "option") continue
    if (token.name === "help") {
      flags.add("help")
      continue
    }
    const option = known.get(token.name)
    if (option === undefined) return fail(`There is no option ${token.rawName}.`)
    if (option.value === undefined) {
      if (token.value !== undefined) return fail(`The option --${option.name} takes no value.`)
      flags.add(option.name)
      continue
    }
    const { value } = token
    // `--mode --json`: the value was forgotten
    if (value === undefined || value === "" || (token.inlineValue === false && value.startsWith("-")))
      return fail(`The option --${option.name} needs a value: ${option.oneOf?.join(" or ") ?? option.value}.`)
    if (option.oneOf !== undefined && !option.oneOf.includes(value))
      return fail(`The option --${option.name} is ${option.oneOf.join(" or ")}, not ${JSON.stringify(value)}.`)
    if (values.has(option.name)) return fail(`The option --${option.name} is given twice.`)
    values.set(option.name, value)
  }
  return Result.succeed({ positionals, flags, values })
}

/** The whole number, at least 1, that an option holds, or `undefined` where it was not given. */
export const wholeNumber = (typed: Typed, name: string): Result.Result<number | undefined, UsageError> => {
  const value = typed.values.get(name)
  if (value === undefined) return Result.succeed(undefined)
  return /^[1-9]\d{0,8}$/.test(value)
    ? Result.succeed(Number(value))
    : fail(`The option --${name} is a whole number such as 20, not ${JSON.stringify(value)}.`)
}

/** A text as one would type it in a shell: quoted where it has to be, with escapes (`$'…'`) where it has characters that cannot be seen. */
export const quote = (text: string): string => {
  if (/^[\w@%+=:,./~-]+$/.test(text)) return text
  return visible(text) === text
    ? `'${text.replaceAll("'", "'\\''")}'`
    : `$'${visible(text.replaceAll("\\", "\\\\").replaceAll("'", "\\'"))}'`
}
