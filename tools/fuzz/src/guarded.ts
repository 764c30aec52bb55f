/**
 * A guarded process reads mutants under a watchdog: it is ended when it takes too much processor time for one of them.
 *
 * @module
 */
import { fork } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { heapMiB, mostSeconds, type Order, type Told } from "./protocol.ts"

/** Why a process ended before it was done. */
export interface Death {
  readonly kind: "hang" | "crash"
  /** The iteration it was at. */
  readonly iteration: number
  readonly what: string
}

/** Where the program of the processes and the real files are. */
export interface Place {
  readonly program: string
  readonly data: string
  /** The processor time after which a reading hangs; {@link mostSeconds} by default. */
  readonly seconds?: number
}

/** See the file's first sentence. */
export interface Guarded {
  /** Gives an order, hears what is told until the process is done with it, and gives how it died where it did. */
  readonly order: (order: Order, hear: (told: Told) => void) => Promise<Death | undefined>
  readonly end: () => void
}

// the processor time a process has taken, in seconds; Linux counts in hundredths
const processorSeconds = (pid: number): number => {
  if (process.platform !== "linux") return performance.now() / 1000
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    // it has just ended
    return 0
  }
}

/** Starts one. */
export const guarded = ({ data, program, seconds = mostSeconds }: Place): Guarded => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-fuzz-"))
  const progress = join(folder, "progress")
  const child = fork(program, [data, progress], {
    execArgv: [`--max-old-space-size=${heapMiB}`],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  })
  let errors = ""
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-4_000)
  })
  let exited: string | undefined
  child.once("exit", (code, signal) => {
    exited = `${signal ?? `exit code ${code}`}`
  })
  const iterationOf = (): number => {
    try {
      const place = readFileSync(progress)
      return place.length === 8 ? place.readDoubleLE() : -1
    } catch {
      return -1
    }
  }
  return {
    order: (order, hear) =>
      new Promise((resolve) => {
        let at = -1
        let since = processorSeconds(child.pid!)
        let hung = false
        const watch = setInterval(() => {
          const iteration = iterationOf()
          if (iteration !== -1) {
            if (iteration !== at) since = processorSeconds(child.pid!)
            at = iteration
          }
          if (processorSeconds(child.pid!) - since <= seconds) return
          hung = true
          child.kill("SIGKILL")
        }, 250)
        const finish = (death: Death | undefined): void => {
          clearInterval(watch)
          child.off("message", onMessage)
          child.off("close", onClose)
          resolve(death)
        }
        const onMessage = (message: unknown): void => {
          const told = message as Told
          hear(told)
          if (told.told !== "wrong") finish(undefined)
        }
        const onClose = (): void => {
          const iteration = iterationOf()
          finish(
            hung
              ? { kind: "hang", iteration, what: `no end within ${seconds} s of processor time` }
              : { kind: "crash", iteration, what: `the process ended with ${exited}\n${errors}` },
          )
        }
        child.on("message", onMessage)
        child.once("close", onClose)
        if (exited !== undefined) onClose()
        else child.send(order)
      }),
    end: () => {
      child.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
