/**
 * What the benchmark's command line takes.
 *
 * @module
 */
import { parseArgs } from "node:util"
import type { Part } from "./part.ts"

/** The size the published numbers are of. */
export const fullSize = 1_000_000

/** What was asked for. */
export interface Settings {
  readonly rows: number
  readonly parts: ReadonlyArray<Part>
  readonly profile: boolean
}

/** How to use it. */
export const usage = (parts: ReadonlyArray<Part>): string =>
  [
    "npm run bench -- [--rows N] [--only PART]… [--profile]",
    "",
    `  --rows N      rows of the catalog, ${fullSize.toLocaleString("en-US")} by default; one station for every ten`,
    "  --only PART   only this part; may be repeated:",
    ...parts.map(
      (part) => `                  ${part.name.padEnd(9)} ${part.description}${part.usual ? "" : " (only when asked for)"}`,
    ),
    "  --profile     leave a CPU profile of each contender in bench/.cache/profiles",
    "  --help        this text",
  ].join("\n")

/** Reads the arguments; a sentence where they are wrong, `null` where help is asked for. */
export const readSettings = (
  args: ReadonlyArray<string>,
  parts: ReadonlyArray<Part>,
): Settings | { readonly wrong: string } | null => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rows: { type: "string", default: String(fullSize) },
        only: { type: "string", multiple: true, default: [] },
        profile: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    })
    if (values.help) return null
    const rows = Number(values.rows.replaceAll(/[_,]/g, ""))
    if (!Number.isSafeInteger(rows) || rows < 1) return { wrong: `--rows takes a whole number above 0, not ${values.rows}` }
    const asked = values.only.flatMap((names) => names.split(","))
    const unknown = asked.find((name) => !parts.some((part) => part.name === name))
    if (unknown !== undefined) return { wrong: `--only takes ${parts.map((part) => part.name).join(", ")}, not ${unknown}` }
    const chosen = parts.filter((part) => (asked.length === 0 ? part.usual : asked.includes(part.name)))
    return { rows, parts: chosen, profile: values.profile }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
}
