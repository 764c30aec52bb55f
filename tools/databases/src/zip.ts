/**
 * Takes one file out of a zip archive in memory.
 *
 * @module
 */

import { promisify } from "node:util"
import { inflateRaw } from "node:zlib"

const endRecord = 0x06054b50
const fileRecord = 0x02014b50

/** The content of the first file whose name ends with `suffix`; stored and deflated files, no zip64. */
export const extractFile = async (archive: Buffer, suffix: string): Promise<Buffer> => {
  let end = archive.length - 22
  while (end >= 0 && archive.readUInt32LE(end) !== endRecord) end--
  if (end < 0) throw new Error("this is no zip archive")
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0 && archive.readUInt32LE(at) === fileRecord; left--) {
    const nameLength = archive.readUInt16LE(at + 28)
    const name = archive.toString("utf8", at + 46, at + 46 + nameLength)
    if (name.endsWith(suffix)) {
      const local = archive.readUInt32LE(at + 42)
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
      const content = archive.subarray(start, start + archive.readUInt32LE(at + 20))
      return archive.readUInt16LE(at + 10) === 0 ? content : promisify<Buffer, Buffer>(inflateRaw)(content)
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  throw new Error(`the zip archive has no file ${suffix}`)
}
