/**
 * Generated input files: written once into `bench/.cache`, which git ignores, and used again by every run that asks for the same.
 *
 * @module
 */
import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { mkdir, rename, stat } from "node:fs/promises"
import { join } from "node:path"
import { finished } from "node:stream/promises"
import { fileURLToPath } from "node:url"

/** `bench/.cache`. Both the sources and the built program are one folder below `bench`. */
export const cacheFolder = fileURLToPath(new URL("../.cache", import.meta.url))

const chunkLength = 1 << 20

/**
 * The file of this name, which says everything it depends on: made from `header` and `rows` lines if it is not there. It gets its
 * name only when it is complete.
 */
export const cachedFile = async (name: string, header: string, rows: number, line: () => string): Promise<string> => {
  const path = join(cacheFolder, name)
  if (await stat(path).catch(() => undefined)) return path
  await mkdir(cacheFolder, { recursive: true })
  const unfinished = `${path}.${process.pid}.tmp`
  const file = createWriteStream(unfinished)
  let chunk = header
  for (let at = 0; at < rows; at++) {
    chunk += line()
    if (chunk.length < chunkLength) continue
    if (!file.write(chunk)) await once(file, "drain")
    chunk = ""
  }
  file.end(chunk)
  await finished(file)
  await rename(unfinished, path)
  return path
}
