/**
 * Moves a file so that nothing is overwritten and nothing is lost, and so that a move that broke off anywhere can be done again.
 *
 * A file gets its new name by a hard link, which a file system makes only where nothing has that name, and then loses its old one. A reason is
 * written before, under the name that the file will have, and holds the job that it belongs to; that claims the name.
 */
import { createHash } from "node:crypto"
import { constants, createReadStream } from "node:fs"
import * as fs from "node:fs/promises"
import * as path from "node:path"

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

const codeOf = (cause: unknown): string | undefined => (cause as { readonly code?: string }).code

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

// whether the reason beside a file is that of this job
const isOwn = async (file: string, job: string): Promise<boolean> =>
  (await fs.readFile(reasonOf(file), "utf8").catch(() => "")).split("\n").includes(mark(job))

// writes the reason, whole or not at all; `false` where another file's is there
const claim = async (file: string, { job, reason }: Move): Promise<"own" | "new" | undefined> => {
  if (await exists(reasonOf(file))) return (await isOwn(file, job)) ? "own" : undefined
  if (reason === undefined) return "new"
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${job}.reason`)
  await fs.writeFile(temporary, `${reason.trimEnd()}\n\n${mark(job)}\n`)
  try {
    await fs.link(temporary, reasonOf(file))
    return "new"
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return undefined
    // no hard links here
    await fs.copyFile(temporary, reasonOf(file), constants.COPYFILE_EXCL)
    return "new"
  } finally {
    await fs.rm(temporary, { force: true })
  }
}

// gives a file another name that nothing has: whether it has it now
const rename = async (from: string, to: string, job: string): Promise<boolean> => {
  try {
    await fs.link(from, to)
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") {
      const [there, here] = await Promise.all([fs.lstat(to), fs.lstat(from)])
      // the move broke off between its two steps
      if (there.ino !== here.ino || there.dev !== here.dev) return false
    } else if (["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES"].includes(codeOf(cause) ?? "")) {
      if (await exists(to)) return false
      const temporary = path.join(path.dirname(to), `.${path.basename(to)}.${job}.part`)
      await fs.copyFile(from, temporary)
      await fs.rename(temporary, to)
    } else throw cause
  }
  await fs.unlink(from)
  return true
}

/** Moves a file, and returns where it is now. Done again, it goes on where it broke off. */
export const move = async (what: Move): Promise<string> => {
  await fs.mkdir(path.dirname(what.to), { recursive: true })
  for (let number = 1; ; number++) {
    const to = numbered(what.to, number)
    const claimed = await claim(to, what)
    if (claimed === undefined) continue
    if (await rename(what.from, to, what.job)) return to
    if (claimed === "new" && what.reason !== undefined) await fs.rm(reasonOf(to), { force: true })
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
