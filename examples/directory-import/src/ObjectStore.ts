/**
 * Where the content of files is kept: a port of two calls, and folders as the store of one machine.
 *
 * Keys are made of the content's hash, so to put one again changes nothing, and whoever died in the middle of it has only left something to do again.
 */
import { createReadStream, createWriteStream } from "node:fs"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { pipeline } from "node:stream/promises"

/** The port. */
export interface ObjectStore {
  /** For people: where objects lie, without credentials. */
  readonly name: string
  /** The size of the object of a key, or `undefined` where there is none. */
  readonly size: (key: string) => Promise<number | undefined>
  /** Puts the bytes of a file under a key, whole or not at all. */
  readonly put: (key: string, file: string, bytes: number) => Promise<void>
}

/** The key of content: `ab/abcdef…`, so that no folder grows too large. */
export const keyOf = (sha256: string): string => `${sha256.slice(0, 2)}/${sha256}`

/** A store in a folder. */
export const folder = (root: string): ObjectStore => ({
  name: root,
  size: (key) =>
    fs.stat(path.join(root, key)).then(
      ({ size }) => size,
      (cause: { readonly code?: string }) => (cause.code === "ENOENT" ? undefined : Promise.reject(cause)),
    ),
  put: async (key, file) => {
    const target = path.join(root, key)
    await fs.mkdir(path.dirname(target), { recursive: true })
    // unlike any other's, so that two who put the same do not write into one file
    const temporary = path.join(path.dirname(target), `.${path.basename(key)}.${process.pid}`)
    await pipeline(createReadStream(file), createWriteStream(temporary, { flush: true }))
    await fs.rename(temporary, target)
  },
})
