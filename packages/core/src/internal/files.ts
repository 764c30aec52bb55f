/**
 * What the file stores share: names of temporary files, and what a file system's error means.
 */
import { randomBytes } from "node:crypto"
import * as path from "node:path"

/** A name beside a file that no other process uses; it begins with a dot. */
export const temporaryName = (file: string): string =>
  path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString("hex")}`)

/** The reason in a file system's error. Codes: Node's `errno` constants. */
export const classify = (
  cause: unknown,
): { readonly reason: "NotFound" | "AlreadyExists" | "Unreachable" | "Capacity" | "Unknown"; readonly message: string } => {
  const { code, message } = cause as { code?: string; message?: string }
  switch (code) {
    case "ENOENT":
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
