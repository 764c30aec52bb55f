/**
 * What an answer or a failed connection means as a {@link Source.SourceError}: pure functions, and the only place that looks at
 * status codes and at the codes of the platform.
 *
 * The statuses and texts are those of the server code (openchargemap/ocm-system, `APIResponseHandlers`, `CompatibleAPICoreHTTPHandler`);
 * it has neither 429 nor `Retry-After`, but what stands before it may.
 */
import { Source } from "@waybill/core"
import { Duration } from "effect"

const wordsLength = 300

/** The first words of a body, on one line; of an HTML page its title. */
export const words = (body: string): string => {
  const title = /^\s*<[\s\S]{0,2000}?<title>([^<]*)<\/title>/i.exec(body)?.[1]
  const text = (title === undefined ? body : `an HTML page, “${title}”`).replace(/\s+/g, " ").trim()
  return text.length > wordsLength ? `${text.slice(0, wordsLength)}…` : text
}

const httpDate = /^(\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT|\w{6,9}, \d{2}-\w{3}-\d{2} \d{2}:\d{2}:\d{2} GMT)$/

/** The wait that `Retry-After` asks for: seconds, or the time until an HTTP date (RFC 9110 section 10.2.3). */
export const retryAfter = (header: string | undefined, now: number): Duration.Duration | undefined => {
  const text = header?.trim() ?? ""
  if (/^\d{1,9}$/.test(text)) return Duration.seconds(Number(text))
  const moment = httpDate.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(moment) ? undefined : Duration.millis(Math.max(0, moment - now))
}

const make = (reason: Source.Reason, isRetryable: boolean, message: string, wait?: Duration.Duration): Source.SourceError =>
  new Source.SourceError({
    reason,
    isRetryable,
    message: `Open Charge Map ${message}`,
    ...(wait === undefined ? {} : { retryAfter: wait }),
  })

/** The answer is not what the API speaks. */
export const malformed = (message: string, isRetryable: boolean): Source.SourceError => make("Malformed", isRetryable, message)

/** The request is not one that can be answered. */
export const refused = (message: string): Source.SourceError => make("Refused", false, message)

/** More than a limit allows. */
export const tooLarge = (message: string): Source.SourceError => make("TooLarge", false, `gave ${message}`)

/** No answer in time. */
export const tooSlow = (timeout: Duration.Duration): Source.SourceError =>
  make("Timeout", true, `did not answer within ${Duration.format(timeout)}`)

/** What a status other than 200 means. */
export const fromStatus = (
  status: number,
  header: (name: string) => string | undefined,
  body: string,
  now: number,
): Source.SourceError => {
  const said = words(body)
  const message = `answered ${status}${said === "" ? "" : `: ${said}`}`
  const wait = retryAfter(header("retry-after"), now)
  if (status === 429) return make("Busy", true, message, wait)
  // what the server says to user agents it takes for robots; asking again changes nothing
  if (status === 503 && /requests by robots/i.test(body)) return refused(`${message} (it goes by the user agent)`)
  if (status === 503) return make("Busy", true, message, wait)
  if (status === 408) return make("Timeout", true, message, wait)
  if (status >= 500) return make("Unreachable", true, message, wait)
  if (status === 404 || status === 410) return make("NotFound", false, message)
  if (status >= 300 && status < 400)
    return refused(`answered ${status}, a redirect${header("location") === undefined ? "" : ` to ${header("location")}`}`)
  return refused(message)
}

// the innermost code: `fetch` wraps the system's error
const codeOf = (cause: unknown): string | undefined => {
  let code: string | undefined
  let inner = cause
  for (let depth = 0; depth < 5 && typeof inner === "object" && inner !== null; depth++) {
    if ("code" in inner && typeof inner.code === "string") code = inner.code
    inner = "cause" in inner ? inner.cause : undefined
  }
  return code
}

// a certificate does not get better by asking again
const untrusted = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/

/** A connection that failed or broke off; `cause` is the platform's error. */
export const unreachable = (cause: unknown): Source.SourceError => {
  const code = codeOf(cause)
  return new Source.SourceError({
    reason: "Unreachable",
    isRetryable: code === undefined || !untrusted.test(code),
    message: `Open Charge Map could not be reached, or broke off (${code ?? "no code"})`,
    cause,
  })
}

/** The rows of the body of a 200; `open` takes out of it what may not be shown. */
export const rowsOf = (text: string, open: (text: string) => string): ReadonlyArray<unknown> | Source.SourceError => {
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text
  const value = parse(body)
  if (Array.isArray(value)) return value
  // an exception in the server's handler ends in 200 without a body
  if (/^\s*$/.test(body)) return malformed("answered 200 with an empty body", true)
  if (value !== undefined) return malformed(`answered with JSON that is not a list of stations: ${words(open(body))}`, false)
  if (/^\s*[[{]/.test(body)) return malformed(`answered with JSON that is cut off after ${body.length} characters`, true)
  return malformed(`answered with what is not JSON: ${words(open(body))}`, false)
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
