/**
 * The help text of a program: its imports, its commands, and of each command the options.
 */
import type { Entry } from "../Entry.ts"
import type { Command } from "./Command.ts"
import type { Option } from "./commandLine.ts"

/** Options that every command takes. */
export const common: ReadonlyArray<Option> = [
  { name: "json", help: "write the result as JSON to standard output; everything else goes to standard error" },
  { name: "verbose", help: "write all logs to standard error" },
]

const lines = (pairs: ReadonlyArray<readonly [string, string]>): string => {
  const width = Math.max(...pairs.map(([left]) => left.length))
  return pairs.map(([left, text]) => `  ${left.padEnd(width)}  ${text}\n`).join("")
}

const typing = (name: string, entry: Entry<any>, named: boolean): string =>
  [...(named ? [name] : []), ...Object.keys(entry.arguments ?? {}).map((argument) => argument.toUpperCase())].join(" ")

const taking = (command: Command, entries: ReadonlyMap<string, Entry<any>>): string => {
  if (command.takes === "job") return " JOB"
  if (command.takes === "jobAndEntry") return " JOB …"
  if (command.takes === "partitionAndEntry") return " JOB PARTITION …"
  if (command.takes !== "entry") return command.takes.map((argument) => ` ${argument.toUpperCase()}`).join("")
  const [only] = entries
  if (entries.size > 1 || only === undefined) return " IMPORT …"
  const typed = typing(only[0], only[1], false)
  return typed === "" ? "" : ` ${typed}`
}

const optionPair = ({ help, name, oneOf, value }: Option): readonly [string, string] => [
  `--${name}${value === undefined ? "" : ` ${oneOf?.join("|") ?? value}`}`,
  help,
]

const exitText = `Exit codes
  0   it went well
  1   it failed
  2   rows were rejected, or records left out or kept
  64  the command makes no sense
  130 it was interrupted; what was not completed is rolled back
  143 it was asked to end (SIGTERM); the same
`

/** The help of the whole program. */
export const ofProgram = (
  program: string,
  entries: ReadonlyMap<string, Entry<any>>,
  commands: ReadonlyArray<Command>,
): string => {
  const imports = [...entries].map(([name, entry]) => [typing(name, entry, true), entry.description ?? ""] as const)
  return `Usage: ${program} COMMAND … [OPTIONS]

Imports
${lines(imports)}
Commands
${lines(commands.map((command) => [`${command.name}${taking(command, entries)}`, command.help]))}
Options
${lines([...common.map(optionPair), ["--help", "of a command: what it takes"]])}
${exitText}`
}

/** The help of one command. */
export const ofCommand = (program: string, entries: ReadonlyMap<string, Entry<any>>, command: Command): string => {
  const sections = [`Usage: ${program} ${command.name}${taking(command, entries)} [OPTIONS]\n\n${command.help}\n`]
  if (command.takes === "entry" || command.takes === "jobAndEntry" || command.takes === "partitionAndEntry")
    for (const [name, entry] of entries) {
      const own = [
        ...Object.entries(entry.arguments ?? {}).map(([argument, help]) => [argument.toUpperCase(), help] as const),
        ...Object.entries(entry.options ?? {}).map(([option, help]) => [`--${option} VALUE`, help] as const),
      ]
      const description = entry.description === undefined ? "" : `: ${entry.description}`
      sections.push(`Import ${name}${description}\n${own.length === 0 ? "" : lines(own)}`)
    }
  sections.push(`Options\n${lines([...command.options, ...common].map(optionPair))}`)
  return sections.join("\n")
}
