/**
 * Makes a command of an application's extra.
 */
import { Effect } from "effect"
import type { Extra } from "../../Extra.ts"
import { type Command, exitCodes } from "../Command.ts"
import { UsageError } from "../complaint.ts"

/** See the file's first sentence. */
export const extra = (name: string, own: Extra<any>): Command => {
  const wanted = Object.entries(own.arguments ?? {})
  const options = Object.entries(own.options ?? {}).map(([option, help]) => ({ name: option, value: "VALUE", help }))
  return {
    name,
    takes: wanted.map(([argument]) => argument),
    help: own.description,
    options,
    run: ({ host, typed }) =>
      Effect.gen(function* () {
        const { positionals } = typed
        const missing = wanted[positionals.length]
        if (missing !== undefined)
          return yield* Effect.fail(new UsageError(`${name} needs ${missing[0].toUpperCase()}: ${missing[1]}.`))
        if (positionals.length > wanted.length)
          return yield* Effect.fail(new UsageError(`There is one argument too many: ${positionals[wanted.length]}.`))
        const input = Object.fromEntries([
          ...wanted.map(([argument], at) => [argument, positionals[at]] as const),
          ...options.map((option) => [option.name, typed.values.get(option.name)] as const),
        ])
        yield* own.run(input, host)
        return exitCodes.success
      }),
  }
}
