/**
 * Has a bomb read by a process of its own, with a heap of 192 MiB.
 *
 * @module
 */
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Bomb, Measured } from "./bomb.ts"

const heapMiB = 192

/** Reads a bomb with the program that is `child.ts`, built. */
export const detonate = async (bomb: Bomb, program: string): Promise<Measured> => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-bomb-"))
  try {
    const file = join(folder, "bomb.xlsx")
    writeFileSync(file, bomb.bytes())
    const options = join(folder, "options.json")
    writeFileSync(options, JSON.stringify(bomb.options))
    const args = [`--max-old-space-size=${heapMiB}`, program, file, options]
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 })
    return JSON.parse(stdout) as Measured
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What of a bomb's end is not as it has to be; `undefined` where all is. */
export const problemOf = ({ expected }: Bomb, { refused, rows }: Measured): string | undefined => {
  if ("rows" in expected) return refused?.message ?? (rows === expected.rows ? undefined : `has ${rows} rows`)
  if (refused === undefined) return "was read to its end"
  return refused.reason === expected.reason && refused.message.includes(expected.says)
    ? undefined
    : `was refused as ${refused.reason}: ${refused.message}`
}
