/** Addresses with a password that must not be told: a server that is not there, and a database that the server does not have. */
export const strangersOf = (url: string): { readonly secret: string; readonly gone: string; readonly unknown: string } => {
  const secret = "s3cr3t-passw0rd"
  const gone = new URL(url)
  gone.password = secret
  gone.port = "1"
  const unknown = new URL(url)
  unknown.pathname = "/nowhere"
  unknown.password = secret
  return { secret, gone: gone.href, unknown: unknown.href }
}
