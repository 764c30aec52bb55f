/**
 * The print of a file: what a file system tells of it, by which it is known to be still the same one.
 */
import * as fs from "node:fs/promises"

/** See the file's first sentence. */
export interface Print {
  readonly ino: number
  readonly size: number
  readonly mtimeMs: number
}

/** The code of a failure of the file system. */
export const codeOf = (cause: unknown): string | undefined => (cause as { readonly code?: string } | null)?.code

/** The print of what has a name; `undefined` where nothing has. */
export const printOf = async (file: string): Promise<Print | undefined> => {
  try {
    const { ino, mtimeMs, size } = await fs.lstat(file)
    return { ino, size, mtimeMs }
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined
    throw cause
  }
}

/** Whether two prints are of the same file with the same content. */
export const isSame = (a: Print | undefined, b: Print | undefined): boolean =>
  a !== undefined && b !== undefined && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs
