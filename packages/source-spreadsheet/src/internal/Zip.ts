/**
 * Reads zip files: entries as streams of bytes that are checked against their declared size, their CRC-32 and the limits while
 * they are inflated. Only what workbooks use: stored and deflated entries, zip64.
 */
import { pipeline, Readable } from "node:stream"
import { crc32, createInflateRaw } from "node:zlib"
import { malformed, tooLarge } from "./classifyError.ts"
import type { Handle } from "./Input.ts"
import type { XlsxLimits } from "./XlsxLimits.ts"
import { directory, type Entry, headerSize, normal, readAt } from "./ZipDirectory.ts"

export type { Entry } from "./ZipDirectory.ts"

/** An open zip. Names are looked up as Office does: without regard to case, `\` as `/`. */
export interface Zip {
  readonly find: (path: string) => Entry | undefined
  /** The bytes of an entry; `most` is how many there may be, and which limit says so. */
  readonly read: (entry: Entry, most: { readonly bytes: number; readonly limit: keyof XlsxLimits }) => AsyncIterable<Buffer>
}

/** What an archive may use up. */
export type ZipLimits = Pick<XlsxLimits, "entries" | "ratio">

const blockBytes = 64 * 1024
// a sheet of 100,000 rows takes about a twentieth less processor time than with pieces of 64 KiB
const pieceBytes = 256 * 1024
// below it a part is not worth a look at its ratio
const ratioFrom = 16 * 1024 * 1024

/** Opens a zip: reads its central directory. */
export const openZip = async (handle: Handle, name: string, limits: ZipLimits): Promise<Zip> => {
  const entries = await directory(handle, name, limits)
  return {
    find: (path) => entries.get(normal(path)),
    read: (entry, most) => content(handle, `${name}: ${entry.name}`, entry, limits.ratio, most),
  }
}

// where an entry's own header ends; what it says has to be what the directory says
const contentStart = async (handle: Handle, name: string, entry: Entry): Promise<number> => {
  const header = await readAt(handle, name, entry.offset, headerSize)
  if (header.readUInt32LE(0) !== 0x04034b50) throw malformed(`${name} is damaged: it is not where the directory says`)
  const path = await readAt(handle, name, entry.offset + headerSize, header.readUInt16LE(26))
  const start = entry.offset + headerSize + path.length + header.readUInt16LE(28)
  if (start + entry.compressed > entry.end) throw malformed(`${name} is damaged: it overlaps with what comes after it`)
  // sizes that come after the content (bit 3), or are in the zip64 field, are not here
  const isSaid = (value: number, expected: number): boolean => value === expected || value === 0xffffffff
  const areLater = (header.readUInt16LE(6) & 8) !== 0
  const agrees =
    path.toString("utf8") === entry.name &&
    header.readUInt16LE(8) === entry.method &&
    (areLater ||
      (header.readUInt32LE(14) === entry.crc &&
        isSaid(header.readUInt32LE(18), entry.compressed) &&
        isSaid(header.readUInt32LE(22), entry.size)))
  if (!agrees) throw malformed(`${name} is damaged: its header does not say what the directory says`)
  return start
}

async function* compressedBlocks(handle: Handle, name: string, entry: Entry, start: number): AsyncGenerator<Buffer> {
  let at = start
  const end = at + entry.compressed
  while (at < end) {
    const block = await readAt(handle, name, at, Math.min(blockBytes, end - at))
    at += block.length
    yield block
  }
}

async function* content(
  handle: Handle,
  name: string,
  entry: Entry,
  ratio: number,
  most: { readonly bytes: number; readonly limit: keyof XlsxLimits },
): AsyncGenerator<Buffer> {
  if (entry.encrypted) throw malformed(`${name} is encrypted; save the workbook without a password`)
  if (entry.method !== 0 && entry.method !== 8)
    throw malformed(`${name} is compressed in a way that is not known (${entry.method})`)
  const refuse = (size: number) =>
    tooLarge(`${name} has ${size} bytes or more when unpacked; at most ${most.bytes} are allowed (limits.${most.limit})`)
  const refuseRatio = () =>
    tooLarge(`${name} unpacks to more than ${ratio} times its size, which no real sheet does (limits.ratio)`)
  const isBomb = (size: number): boolean => size > ratioFrom && size > entry.compressed * ratio
  // what it says of itself, before anything is unpacked
  if (entry.size > most.bytes) throw refuse(entry.size)
  if (isBomb(entry.size)) throw refuseRatio()
  const blocks = compressedBlocks(handle, name, entry, await contentStart(handle, name, entry))
  let bytes = 0
  let crc = 0
  for await (const block of entry.method === 0 ? blocks : inflated(blocks)) {
    bytes += block.length
    if (bytes > most.bytes) throw refuse(bytes)
    if (bytes > entry.size) break
    if (isBomb(bytes)) throw refuseRatio()
    crc = crc32(block, crc)
    yield block
  }
  if (bytes !== entry.size || crc !== entry.crc)
    throw malformed(`${name} is damaged: its size or checksum is not what the file says`)
}

const inflated = (blocks: AsyncIterable<Buffer>): AsyncIterable<Buffer> => {
  const inflate = createInflateRaw({ chunkSize: pieceBytes })
  // errors of either side come out of the iteration
  pipeline(Readable.from(blocks, { highWaterMark: 4 }), inflate, () => {})
  return inflate
}
