/**
 * Reads zip files: the central directory, and entries as streams of bytes that are checked against their declared size, their
 * CRC-32 and the limits while they are inflated. Only what workbooks use: stored and deflated entries, zip64.
 */
import { pipeline, Readable } from "node:stream"
import { crc32, createInflateRaw } from "node:zlib"
import { malformed, tooLarge } from "./classifyError.ts"
import type { Handle } from "./Input.ts"

/** A file within a zip. */
export interface Entry {
  readonly name: string
  readonly method: number
  readonly encrypted: boolean
  readonly crc: number
  readonly compressed: number
  readonly size: number
  readonly offset: number
}

/** An open zip. Names are looked up as Office does: without regard to case, `\` as `/`. */
export interface Zip {
  readonly find: (path: string) => Entry | undefined
  /** The bytes of an entry. */
  readonly read: (entry: Entry) => AsyncIterable<Buffer>
}

/** What an entry may use up. */
export interface ZipLimits {
  /** Largest entry, inflated. */
  readonly maxEntryBytes: number
}

const endSize = 22
const locatorSize = 20
const longestComment = 0xffff
const largestDirectory = 32 * 1024 * 1024
const blockBytes = 64 * 1024
// a deflated entry may be 1,032 times smaller than what it holds; sheets are 5 to 50 times smaller
const largestRatio = 300
const ratioFrom = 64 * 1024 * 1024

const normal = (path: string): string => path.replaceAll("\\", "/").replace(/^\/+/, "").toLowerCase()

/** Opens a zip: reads its central directory. */
export const openZip = async (handle: Handle, name: string, limits: ZipLimits): Promise<Zip> => {
  const entries = new Map<string, Entry>()
  for (const entry of await directory(handle, name)) {
    if (!entries.has(normal(entry.name))) entries.set(normal(entry.name), entry)
  }
  return {
    find: (path) => entries.get(normal(path)),
    read: (entry) => content(handle, `${name}: ${entry.name}`, entry, limits),
  }
}

const readAt = async (handle: Handle, name: string, position: number, length: number): Promise<Buffer> => {
  const target = Buffer.alloc(length)
  const read = position < 0 ? 0 : await handle.read(target, position)
  if (read < length) throw malformed(`${name} is damaged: it ends before its contents do`)
  return target
}

const directory = async (handle: Handle, name: string): Promise<ReadonlyArray<Entry>> => {
  const tailStart = Math.max(0, handle.size - endSize - longestComment)
  const tail = await readAt(handle, name, tailStart, handle.size - tailStart)
  let at = tail.length - endSize
  while (at >= 0 && !(tail.readUInt32LE(at) === 0x06054b50 && at + endSize + tail.readUInt16LE(at + 20) <= tail.length)) at--
  if (at < 0) throw malformed(`${name} is not a workbook (.xlsx), or is cut off: it does not end as a zip file does`)
  let count = tail.readUInt16LE(at + 10)
  let size = tail.readUInt32LE(at + 12)
  let offset = tail.readUInt32LE(at + 16)
  const locatorAt = tailStart + at - locatorSize
  if ((count === 0xffff || size === 0xffffffff || offset === 0xffffffff) && locatorAt >= 0) {
    const locator = await readAt(handle, name, locatorAt, locatorSize)
    if (locator.readUInt32LE(0) === 0x07064b50) {
      const end = await readAt(handle, name, Number(locator.readBigUInt64LE(8)), 56)
      if (end.readUInt32LE(0) !== 0x06064b50) throw malformed(`${name} is damaged: its zip64 directory is not where it should be`)
      count = Number(end.readBigUInt64LE(32))
      size = Number(end.readBigUInt64LE(40))
      offset = Number(end.readBigUInt64LE(48))
    }
  }
  if (size > largestDirectory) throw tooLarge(`${name} holds too many files to be a workbook`)
  return entriesOf(await readAt(handle, name, offset, size), count, name)
}

const entriesOf = (bytes: Buffer, count: number, name: string): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  let at = 0
  for (let number = 0; number < count; number++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50) {
      throw malformed(`${name} is damaged: its directory of contents is not readable`)
    }
    const nameEnd = at + 46 + bytes.readUInt16LE(at + 28)
    const extraEnd = nameEnd + bytes.readUInt16LE(at + 30)
    if (extraEnd > bytes.length) throw malformed(`${name} is damaged: its directory of contents is not readable`)
    entries.push({
      name: bytes.toString("utf8", at + 46, nameEnd),
      encrypted: (bytes.readUInt16LE(at + 8) & 1) === 1,
      method: bytes.readUInt16LE(at + 10),
      crc: bytes.readUInt32LE(at + 16),
      ...sizes(bytes.subarray(nameEnd, extraEnd), [
        bytes.readUInt32LE(at + 24),
        bytes.readUInt32LE(at + 20),
        bytes.readUInt32LE(at + 42),
      ]),
    })
    at = extraEnd + bytes.readUInt16LE(at + 32)
  }
  return entries
}

// size, compressed size and offset: those that do not fit 32 bits are in the zip64 extra field, in this order
const sizes = (
  extra: Buffer,
  short: readonly [number, number, number],
): { readonly size: number; readonly compressed: number; readonly offset: number } => {
  const values = [...short]
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === 1) {
      let from = at + 4
      for (let which = 0; which < 3; which++) {
        if (values[which] !== 0xffffffff || from + 8 > Math.min(end, extra.length)) continue
        values[which] = Number(extra.readBigUInt64LE(from))
        from += 8
      }
    }
    at = end
  }
  return { size: values[0]!, compressed: values[1]!, offset: values[2]! }
}

async function* compressedBlocks(handle: Handle, name: string, entry: Entry): AsyncGenerator<Buffer> {
  const header = await readAt(handle, name, entry.offset, 30)
  if (header.readUInt32LE(0) !== 0x04034b50) throw malformed(`${name} is damaged: it is not where the directory says`)
  let at = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  const end = at + entry.compressed
  while (at < end) {
    const block = await readAt(handle, name, at, Math.min(blockBytes, end - at))
    at += block.length
    yield block
  }
}

async function* content(handle: Handle, name: string, entry: Entry, { maxEntryBytes }: ZipLimits): AsyncGenerator<Buffer> {
  if (entry.encrypted) throw malformed(`${name} is encrypted; save the workbook without a password`)
  if (entry.method !== 0 && entry.method !== 8)
    throw malformed(`${name} is compressed in a way that is not known (${entry.method})`)
  const refuse = (size: number) =>
    tooLarge(`${name} has ${size} bytes or more when unpacked; at most ${maxEntryBytes} are allowed (maxEntryBytes)`)
  if (entry.size > maxEntryBytes) throw refuse(entry.size)
  const blocks = compressedBlocks(handle, name, entry)
  let bytes = 0
  let crc = 0
  for await (const block of entry.method === 0 ? blocks : inflated(blocks)) {
    bytes += block.length
    if (bytes > maxEntryBytes) throw refuse(bytes)
    if (bytes > entry.size) break
    if (bytes > ratioFrom && bytes > entry.compressed * largestRatio) {
      throw tooLarge(`${name} unpacks to more than ${largestRatio} times its size, which no real sheet does`)
    }
    crc = crc32(block, crc)
    yield block
  }
  if (bytes !== entry.size || crc !== entry.crc)
    throw malformed(`${name} is damaged: its size or checksum is not what the file says`)
}

const inflated = (blocks: AsyncIterable<Buffer>): AsyncIterable<Buffer> => {
  const inflate = createInflateRaw({ chunkSize: blockBytes })
  // errors of either side come out of the iteration
  pipeline(Readable.from(blocks, { highWaterMark: 4 }), inflate, () => {})
  return inflate
}
