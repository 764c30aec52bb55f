/**
 * Launches contenders: each in a process of its own, so that its peak memory and its warm-up are its own.
 *
 * @module
 */
import { fork } from "node:child_process"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { cacheFolder } from "./cache.ts"
import type { Measured, Task } from "./contender.ts"

/** Runs a contender and tells what was measured. */
export type Launch = (name: string, task: Task, label: string) => Promise<Measured>

/** Where CPU profiles go. */
export const profileFolder = join(cacheFolder, "profiles")

// the stages look inside the packages: their program is bundled from the sources, the others' uses the packages as they are
const program = (name: string): string =>
  fileURLToPath(new URL(name === "stages" ? "./inside/child.js" : "./child.js", import.meta.url))

/** Launches contenders as processes; with `profile` each leaves a CPU profile named by its label. */
export const launcher =
  (options: { readonly profile: boolean }): Launch =>
  async (name, task, label) => {
    if (options.profile) await mkdir(profileFolder, { recursive: true })
    const flags = ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${label}.cpuprofile`]
    return new Promise((resolve, reject) => {
      const child = fork(program(name), [name], {
        execArgv: options.profile ? flags : [],
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      })
      let measured: Measured | undefined
      child.once("message", (message) => {
        measured = message as Measured
      })
      child.once("error", reject)
      child.once("exit", (code, signal) => {
        if (measured !== undefined && code === 0) resolve(measured)
        else reject(new Error(`${label} ended with ${signal ?? `exit code ${code}`}`))
      })
      child.send(task)
    })
  }
