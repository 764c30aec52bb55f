/**
 * Walks a folder in an order that is the same everywhere, and follows no link.
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { codeOf } from "./print.ts"

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

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

// a name that is not UTF-8 cannot be given to a job, nor asked for again: its bytes, for who has to rename it
const escaped = (name: Buffer): string =>
  [...name].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)).join("")

/** The files of a folder, depth first, names in the order of their code units. Names that begin with a dot, and `without`, are passed by. */
export const walk = async (root: string, without: ReadonlyArray<string>): Promise<Walked> => {
  const files: Array<Found> = []
  const refused: Array<Refused> = []
  const list = async (folder: string, prefix: string) => {
    const entries = await fs.readdir(folder, { withFileTypes: true, encoding: "buffer" }).catch((cause: Error) => {
      if (prefix === "") throw cause
      refused.push({ name: prefix.slice(0, -1), why: `the folder cannot be read: ${cause.message}` })
      return []
    })
    return entries
      .map((entry) => ({ entry, name: entry.name.toString("utf8") }))
      .toSorted((a, b) => compare(a.name, b.name) || Buffer.compare(a.entry.name, b.entry.name))
  }
  const take = async (name: string, full: string): Promise<void> => {
    try {
      const stat = await fs.lstat(full)
      if (!stat.isFile()) return
      // what may be read is told by opening it: who asks for permissions is told those of who started the process
      await (await fs.open(full)).close()
      files.push({ name, path: full, bytes: stat.size, modified: stat.mtime })
    } catch (cause) {
      // gone since the folder was listed: whoever takes it away needs no word about it
      if (codeOf(cause) !== "ENOENT") refused.push({ name, why: `it cannot be read: ${(cause as Error).message}` })
    }
  }
  const visit = async (folder: string, prefix: string): Promise<void> => {
    for (const { entry, name: own } of await list(folder, prefix)) {
      const full = path.join(folder, own)
      const name = `${prefix}${own}`
      if (own.startsWith(".") || without.includes(full)) continue
      if (!Buffer.from(own, "utf8").equals(entry.name))
        refused.push({ name: `${prefix}${escaped(entry.name)}`, why: "its name is not UTF-8; rename it" })
      else if (entry.isSymbolicLink()) refused.push({ name, why: await whyNoLink(root, full) })
      else if (entry.isDirectory()) await visit(full, `${name}/`)
      else if (!entry.isFile()) refused.push({ name, why: "it is neither a file nor a folder" })
      else await take(name, full)
    }
  }
  await visit(root, "")
  return { files, refused }
}
