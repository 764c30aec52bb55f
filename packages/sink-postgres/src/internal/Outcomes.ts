/**
 * The outcomes of a batch as bytes: runs of `code, length`, or one byte each where that is shorter.
 *
 * @module
 */

const asRuns = 1
const asBytes = 0

/** Writes outcomes. */
export const write = (outcomes: Uint8Array): Uint8Array => {
  const runs = Buffer.alloc(1 + outcomes.length)
  runs[0] = asRuns
  let to = 1
  for (let at = 0; at < outcomes.length; ) {
    let end = at + 1
    while (end < outcomes.length && outcomes[end] === outcomes[at]) end++
    if (to + 5 > runs.length) return Buffer.concat([Buffer.of(asBytes), outcomes])
    runs[to] = outcomes[at]!
    runs.writeUInt32LE(end - at, to + 1)
    to += 5
    at = end
  }
  return runs.subarray(0, to)
}

/** Reads what {@link write} wrote. */
export const read = (bytes: Uint8Array): Uint8Array => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer[0] === asBytes) return Uint8Array.from(buffer.subarray(1))
  let count = 0
  for (let at = 1; at < buffer.length; at += 5) count += buffer.readUInt32LE(at + 1)
  const outcomes = new Uint8Array(count)
  let to = 0
  for (let at = 1; at < buffer.length; at += 5) {
    const length = buffer.readUInt32LE(at + 1)
    outcomes.fill(buffer[at]!, to, to + length)
    to += length
  }
  return outcomes
}
