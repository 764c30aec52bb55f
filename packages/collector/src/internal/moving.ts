/**
 * Moves a file so that nothing is overwritten and nothing is lost, and so that a move that broke off anywhere can be done again.
 *
 * A file gets its new name by a hard link, which a file system makes only where nothing has that name, and then loses its old one. Onto another file system
 * it is copied first, under a name that is this move's own, and flushed. A reason is written before, under the name that the file will have, and
 * holds the job that it belongs to; that claims the name. A move that fails leaves the file where it was, and nothing beside it.
 */
import { createHash } from "node:crypto"
import { constants, createReadStream } from "node:fs"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { codeOf } from "./print.ts"

/** Where a file goes. */
export interface Move {
  readonly from: string
  /** The path it is to have, or one like it where something has that: `prices~2.csv`. */
  readonly to: string
  /** The job whose doing this is. */
  readonly job: string
  /** What the file beside it says; none without. */
  readonly reason: string | undefined
}

/** The name of the file that says why. */
export const reasonOf = (file: string): string => `${file}.reason.txt`

const numbered = (file: string, number: number): string => {
  if (number === 1) return file
  const { dir, ext, name } = path.parse(file)
  return path.join(dir, `${name}~${number}${ext}`)
}

const mark = (job: string): string => `job:     ${job}`

const exists = (file: string): Promise<boolean> =>
  fs.lstat(file).then(
    () => true,
    () => false,
  )

// there are file systems without hard links, some refuse those of files that are others', and none links to another
const unlinkable: ReadonlySet<string | undefined> = new Set([
  "EXDEV",
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EMLINK",
  "EACCES",
])

// whether the reason beside a file is that of this job
const isOwn = async (file: string, job: string): Promise<boolean> =>
  (await fs.readFile(reasonOf(file), "utf8").catch(() => "")).split("\n").includes(mark(job))

// gives what was written under a name of its own the name it is to have, if nothing has that
const name = async (temporary: string, file: string): Promise<boolean> => {
  try {
    await fs.link(temporary, file)
    return true
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return false
    if (!unlinkable.has(codeOf(cause))) throw cause
    if (await exists(file)) return false
    await fs.rename(temporary, file)
    return true
  }
}

// writes the reason, whole or not at all; `undefined` where another file's is there
const claim = async (file: string, { job, reason }: Move): Promise<"own" | "new" | undefined> => {
  if (await exists(reasonOf(file))) return (await isOwn(file, job)) ? "own" : undefined
  if (reason === undefined) return "new"
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${job}.reason`)
  try {
    await fs.writeFile(temporary, `${reason.trimEnd()}\n\n${mark(job)}\n`, { flush: true })
    return (await name(temporary, reasonOf(file))) ? "new" : undefined
  } finally {
    await fs.rm(temporary, { force: true })
  }
}

// copies a file with its times, for good
const copy = async (from: string, to: string): Promise<void> => {
  await fs.rm(to, { force: true })
  await fs.copyFile(from, to, constants.COPYFILE_EXCL)
  const { atime, mtime } = await fs.stat(from)
  await fs.utimes(to, atime, mtime)
  const file = await fs.open(to, "r+")
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

const isOneFile = async (a: string, b: string): Promise<boolean> => {
  const [one, other] = await Promise.all([a, b].map((it) => fs.lstat(it).catch(() => undefined)))
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev
}

// a file that has its new name loses its old one; where it cannot, it loses the new one again
const leave = async (from: string, to: string): Promise<void> => {
  try {
    await fs.unlink(from)
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return
    await fs.rm(to, { force: true })
    throw cause
  }
}

// gives a file another name that nothing has: whether it has it now
const rename = async (from: string, to: string, job: string): Promise<boolean> => {
  const temporary = path.join(path.dirname(to), `.${path.basename(to)}.${job}.part`)
  try {
    await fs.link(from, to)
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST" && !unlinkable.has(codeOf(cause))) throw cause
    // one that broke off between its two steps has both names already
    if (!(await isOneFile(from, to)) && !(await isOneFile(temporary, to))) {
      if (codeOf(cause) === "EEXIST" || (await exists(to))) return false
      try {
        await copy(from, temporary)
        if (!(await name(temporary, to))) return false
        await leave(from, to)
        return true
      } finally {
        await fs.rm(temporary, { force: true })
      }
    }
  }
  await leave(from, to)
  await fs.rm(temporary, { force: true })
  return true
}

/** Moves a file, and returns where it is now. Done again, it goes on where it broke off. */
export const move = async (what: Move): Promise<string> => {
  await fs.mkdir(path.dirname(what.to), { recursive: true })
  for (let number = 1; ; number++) {
    const to = numbered(what.to, number)
    const claimed = await claim(to, what)
    if (claimed === undefined) continue
    const letGo = () => (what.reason === undefined ? Promise.resolve() : fs.rm(reasonOf(to), { force: true }))
    const has = await rename(what.from, to, what.job).catch(async (cause) => {
      await letGo()
      throw cause
    })
    if (has) return to
    if (claimed === "new") await letGo()
  }
}

/** Where a file that was moved with a reason is. */
export const findOwn = async ({ job, to }: Pick<Move, "job" | "to">): Promise<string | undefined> => {
  for (let number = 1; ; number++) {
    const file = numbered(to, number)
    if (await isOwn(file, job)) return file
    if (!(await exists(file)) && !(await exists(reasonOf(file)))) return undefined
  }
}

/** The SHA-256 of a file's bytes. */
export const hashOf = async (file: string): Promise<string> => {
  const hash = createHash("sha256")
  for await (const block of createReadStream(file)) hash.update(block as Buffer)
  return hash.digest("hex")
}
