/**
 * Walks a folder in an order that is the same everywhere, and follows no link.
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"

/** A file that was found. */
export interface Found {
  /** The path from the folder on, with `/` between its parts. */
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly modified: Date
}

/** What is not collected, and why. */
export interface Refused {
  readonly name: string
  readonly why: string
}

/** What a walk found. */
export interface Walked {
  readonly files: ReadonlyArray<Found>
  readonly refused: ReadonlyArray<Refused>
}

/** Whether a path is a folder or lies in it. */
export const isWithin = (folder: string, file: string): boolean => {
  const relative = path.relative(folder, file)
  return relative === "" || (relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative))
}

const whyNoLink = async (root: string, link: string): Promise<string> => {
  try {
    const target = await fs.realpath(link)
    return isWithin(root, target)
      ? "it is a symbolic link; what it leads to is collected where it lies"
      : "it is a symbolic link that leads out of the folder"
  } catch {
    return "it is a symbolic link that leads nowhere"
  }
}

/** The files of a folder, depth first, names in the order of their code units. Names that begin with a dot, and `without`, are passed by. */
export const walk = async (root: string, without: ReadonlyArray<string>): Promise<Walked> => {
  const files: Array<Found> = []
  const refused: Array<Refused> = []
  const visit = async (folder: string, prefix: string): Promise<void> => {
    const entries = await fs.readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
      if (prefix === "") throw cause
      refused.push({ name: prefix.slice(0, -1), why: `the folder cannot be read: ${cause.message}` })
      return []
    })
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const full = path.join(folder, entry.name)
      const name = `${prefix}${entry.name}`
      if (entry.name.startsWith(".") || without.includes(full)) continue
      if (entry.isSymbolicLink()) refused.push({ name, why: await whyNoLink(root, full) })
      else if (entry.isDirectory()) await visit(full, `${name}/`)
      else if (!entry.isFile()) refused.push({ name, why: "it is neither a file nor a folder" })
      else {
        // gone since the folder was listed: whoever takes it away needs no word about it
        const stat = await fs.lstat(full).catch(() => undefined)
        if (stat?.isFile()) files.push({ name, path: full, bytes: stat.size, modified: stat.mtime })
      }
    }
  }
  await visit(root, "")
  return { files, refused }
}
