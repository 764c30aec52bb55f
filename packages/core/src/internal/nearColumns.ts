/**
 * Columns that a source probably has under a name that was mistyped: named to people, and never taken for the column.
 *
 * Names are compared without case, accents, blanks and punctuation; what is left may differ by one letter that is missing, extra, other or
 * exchanged with its neighbour for each four letters (optimal string alignment, Boytsov 2011, https://doi.org/10.1145/1963190.1963191).
 */

/** A column that the source has not, and the one it may have in its place. */
export interface Near {
  readonly missing: string
  readonly found: string
}

/** A name without what is not compared. */
export const fold = (name: string): string =>
  name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll("ı", "i")
    .replace(/[^\p{Letter}\p{Number}]/gu, "")

const longest = 60

/** The distance of two texts, as far as it is at most `most`. */
export const distance = (one: string, other: string, most: number): number => {
  if (Math.abs(one.length - other.length) > most) return most + 1
  let before: ReadonlyArray<number> = []
  let row: ReadonlyArray<number> = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let a = 1; a <= one.length; a++) {
    const next = [a]
    for (let b = 1; b <= other.length; b++) {
      const same = one[a - 1] === other[b - 1]
      let least = Math.min(row[b]! + 1, next[b - 1]! + 1, row[b - 1]! + (same ? 0 : 1))
      if (a > 1 && b > 1 && one[a - 1] === other[b - 2] && one[a - 2] === other[b - 1])
        least = Math.min(least, before[b - 2]! + 1)
      next.push(least)
    }
    before = row
    row = next
  }
  return row[other.length]!
}

/** For each of the columns wanted that is not among those found, the nearest found that nobody wants; the first of equals. */
export const nearColumns = (wanted: ReadonlyArray<string>, found: ReadonlyArray<string>): ReadonlyArray<Near> => {
  const unknown = found.filter((name) => !wanted.includes(name) && name.length <= longest)
  return wanted
    .filter((name) => !found.includes(name))
    .flatMap((missing) => {
      const folded = fold(missing)
      const most = Math.floor(folded.length / 4)
      let best: Near | undefined
      let least = most + 1
      for (const name of unknown) {
        const other = fold(name)
        const far = other === "" ? least : distance(folded, other, most)
        if (far < least) {
          best = { missing, found: name }
          least = far
        }
      }
      return best === undefined ? [] : [best]
    })
}

/** What to say about it. */
export const sentence = ({ found, missing }: Near): string => `${JSON.stringify(found)}: did you mean ${JSON.stringify(missing)}?`
