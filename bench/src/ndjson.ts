/**
 * Reads NDJSON files in groups of lines.
 *
 * @module
 */
import { createReadStream } from "node:fs"

/** The values of a file's lines, each of which ends with a line feed, in arrays of `size`; the last may be shorter. */
export async function* readGroups<T>(file: string, size: number): AsyncGenerator<ReadonlyArray<T>> {
  let group: Array<T> = []
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 })) {
    const bytes = Buffer.concat([rest, chunk as Buffer])
    const end = bytes.lastIndexOf(10) + 1
    rest = bytes.subarray(end)
    if (end === 0) continue
    for (const value of JSON.parse(`[${bytes.toString("utf8", 0, end - 1).replaceAll("\n", ",")}]`) as Array<T>) {
      group.push(value)
      if (group.length < size) continue
      yield group
      group = []
    }
  }
  if (group.length > 0) yield group
}
