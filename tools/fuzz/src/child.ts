/**
 * The process that reads mutants: `node dist/child.js DATA PROGRESS`, ordered about by its parent.
 *
 * @module
 */
import { openSync, readFileSync, writeSync } from "node:fs"
import { attempt } from "./attempt.ts"
import { mutant } from "./mutant.ts"
import { mostBytes, type Order, type Told } from "./protocol.ts"
import { seeds } from "./seeds.ts"

const [data, progress] = process.argv.slice(2) as [string, string]
const all = seeds(data)
const file = openSync(progress, "w")
const place = Buffer.alloc(8)

// Linux counts the memory of the process that started this one in `maxRSS`, but not in its own list
const peakRss = (): number => {
  const status = process.platform === "linux" ? readFileSync("/proc/self/status", "utf8") : ""
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS) * 1024
}

const tell = (told: Told): Promise<void> => new Promise((resolve) => process.send?.(told, undefined, undefined, () => resolve()))

const iterate = async (seed: number, from: number, to: number): Promise<void> => {
  const ends = { read: 0, refused: 0, rows: 0 }
  let iteration = from
  let peakRssBytes = 0
  while (iteration < to && peakRssBytes <= mostBytes) {
    place.writeDoubleLE(iteration)
    writeSync(file, place, 0, place.length, 0)
    const found = await attempt(mutant(all, seed, iteration))
    peakRssBytes = peakRss()
    if (found.end === "wrong") await tell({ told: "wrong", iteration, what: found.what })
    else if (peakRssBytes > mostBytes) {
      await tell({ told: "wrong", iteration, what: `memory: ${Math.round(peakRssBytes / 2 ** 20)} MiB` })
    } else ends[found.end]++
    if (found.end === "read") ends.rows += found.rows
    iteration++
  }
  await tell({ told: "done", next: iteration, ends, peakRssBytes })
}

process.on("message", (message) => {
  const order = message as Order
  const done =
    order.do === "iterate"
      ? iterate(order.seed, order.from, order.to)
      : attempt({ ...order, bytes: Buffer.from(order.base64, "base64") }).then((end) =>
          tell({ told: "tried", end, peakRssBytes: peakRss() }),
        )
  done.catch((error: unknown) => {
    console.error(error)
    process.exit(70)
  })
})
