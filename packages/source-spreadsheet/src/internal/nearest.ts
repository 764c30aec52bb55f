/**
 * The name that was probably meant: told to people, and never taken for it.
 */
import { fold } from "../Headers.ts"

const longest = 60

const plain = (name: string): string =>
  fold(name)
    .normalize("NFKD")
    .replace(/[^\p{Letter}\p{Number}]/gu, "")

// how many letters are missing, extra, other, or exchanged with their neighbour (optimal string alignment, Boytsov 2011,
// https://doi.org/10.1145/1963190.1963191)
const distance = (one: string, other: string): number => {
  let before: ReadonlyArray<number> = []
  let row: ReadonlyArray<number> = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let a = 1; a <= one.length; a++) {
    const next = [a]
    for (let b = 1; b <= other.length; b++) {
      let least = Math.min(row[b]! + 1, next[b - 1]! + 1, row[b - 1]! + (one[a - 1] === other[b - 1] ? 0 : 1))
      if (a > 1 && b > 1 && one[a - 1] === other[b - 2] && one[a - 2] === other[b - 1])
        least = Math.min(least, before[b - 2]! + 1)
      next.push(least)
    }
    before = row
    row = next
  }
  return row[other.length]!
}

/** The nearest of the names to any of those wanted, if it is near: one letter in four may differ, or one in a word of two or three. */
export const nearest = (wanted: ReadonlyArray<string>, names: ReadonlyArray<string>): string | undefined => {
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const name of names) {
    const found = plain(name)
    if (found === "" || found.length > longest) continue
    for (const one of wanted) {
      const folded = plain(one)
      const most = folded.length < 2 ? 0 : Math.max(1, Math.floor(folded.length / 4))
      if (Math.abs(folded.length - found.length) > most) continue
      const far = distance(folded, found)
      if (far <= most && far < least) {
        best = name
        least = far
      }
    }
  }
  return best
}
