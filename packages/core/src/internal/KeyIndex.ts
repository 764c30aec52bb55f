/**
 * Which keys an entity has so far, in typed arrays: 26 to 41 bytes a record, whatever the keys' length.
 *
 * A key is known by a 64-bit hash, its record's content by another. A repeat whose content hash differs as well is reported as a
 * conflict of keys, so a collision (one in 30 million for a million records) would be seen by a person and never lose a row silently.
 */

/** A 64-bit hash as two 32-bit halves, left in {@link high} and {@link low} so that nothing is allocated per call. */
export let high = 0
export let low = 0

/** Hashes a text (two multiply-xor lanes with a final avalanche, after cyrb53) into {@link high} and {@link low}. */
export const hash = (text: string): void => {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  high = b | 0
  low = a | 0
}

const fieldsPerEntry = 5

/** The index of one entity. */
export class KeyIndex {
  // per entry: key hash (2), content hash (2), row number in the source; the row's sign bit marks a record several rows have
  private entries = new Int32Array(1024 * fieldsPerEntry)
  private slots = new Int32Array(2048).fill(-1)
  /** How many keys there are. */
  size = 0

  private slotOf(keyHigh: number, keyLow: number): number {
    const mask = this.slots.length - 1
    let slot = (keyLow ^ keyHigh) & mask
    for (;;) {
      const entry = this.slots[slot]!
      if (entry < 0) return slot
      const at = entry * fieldsPerEntry
      if (this.entries[at] === keyHigh && this.entries[at + 1] === keyLow) return slot
      slot = (slot + 1) & mask
    }
  }

  /** The entry of a key, or -1. */
  find(key: string): number {
    hash(key)
    return this.slots[this.slotOf(high, low)]!
  }

  /** Whether an entry's content has this hash. */
  sameContent(entry: number, contentHigh: number, contentLow: number): boolean {
    const at = entry * fieldsPerEntry
    return this.entries[at + 2] === contentHigh && this.entries[at + 3] === contentLow
  }

  /** The row that brought an entry, counted from 0 over the whole source. */
  rowOf(entry: number): number {
    return this.entries[entry * fieldsPerEntry + 4]! & 0x7fffffff
  }

  /** Notes that another row has the same record. */
  share(entry: number): void {
    this.entries[entry * fieldsPerEntry + 4]! |= 0x80000000
  }

  /** Whether several rows have the record of this key. */
  isShared(key: string): boolean {
    const entry = this.find(key)
    return entry >= 0 && this.entries[entry * fieldsPerEntry + 4]! < 0
  }

  /** Adds a key that {@link find} did not find, with the hash of its content. */
  add(key: string, contentHigh: number, contentLow: number, row: number): void {
    if ((this.size + 1) * 10 > this.slots.length * 7) this.grow()
    if ((this.size + 1) * fieldsPerEntry > this.entries.length) {
      // half as much again, not twice: the array is the largest thing that grows with the input
      const entries = new Int32Array(Math.ceil(this.entries.length * 1.5))
      entries.set(this.entries)
      this.entries = entries
    }
    const at = this.size * fieldsPerEntry
    this.entries[at + 2] = contentHigh
    this.entries[at + 3] = contentLow
    hash(key)
    this.entries[at] = high
    this.entries[at + 1] = low
    this.entries[at + 4] = row
    this.slots[this.slotOf(high, low)] = this.size++
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1)
    const mask = slots.length - 1
    for (let entry = 0; entry < this.size; entry++) {
      const at = entry * fieldsPerEntry
      let slot = (this.entries[at + 1]! ^ this.entries[at]!) & mask
      while (slots[slot]! >= 0) slot = (slot + 1) & mask
      slots[slot] = entry
    }
    this.slots = slots
  }
}
