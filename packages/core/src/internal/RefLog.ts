/**
 * Refs of many rows as runs: `prices.xlsx!Prices`, 2, 5,000 are the rows 2 to 5,001. A file is one run, whatever its length.
 */
import * as Ref from "../Ref.ts"

/** A run: `count` labels from `label` on, which grows by one where it is a number; a text label is a run of its own. */
export type Run = readonly [place: string, label: Ref.Label, count: number]

/** A growing list of refs. */
export class RefLog {
  private places: Array<string> = []
  private labels: Array<Ref.Label> = []
  // the position of each run's first ref
  private starts: Array<number> = []
  /** How many refs there are. */
  size = 0

  push(place: string, label: Ref.Label): void {
    const last = this.starts.length - 1
    if (last >= 0 && this.places[last] === place) {
      const first = this.labels[last]!
      if (typeof first === "number" && typeof label === "number" && first + (this.size - this.starts[last]!) === label) {
        this.size++
        return
      }
    }
    this.places.push(place)
    this.labels.push(label)
    this.starts.push(this.size++)
  }

  /** The ref at a position. */
  at(position: number): string {
    let from = 0
    let to = this.starts.length - 1
    while (from < to) {
      const middle = (from + to + 1) >> 1
      if (this.starts[middle]! <= position) from = middle
      else to = middle - 1
    }
    const label = this.labels[from]!
    return Ref.make(this.places[from]!, typeof label === "number" ? label + position - this.starts[from]! : label)
  }

  /** Its runs, and an empty log afterwards. */
  drain(): ReadonlyArray<Run> {
    const runs = this.starts.map(
      (start, run): Run => [this.places[run]!, this.labels[run]!, (this.starts[run + 1] ?? this.size) - start],
    )
    this.places = []
    this.labels = []
    this.starts = []
    this.size = 0
    return runs
  }
}

/** Writes runs as NDJSON. */
export const write = (runs: ReadonlyArray<Run>): string => runs.map((run) => `${JSON.stringify(run)}\n`).join("")

/** Reads what {@link write} wrote, as a log that is asked by position. */
export const read = (text: string): RefLog => {
  const log = new RefLog()
  for (const line of text.split("\n")) {
    if (line === "") continue
    const [place, label, count] = JSON.parse(line) as Run
    for (let at = 0; at < count; at++) log.push(place, typeof label === "number" ? label + at : label)
  }
  return log
}
