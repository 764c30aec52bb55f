/**
 * Measures a contender in the process it is called in: seconds from the start of the work to its end, and the process's peak memory.
 *
 * @module
 */
import { readFile } from "node:fs/promises"
import { contenders, type Measured, type Task } from "./contender.ts"

/**
 * The most memory this process has held. On Linux the kernel's own mark of this program is read: `maxRSS` there starts with what the
 * parent held when it started this process.
 */
const peakRss = async (): Promise<number> => {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "")
  const mark = /^VmHWM:\s*(\d+) kB$/m.exec(status)
  return (mark === null ? process.resourceUsage().maxRSS : Number(mark[1])) * 1024
}

/** Runs the contender of this name. Its modules are imported before the clock starts. */
export const measure = async (name: string, task: Task): Promise<Measured> => {
  const load = contenders[name]
  if (load === undefined) throw new Error(`no contender is named ${name}; there are ${Object.keys(contenders).join(", ")}`)
  const contender = await load()
  const before = process.cpuUsage()
  const start = performance.now()
  const outcome = await contender(task)
  const seconds = (performance.now() - start) / 1000
  const { system, user } = process.cpuUsage(before)
  return { ...outcome, seconds, processorSeconds: (system + user) / 1e6, peakRssBytes: await peakRss() }
}
