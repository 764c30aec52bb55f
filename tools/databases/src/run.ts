/**
 * Runs one short-lived program to its end.
 *
 * @module
 */

import { type ExecFileOptions, execFile } from "node:child_process"
import { promisify } from "node:util"

/** Runs a program without a shell; its standard output, or an error that shows the end of what it said. */
export const run = async (program: string, args: ReadonlyArray<string>, options: ExecFileOptions = {}): Promise<string> => {
  try {
    const { stdout } = await promisify(execFile)(program, [...args], {
      maxBuffer: 64 * 1024 * 1024,
      ...options,
      encoding: "utf8",
    })
    return stdout
  } catch (error) {
    const { code, killed, stderr } = error as { code?: unknown; killed?: boolean; stderr?: string }
    if (code === "ENOENT") throw new Error(`${program} is not there`)
    const said = (stderr ?? "").trim().split("\n").slice(-4).join("\n")
    throw new Error(killed ? `${program} took too long` : `${program} failed${said === "" ? ` (${String(code)})` : `: ${said}`}`)
  }
}
