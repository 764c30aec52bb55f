/**
 * Logs go to standard error, one line each, so that standard output holds the result alone.
 */
import { Layer, Logger, References } from "effect"
import type { Progress } from "./progress.ts"
import { scrub } from "./scrub.ts"
import { visible } from "./table.ts"

// `INFO commit begins job=1 transaction=atomic`
const line = (level: string, message: unknown): string => {
  const parts = (Array.isArray(message) ? message : [message]).flatMap((part: unknown) =>
    typeof part === "object" && part !== null && !(part instanceof Error)
      ? Object.entries(part).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${String(value)}`]))
      : [part instanceof Error ? part.message : String(part)],
  )
  return `${level.toUpperCase()} ${visible(scrub(parts.join(" ")))}\n`
}

/** The logger of a command: warnings and errors, and with `verbose` everything. */
export const layer = (progress: Progress, verbose: boolean): Layer.Layer<never> =>
  Layer.merge(
    Logger.layer([Logger.make(({ logLevel, message }) => progress.say(line(logLevel, message)))]),
    Layer.succeed(References.MinimumLogLevel, verbose ? "Debug" : "Warn"),
  )
