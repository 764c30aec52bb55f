/**
 * A host is what a command line has of the process around it: where text goes, whether a terminal shows it, who is at it.
 *
 * @module
 */
import { userInfo } from "node:os"
import { relative } from "node:path"
import { Effect } from "effect"

/** A host; {@link node} is the process itself, tests make their own. */
export interface Host {
  /** Writes results; ends when they are handed over, so that a slow reader slows the writer. */
  readonly out: (text: string) => Effect.Effect<void>
  /** Writes progress, logs and errors. */
  readonly err: (text: string) => void
  /** Whether results go to a terminal that shows colours. */
  readonly colour: boolean
  /** Whether errors go to a terminal: only there a progress line is drawn. */
  readonly progress: boolean
  /** Who starts jobs where `--started-by` does not say. */
  readonly user: string
  /** What a person types to start this program, where it has no name. */
  readonly program: string
}

const login = (): string => {
  try {
    return userInfo().username
  } catch {
    // a user id without an entry in the system's list of users
    return "unknown"
  }
}

// the program as it was started, seen from the current folder
const started = (script: string | undefined): string => {
  if (script === undefined) return "waybill"
  if (!/\.[cm]?[jt]s$/.test(script)) return script.replace(/^.*[\\/]/, "")
  return `node ${relative(process.cwd(), script) || script}`
}

/** The process: standard output and standard error. `NO_COLOR` and `TERM=dumb` are obeyed. */
export const node = (): Host => ({
  out: (text) =>
    Effect.callback<void>((resume) => {
      // whoever reads may go away (`| head`); then there is nobody to write for
      process.stdout.write(text, () => resume(Effect.void))
    }),
  err: (text) => {
    process.stderr.write(text)
  },
  colour: process.stdout.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb",
  progress: process.stderr.isTTY === true && process.env["TERM"] !== "dumb",
  user: login(),
  program: started(process.argv[1]),
})
