/**
 * The process of one contender: `node dist/child.js NAME`, with its task sent by the parent as a message.
 *
 * @module
 */
import type { Task } from "./contender.ts"
import { measure } from "./measure.ts"

const name = process.argv[2] ?? ""
if (process.send === undefined) {
  console.error(
    "This is a part of the benchmark and needs its parent: run `npm run bench`, with `-- --help` to see what it takes.",
  )
  process.exit(2)
}
process.once("message", (task) => {
  measure(name, task as Task).then(
    (measured) => process.send?.(measured, undefined, undefined, () => process.disconnect()),
    (error: unknown) => {
      console.error(error)
      process.exitCode = 1
      process.disconnect()
    },
  )
})
