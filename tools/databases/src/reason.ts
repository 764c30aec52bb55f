/**
 * Says why something failed in one line that is safe to print: the credentials of a connection URL never appear in it.
 *
 * @module
 */

const authority = (url: string): string => url.replace(/^[^:]*:\/\//, "").replace(/\?.*$/s, "")

/** The host part of a connection URL (also with several hosts), without credentials, path and parameters. */
export const hostOf = (url: string): string => authority(url).split("@").at(-1)?.split("/")[0] || "localhost"

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const secretsOf = (url: string): ReadonlyArray<string> => {
  const credentials = authority(url).split("@").slice(0, -1).join("@")
  const password = credentials.includes(":") ? credentials.slice(credentials.indexOf(":") + 1) : ""
  const parameters = [...url.matchAll(/[?&][^=&]*password=([^&]*)/gi)].map((match) => match[1] ?? "")
  return [url, credentials, password, ...parameters]
    .flatMap((secret) => [secret, decoded(secret)])
    .filter((secret) => secret.length > 0)
}

const messageOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ")
  return error instanceof Error ? error.message || error.name : String(error)
}

/** The message of an error, with everything secret in `url` replaced by `***`. */
export const reasonOf = (error: unknown, url?: string): string =>
  (url === undefined ? [] : secretsOf(url)).reduce(
    (message, secret) => message.replaceAll(secret, "***"),
    messageOf(error)
      .trim()
      .replace(/\s*\n\s*/g, " | "),
  )
