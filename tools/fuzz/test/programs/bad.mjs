// A process that goes wrong at the iteration its order begins with: it hangs, takes all memory, or is killed.
import { writeFileSync } from "node:fs"

const [way, progress] = process.argv.slice(2)
process.on("message", ({ from }) => {
  const place = Buffer.alloc(8)
  place.writeDoubleLE(from)
  writeFileSync(progress, place)
  if (way === "hang") for (;;);
  if (way === "kill") process.kill(process.pid, "SIGKILL")
  const all = []
  for (;;) all.push({ of: all.length })
})
