/**
 * Numbers, sizes, times and durations as people read them.
 */

/** A whole number with a comma between groups of three digits. */
export const count = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",")

/** A number of things: `1 row`, `2,000 rows`. */
export const many = (value: number, one: string, several = `${one}s`): string => `${count(value)} ${value === 1 ? one : several}`

/** Milliseconds as `640 ms`, `1.2 s` or `2 min 5 s`. */
export const duration = (milliseconds: number): string => {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 59_950) return `${(milliseconds / 1_000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1_000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** An ISO moment in UTC as `2026-03-02 10:15:03 UTC`. */
export const moment = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`

/** A size in bytes as `512 B`, `41.2 kB`, `3.0 MB`. */
export const size = (bytes: number): string => {
  if (bytes < 1_000) return `${bytes} B`
  const step = Math.min(3, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1_000 ** step).toFixed(1)} ${["B", "kB", "MB", "GB"][step]}`
}
