/**
 * Reads NDJSON files in groups of lines.
 *
 * @module
 */
import { createReadStream } from "node:fs"

/** The values of a file's lines, in arrays of `size`; the last may be shorter. */
export async function* readGroups<T>(file: string, size: number): AsyncGenerator<ReadonlyArray<T>> {
  let group: Array<T> = []
  let rest = ""
  for await (const chunk of createReadStream(file, { encoding: "utf8", highWaterMark: 1 << 18 })) {
    const lines = (rest + String(chunk)).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      group.push(JSON.parse(line) as T)
      if (group.length < size) continue
      yield group
      group = []
    }
  }
  if (group.length > 0) yield group
}
