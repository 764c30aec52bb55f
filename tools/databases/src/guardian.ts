/**
 * Makes sure that nothing is left behind when this process dies, however it dies: a guardian process holds the other end
 * of a pipe, and once the pipe closes it ends the servers and removes the folders that were not released before.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process"
import type { Socket } from "node:net"
import { fileURLToPath } from "node:url"

/** A folder, and the process that works in it, under guard. */
export interface Ward {
  /** Names the process that is to be ended before the folder is removed, and the signal that ends it. */
  readonly holds: (pid: number | undefined, signal: NodeJS.Signals) => void
  /** Ends the guard, once process and folder are gone. */
  readonly release: () => Promise<void>
}

interface Guardian {
  readonly process: ChildProcess
  readonly wards: Set<number>
}

let current: Guardian | undefined
let lastId = 0

const start = (): Guardian => {
  // the script lies beside `src` and `dist`, so that both find it by the same path
  const script = fileURLToPath(new URL("../guardian.mjs", import.meta.url))
  const child = spawn(process.execPath, [script], { detached: true, stdio: ["pipe", "ignore", "ignore"] })
  // without a guardian the servers run all the same; stop() needs none
  child.on("error", () => {})
  child.stdin.on("error", () => {})
  child.unref()
  ;(child.stdin as Socket).unref()
  return { process: child, wards: new Set() }
}

/** Puts a folder under guard, from before anything is in it. */
export const guard = (directory: string): Ward => {
  const guardian = current ?? start()
  current = guardian
  const id = ++lastId
  const tell = (message: object) => guardian.process.stdin?.write(`${JSON.stringify({ id, ...message })}\n`)
  guardian.wards.add(id)
  tell({ directory })
  return {
    holds: (pid, signal) => void tell({ directory, pid, signal }),
    release: async () => {
      if (!guardian.wards.delete(id)) return
      tell({ released: true })
      if (guardian.wards.size > 0) return
      if (current === guardian) current = undefined
      const child = guardian.process
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      child.ref()
      await new Promise<void>((resolve) => {
        child.once("exit", () => resolve())
        child.stdin?.end()
      })
    },
  }
}
