/**
 * The table of shared texts, kept small: a million short texts as objects of the heap would take several times what they say. Texts are put
 * together by the million characters, which V8 keeps outside of its heap, and cut out of that when a cell asks for one.
 */

// from here on Node makes strings that are outside of the heap
const chunkLength = 1_100_000
// texts are in the order of their first use: those that are used often come early
const mostKept = 16_384

/** See the file's first sentence. */
export class SharedTable {
  /** How many there are. */
  count = 0
  private readonly chunks: Array<string> = []
  private pending: Array<string> = []
  private pendingLength = 0
  // of each text: the chunk it is in, where it begins there, and how long it is
  private chunk = new Uint16Array(1024)
  private from = new Uint32Array(1024)
  private lengths = new Uint32Array(1024)
  private readonly kept: Array<string> = []

  /** Adds a text behind the others. */
  add(text: string): void {
    if (this.count === this.from.length) this.grow()
    this.chunk[this.count] = this.chunks.length
    this.from[this.count] = this.pendingLength
    this.lengths[this.count] = text.length
    this.count++
    this.pending.push(text)
    this.pendingLength += text.length
    if (this.pendingLength >= chunkLength) this.flush()
  }

  /** The text of that number; `undefined` where there is none. */
  at(index: number): string | undefined {
    const kept = this.kept[index]
    if (kept !== undefined) return kept
    // NaN, too, is not within
    if (!(index >= 0 && index < this.count)) return undefined
    if (this.pendingLength > 0) this.flush()
    const from = this.from[index]
    if (from === undefined) return undefined
    const text = this.chunks.length === 0 ? "" : (this.chunks[this.chunk[index]!] ?? "").slice(from, from + this.lengths[index]!)
    if (index < mostKept) this.kept[index] = text
    return text
  }

  private flush(): void {
    const text = this.pending.join("")
    // one byte for each character where that is enough
    const encoding = /[^\0-\xff]/.test(text) ? "utf16le" : "latin1"
    this.chunks.push(Buffer.from(text, encoding).toString(encoding))
    this.pending = []
    this.pendingLength = 0
  }

  private grow(): void {
    const size = this.from.length * 2
    const larger = <A extends Uint16Array | Uint32Array>(old: A, make: (size: number) => A): A => {
      const next = make(size)
      next.set(old)
      return next
    }
    this.chunk = larger(this.chunk, (length) => new Uint16Array(length))
    this.from = larger(this.from, (length) => new Uint32Array(length))
    this.lengths = larger(this.lengths, (length) => new Uint32Array(length))
  }
}
