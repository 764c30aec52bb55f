/**
 * Takes what looks like a secret out of errors and logs. Adapters keep secrets out of their errors themselves; this is for what
 * other code says: a driver, a bug.
 */

const credentials = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#'"]*@/gi
const parameters =
  /\b(password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|authorization|key)(["']?\s*[=:]\s*["']?)(bearer\s+|basic\s+)?[^\s&;,'"]+/gi

/** The text without the user and password of URLs, and without the values of parameters named after secrets. */
export const scrub = (text: string): string => text.replace(credentials, "$1***@").replace(parameters, "$1$2***")
