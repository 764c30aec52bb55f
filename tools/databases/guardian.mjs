// A small process that outlives its parent by a moment: when the parent is gone, it ends the servers that the parent
// started and removes their folders. It reads one JSON object a line from its standard input, and acts when that ends.
import { existsSync, readFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { setTimeout as sleep } from "node:timers/promises"

// the parent's Ctrl-C is not meant for the one who cleans up behind it
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {})

/** @type {Map<number, { directory: string, pid?: number, signal?: string }>} */
const wards = new Map()
const take = (line) => {
  const { id, released, ...ward } = JSON.parse(line)
  if (released) wards.delete(id)
  else wards.set(id, ward)
}

let rest = ""
process.stdin.setEncoding("utf8")
try {
  for await (const chunk of process.stdin) {
    const lines = (rest + chunk).split("\n")
    rest = lines.pop() ?? ""
    lines.forEach(take)
  }
} catch {
  // a broken pipe says the same as a closed one
}

/** Sends a signal; whether there is such a process. */
const signalTo = (pid, signal) => {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}

/** Whether a process still runs; one that has ended, and that nobody has asked about since, does not. */
const runs = (pid) => {
  if (!signalTo(pid, 0)) return false
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch {
    return process.platform !== "linux"
  }
}

const clear = async ({ directory, pid, signal }) => {
  if (pid !== undefined && signalTo(pid, signal ?? "SIGTERM")) {
    const patience = Date.now() + 8_000
    while (runs(pid) && Date.now() < patience) await sleep(20)
    if (runs(pid) && signalTo(pid, "SIGKILL")) await sleep(200)
  }
  const remove = () => rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }).catch(() => {})
  await remove()
  if (pid !== undefined) return
  // a server that was only just starting ends on its own, and may write once more
  const patience = Date.now() + 60_000
  for (let last = Date.now(); Date.now() < Math.min(last + 3_000, patience); await sleep(200))
    if (existsSync(directory)) {
      await remove()
      last = Date.now()
    }
}
await Promise.all([...wards.values()].map(clear))
