/**
 * What every reader of files does with what it reads: each cell is taken as text, and counted with its characters. All of them have to come to
 * the same numbers.
 *
 * @module
 */
import type { Outcome } from "./contender.ts"

/** Counts rows behind the header, cells that are not empty, and their characters. */
export class FilesTally {
  private rows = -1
  private cells = 0
  private characters = 0

  /** Takes a row; the first is the header where `hasHeader` was not said otherwise. */
  constructor(hasHeader = true) {
    if (!hasHeader) this.rows = 0
  }

  row(cells: ReadonlyArray<unknown>): void {
    if (this.rows++ === -1) return
    for (let at = 0; at < cells.length; at++) {
      const cell = cells[at]
      if (cell === null || cell === undefined) continue
      const { length } = typeof cell === "string" ? cell : String(cell)
      if (length === 0) continue
      this.cells++
      this.characters += length
    }
  }

  outcome(): Outcome {
    return { rows: this.rows, rejected: 0, counts: { cells: this.cells, characters: this.characters } }
  }
}
