/**
 * What the file stores share: files that are created whole, their names, and what a file system's error means.
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs/promises"
import * as path from "node:path"

/** A name beside a file that no other process uses; it begins with a dot. */
export const temporaryName = (file: string): string =>
  path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString("hex")}`)

// a file or folder of its own: no way up or elsewhere, no name of the system's, and no dot, which temporary files begin with
const isSegment = (text: string): boolean => text !== "" && !text.startsWith(".") && !/[/\\\u0000]/.test(text)

/** The path of a job's folder or part within `folder`, or `undefined` where the name is none that can be kept there. */
export const pathOf = (folder: string, job: string, name?: string): string | undefined => {
  const segments = name === undefined ? [] : name.split("/")
  return isSegment(job) && segments.every(isSegment) ? path.join(folder, job, ...segments) : undefined
}

/** The reason in a file system's error. Codes: Node's `errno` constants. */
export const classify = (
  cause: unknown,
): { readonly reason: "NotFound" | "AlreadyExists" | "Unreachable" | "Capacity" | "Unknown"; readonly message: string } => {
  const { code, message } = cause as { code?: string; message?: string }
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return { reason: "NotFound", message: "there is no such file" }
    case "EEXIST":
      return { reason: "AlreadyExists", message: "it is there already with other bytes" }
    case "ENOSPC":
    case "EDQUOT":
    case "EMFILE":
    case "ENFILE":
      return { reason: "Capacity", message: message ?? code }
    case "EIO":
    case "ESTALE":
    case "ETIMEDOUT":
      return { reason: "Unreachable", message: message ?? code }
    default:
      return { reason: "Unknown", message: message ?? String(cause) }
  }
}

/** Creates a file that must not be there, whole or not at all. */
export const createWhole = async (file: string, text: string): Promise<void> => {
  const temporary = temporaryName(file)
  await fs.writeFile(temporary, text, { flag: "wx" })
  try {
    await fs.link(temporary, file)
  } finally {
    await fs.unlink(temporary)
  }
}

/** The name of the file of a version. */
export const versionFile = (version: number): string => `${String(version).padStart(8, "0")}.json`

/** The names of the files of all versions in a folder, the oldest first; none where there is no such folder. */
export const versionFiles = async (folder: string): Promise<ReadonlyArray<string>> => {
  try {
    return (await fs.readdir(folder)).filter((name) => /^\d+\.json$/.test(name)).sort()
  } catch (cause) {
    if (classify(cause).reason === "NotFound") return []
    throw cause
  }
}
