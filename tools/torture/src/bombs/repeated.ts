/**
 * Content that is far larger than the file it comes from: one piece, packed once and repeated.
 *
 * @module
 */
import { constants, crc32, deflateRawSync } from "node:zlib"

/** A part that is packed already. */
export interface Repeated {
  readonly packed: Buffer
  readonly crc: number
  readonly size: number
}

// what no packing makes smaller, so that content passes as honest: the digits of a simple generator
const noise = (length: number): string => {
  let state = 1
  let text = ""
  while (text.length < length) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    text += state.toString(36)
  }
  return text.slice(0, length)
}

/**
 * `start`, then `unit` so often that it is at least `bytes` long in all, then `end`. With `hidden` there are comments of noise in between, so that
 * it is no more than a hundred times larger than packed.
 */
export const repeated = (
  start: string,
  unit: string,
  end: string,
  bytes: number,
  hidden: { readonly isNoisy: boolean } = { isNoisy: false },
): Repeated => {
  const block = unit.repeat(Math.ceil(2 ** 20 / unit.length)) + (hidden.isNoisy ? `<!--${noise(2 ** 14)}-->` : "")
  const content = Buffer.from(block)
  const times = Math.ceil(bytes / content.length)
  // flushed, so that the same bytes can follow themselves
  const flushed = (piece: Buffer): Buffer => deflateRawSync(piece, { finishFlush: constants.Z_FULL_FLUSH, level: 9 })
  const piece = flushed(content)
  const packed = Buffer.concat([
    flushed(Buffer.from(start)),
    ...Array.from({ length: times }, () => piece),
    deflateRawSync(Buffer.from(end)),
  ])
  let crc = crc32(start)
  for (let at = 0; at < times; at++) crc = crc32(content, crc)
  return { packed, crc: crc32(end, crc), size: start.length + times * content.length + end.length }
}
