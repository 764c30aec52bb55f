/**
 * The keys that may have been meant by one that exists nowhere: offered to people, and never taken for it.
 *
 * Keys are compared as the names of columns are ({@link "./nearColumns.ts"}), but may differ by one letter for each three.
 */
import { distance, fold } from "./nearColumns.ts"

const most = 5
const longest = 200

/** Keys that come one by one, of which the nearest to each of those wanted are kept. */
export class NearKeys {
  private readonly wanted: ReadonlyArray<{
    readonly key: string
    readonly folded: string
    readonly allowed: number
    readonly found: Map<string, number>
  }>
  private readonly leftOut = new Set<string>()

  constructor(keys: ReadonlyArray<string>) {
    this.wanted = keys.map((key) => {
      const folded = key.length > longest ? "" : fold(key)
      return { key, folded, allowed: Math.floor(folded.length / 3), found: new Map() }
    })
  }

  /** Passes a key over when it is looked at, for it is about to be gone. */
  leaveOut(key: string): void {
    this.leftOut.add(key)
  }

  /** Looks at a key that exists. */
  add(key: string): void {
    if (key.length > longest || this.leftOut.has(key)) return
    const folded = fold(key)
    if (folded === "") return
    for (const it of this.wanted) {
      if (it.folded === "" || key === it.key) continue
      const far = distance(it.folded, folded, it.allowed)
      if (far <= it.allowed) keep(it.found, key, far)
    }
  }

  /** The nearest keys to one of those wanted, the nearest first, at most five. */
  of(key: string): ReadonlyArray<string> {
    const found = this.wanted.find((it) => it.key === key)?.found
    return found === undefined ? [] : [...found].sort(nearer).map(([near]) => near)
  }
}

type Found = readonly [key: string, far: number]

const nearer = ([a, far]: Found, [b, farther]: Found): number => far - farther || (a < b ? -1 : 1)

const keep = (found: Map<string, number>, key: string, far: number): void => {
  found.set(key, far)
  if (found.size <= most) return
  const [worst] = [...found].sort(nearer).at(-1)!
  found.delete(worst)
}
