/** Addresses with a password that must not be told: a server that refuses it, and one that is not there. */
export const strangersOf = (url: string): { readonly secret: string; readonly refused: string; readonly gone: string } => {
  const secret = "s3cr3t-passw0rd"
  const refused = new URL(url)
  refused.username = "nobody"
  refused.password = secret
  refused.searchParams.set("serverSelectionTimeoutMS", "500")
  const gone = new URL(refused)
  gone.host = "127.0.0.1:1"
  return { secret, refused: refused.href, gone: gone.href }
}
