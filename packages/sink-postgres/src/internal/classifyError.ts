/**
 * Turns what the driver throws into a `SinkError`: the only place that reads `error.code`.
 *
 * @module
 */
import { Sink } from "@waybill/core"
import type { ServerError } from "./Driver.ts"

interface Class {
  readonly reason: Sink.Reason
  readonly isRetryable: boolean
}

const unreachable: Class = { reason: "Unreachable", isRetryable: true }
const timeout: Class = { reason: "Timeout", isRetryable: true }
const unauthorized: Class = { reason: "Unauthorized", isRetryable: false }
const mismatch: Class = { reason: "SchemaMismatch", isRetryable: false }
const refused: Class = { reason: "DataRefused", isRetryable: false }
const contention: Class = { reason: "Contention", isRetryable: true }
const capacity: Class = { reason: "Capacity", isRetryable: true }
const unknown: Class = { reason: "Unknown", isRetryable: false }

// whole codes first, then their classes of two characters
const byCode: ReadonlyMap<string, Class> = new Map([
  ["ECONNREFUSED", unreachable],
  ["ECONNRESET", unreachable],
  ["ECONNABORTED", unreachable],
  ["EPIPE", unreachable],
  ["ENOTFOUND", unreachable],
  ["EAI_AGAIN", unreachable],
  ["EHOSTUNREACH", unreachable],
  ["ENETUNREACH", unreachable],
  ["ENETDOWN", unreachable],
  ["ENOENT", unreachable],
  ["ERR_STREAM_DESTROYED", unreachable],
  ["ERR_STREAM_WRITE_AFTER_END", unreachable],
  ["ETIMEDOUT", timeout],
  // admin, crash and database shutdown, cannot connect now, idle session timeouts
  ["57P01", unreachable],
  ["57P02", unreachable],
  ["57P03", unreachable],
  ["57P04", unreachable],
  ["57P05", unreachable],
  ["25P03", unreachable],
  ["25P04", timeout],
  ["57014", timeout],
  ["55P03", contention],
  ["40001", contention],
  ["40P01", contention],
  ["40002", refused],
  ["55006", contention],
  ["3D000", unauthorized],
  ["42501", unauthorized],
  // a read-only server, for a commit
  ["25006", unauthorized],
])

const byClass: ReadonlyMap<string, Class> = new Map([
  ["08", unreachable],
  ["22", refused],
  ["23", refused],
  ["28", unauthorized],
  ["40", contention],
  ["42", mismatch],
  ["3F", mismatch],
  ["44", refused],
  ["53", capacity],
  ["54", refused],
  ["58", capacity],
  // raised by a trigger or a function of the target
  ["P0", refused],
])

// pg has no code for these
const byMessage: ReadonlyArray<readonly [RegExp, Class]> = [
  [/connection terminated due to connection timeout|timeout exceeded when trying to connect|timeout expired/i, timeout],
  [/query read timeout/i, timeout],
  [/connection terminated|connection error and is not queryable|client was closed|socket hang up/i, unreachable],
  [/password must be a string|no pg_hba\.conf entry/i, unauthorized],
]

const codeOf = (error: unknown): string | undefined => {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === "string" && code !== "" ? code : undefined
}

const classOf = (code: string | undefined, message: string): Class =>
  (code === undefined ? undefined : (byCode.get(code) ?? (code.length === 5 ? byClass.get(code.slice(0, 2)) : undefined))) ??
  byMessage.find(([pattern]) => pattern.test(message))?.[1] ??
  // a TLS handshake that fails is a matter of settings
  (code?.startsWith("ERR_TLS") || code?.startsWith("CERT_") || code?.includes("SELF_SIGNED") ? unauthorized : unknown)

// whatever looks like the URL of a server loses its user and password
const withoutSecrets = (text: string): string => text.replace(/(\w+:\/\/)[^\s/@]*@/g, "$1")

/** What is wrong with the world, from what the driver threw. Pure. */
export const classifyError = (error: unknown): Sink.SinkError => {
  if (error instanceof Sink.SinkError) return error
  const text = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  const { isRetryable, reason } = classOf(code, text)
  const server = error as Partial<ServerError> | null | undefined
  // an AggregateError of several addresses has no message of its own
  const message = withoutSecrets(text === "" ? (code ?? "the connection failed") : text)
  return new Sink.SinkError({
    reason,
    isRetryable,
    message,
    ...(code === undefined ? {} : { code }),
    ...(reason === "DataRefused"
      ? { refused: { entity: "", index: null, part: null, constraint: server?.constraint ?? server?.column ?? null } }
      : {}),
    cause: error,
  })
}

/** Whether an error of COPY is about the data it was sent, so that it may be for one record alone. */
export const isAboutData = (error: Sink.SinkError): boolean => error.reason === "DataRefused"

/** Whether a unique index refused a record, and which. */
export const takenIn = (error: Sink.SinkError): string | null =>
  error.code === "23505" ? (error.refused?.constraint ?? null) : null

/** Whether a foreign key refused it. */
export const isStillReferred = (error: Sink.SinkError): boolean => error.code === "23503"
