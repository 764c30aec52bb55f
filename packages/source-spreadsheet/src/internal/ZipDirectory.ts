/**
 * The directory of a zip file: what is in it, and where. Readers of zip files differ in what they make of one that contradicts itself, so
 * nothing is guessed: parts that overlap, have one name, or a name that leads out of the archive make the file `Malformed`.
 */
import { malformed, tooLarge } from "./classifyError.ts"
import type { Handle } from "./Input.ts"
import type { XlsxLimits } from "./XlsxLimits.ts"

/** A file within a zip. */
export interface Entry {
  readonly name: string
  readonly method: number
  readonly encrypted: boolean
  readonly crc: number
  readonly compressed: number
  readonly size: number
  readonly offset: number
  /** Where the next entry or the directory begins: nothing of this one may be behind it. */
  readonly end: number
}

type Found = Omit<Entry, "end">

const endSize = 22
const locatorSize = 20
const longestComment = 0xffff
const largestDirectory = 32 * 1024 * 1024
/** What comes before a name in an entry's own header. */
export const headerSize = 30

/** Reads exactly so many bytes. */
export const readAt = async (handle: Handle, name: string, position: number, length: number): Promise<Buffer> => {
  const target = Buffer.alloc(length)
  const read = position < 0 ? 0 : await handle.read(target, position)
  if (read < length) throw malformed(`${name} is damaged: it ends before its contents do`)
  return target
}

/** The form in which names are compared, as Office does: without regard to case, `\` as `/`, from the archive's root on. */
export const normal = (path: string): string => path.replaceAll("\\", "/").replace(/^\/+/, "").toLowerCase()

/** The entries of a zip by their {@link normal} names; folders are none. */
export const directory = async (
  handle: Handle,
  name: string,
  limits: Pick<XlsxLimits, "entries">,
): Promise<ReadonlyMap<string, Entry>> => {
  const { count, offset, size } = await locate(handle, name)
  if (count > limits.entries) {
    throw tooLarge(`${name} holds ${count} files; at most ${limits.entries} are allowed (limits.entries)`)
  }
  if (size > largestDirectory) throw tooLarge(`${name} has a directory of ${size} bytes, which is too much for a workbook`)
  const found = entriesOf(await readAt(handle, name, offset, size), count, name)
  const entries = new Map<string, Entry>()
  for (const entry of apart(found, offset, name)) {
    const key = normal(entry.name)
    if (key.endsWith("/")) continue
    if (key.split("/").includes("..")) {
      throw malformed(`${name} is refused: a file in it is called ${JSON.stringify(entry.name)}, which leads out of the archive`)
    }
    if (entries.has(key)) throw malformed(`${name} is damaged: it holds two files called ${JSON.stringify(entry.name)}`)
    entries.set(key, entry)
  }
  return entries
}

const locate = async (
  handle: Handle,
  name: string,
): Promise<{ readonly count: number; readonly size: number; readonly offset: number }> => {
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
  if (offset + size > tailStart + at) throw malformed(`${name} is damaged: its directory of contents is not readable`)
  return { count, size, offset }
}

const entriesOf = (bytes: Buffer, count: number, name: string): ReadonlyArray<Found> => {
  const entries: Array<Found> = []
  const unreadable = () => malformed(`${name} is damaged: its directory of contents is not readable`)
  let at = 0
  for (let number = 0; number < count; number++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50) throw unreadable()
    const nameEnd = at + 46 + bytes.readUInt16LE(at + 28)
    const extraEnd = nameEnd + bytes.readUInt16LE(at + 30)
    if (extraEnd > bytes.length) throw unreadable()
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
  // an entry more than were counted
  if (at + 4 <= bytes.length && bytes.readUInt32LE(at) === 0x02014b50) throw unreadable()
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

// each entry with its room; bombs are made of entries that share their bytes
const apart = (found: ReadonlyArray<Found>, directoryAt: number, name: string): ReadonlyArray<Entry> => {
  const inOrder = [...found].sort((one, other) => one.offset - other.offset)
  const entries = inOrder.map((entry, at): Entry => ({ ...entry, end: inOrder[at + 1]?.offset ?? directoryAt }))
  for (const { compressed, end, name: part, offset } of entries) {
    if (offset + headerSize + compressed > end) {
      throw malformed(`${name} is damaged: ${part} overlaps with what comes after it`)
    }
  }
  return entries
}
