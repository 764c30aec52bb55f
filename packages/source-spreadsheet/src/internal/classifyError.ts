/**
 * What the errors of the file system and of zlib mean for a source: one table, by error code.
 */
import { Source } from "@waybill/core"

type Kind = { readonly reason: Source.Reason; readonly isRetryable: boolean; readonly says: string }

const notFound: Kind = { reason: "NotFound", isRetryable: false, says: "there is no such file" }
const refused: Kind = { reason: "Refused", isRetryable: false, says: "the file may not be read" }
const busy: Kind = { reason: "Busy", isRetryable: true, says: "the file cannot be opened now" }
const broken: Kind = { reason: "Unreachable", isRetryable: true, says: "the file could not be read" }
const damaged: Kind = { reason: "Malformed", isRetryable: false, says: "it is damaged, what is packed in it cannot be unpacked" }

const kinds = new Map<string, Kind>([
  ["ENOENT", notFound],
  ["ENOTDIR", notFound],
  ["ENAMETOOLONG", notFound],
  ["EACCES", refused],
  ["EPERM", refused],
  ["EISDIR", { ...refused, says: "it is a directory, not a file" }],
  ["ELOOP", refused],
  ["EMFILE", busy],
  ["ENFILE", busy],
  ["EBUSY", busy],
  ["EAGAIN", busy],
  ["EIO", broken],
  ["ESTALE", broken],
  ["ETIMEDOUT", broken],
  ["Z_DATA_ERROR", damaged],
  ["Z_BUF_ERROR", damaged],
])

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined

/** An error of the file system or of zlib as a source error; `undefined` for anything that is none, which is a defect. */
export const classifyError = (error: unknown, name: string): Source.SourceError | undefined => {
  if (error instanceof Source.SourceError) return error
  const code = codeOf(error)
  const kind = code === undefined ? undefined : kinds.get(code)
  if (kind === undefined) return undefined
  return new Source.SourceError({
    reason: kind.reason,
    isRetryable: kind.isRetryable,
    message: `${name}: ${kind.says} (${code})`,
    cause: error,
  })
}

/** The input is not what it should be; trying again will not help. */
export const malformed = (message: string): Source.SourceError =>
  new Source.SourceError({ reason: "Malformed", isRetryable: false, message })

/** The input is larger than a limit allows. */
export const tooLarge = (message: string): Source.SourceError =>
  new Source.SourceError({ reason: "TooLarge", isRetryable: false, message })

/** There is no such thing in the input. */
export const missing = (message: string): Source.SourceError =>
  new Source.SourceError({ reason: "NotFound", isRetryable: false, message })
