/**
 * A campaign reads the mutants of many iterations in several processes, and collects what must not be.
 *
 * @module
 */
import { type Death, type Guarded, guarded, type Place } from "./guarded.ts"
import { mostBytes } from "./protocol.ts"

/** What must not be. */
export interface Found {
  readonly kind: "wrong" | Death["kind"]
  readonly iteration: number
  readonly what: string
}

/** What came of a campaign. */
export interface Campaign {
  readonly seed: number
  readonly iterations: number
  readonly read: number
  readonly refused: number
  readonly rows: number
  readonly peakRssBytes: number
  readonly found: ReadonlyArray<Found>
}

/** How large one is. */
export interface Extent {
  readonly seed: number
  readonly iterations: number
  readonly processes: number
  readonly log: (line: string) => void
}

// what one process is given at a time
const share = 500

// after how many of those a process is ended: what it took for thousands of files is not what one of them takes
const shares = 10

/** Runs one. */
export const campaign = async (place: Place, { iterations, log, processes, seed }: Extent): Promise<Campaign> => {
  const found: Array<Found> = []
  let [next, read, refused, rows, peakRssBytes, told] = [0, 0, 0, 0, 0, 0]
  const work = async (): Promise<void> => {
    let at: Guarded | undefined
    let had = 0
    const anew = (): void => {
      at?.end()
      at = undefined
    }
    while (next < iterations) {
      let from = next
      next += share
      const to = Math.min(from + share, iterations)
      if (++had % shares === 0) anew()
      while (from < to) {
        at ??= guarded(place)
        let until = to
        const death = await at.order({ do: "iterate", seed, from, to }, (it) => {
          if (it.told === "wrong") {
            found.push({ kind: "wrong", iteration: it.iteration, what: it.what })
            log(`iteration ${it.iteration}: ${it.what}`)
          } else if (it.told === "done") {
            until = it.next
            read += it.ends.read
            refused += it.ends.refused
            rows += it.ends.rows
            peakRssBytes = Math.max(peakRssBytes, it.peakRssBytes)
            // its mark of memory stays where it is
            if (it.peakRssBytes > mostBytes) anew()
          }
        })
        if (death !== undefined) {
          found.push(death)
          log(`iteration ${death.iteration}: ${death.kind}: ${death.what}`)
          anew()
          if (death.iteration < from) throw new Error(`a process did not begin: ${death.what}`)
          until = death.iteration + 1
        }
        from = until
      }
      if (Math.floor(next / 10_000) > told) {
        told = Math.floor(next / 10_000)
        log(`${Math.min(next, iterations)} of ${iterations}`)
      }
    }
    anew()
  }
  await Promise.all(Array.from({ length: processes }, work))
  found.sort((a, b) => a.iteration - b.iteration)
  return { seed, iterations, read, refused, rows, peakRssBytes, found }
}
