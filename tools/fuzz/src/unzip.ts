/**
 * Takes an honest workbook apart, so that what is in it can be mutated and packed again.
 *
 * @module
 */
import { inflateRawSync } from "node:zlib"
import type { Packed } from "@waybill-internal/torture/zip"

const mostUnpacked = 1024 * 1024

/** The files in a zip; `undefined` where it is not honest enough. */
export const unzip = (zip: Buffer): ReadonlyArray<Packed> | undefined => {
  const end = zip.lastIndexOf("PK\u0005\u0006", undefined, "latin1")
  if (end < 0 || end + 22 > zip.length) return undefined
  const count = zip.readUInt16LE(end + 10)
  let at = zip.readUInt32LE(end + 16)
  const files: Array<Packed> = []
  try {
    for (let left = Math.min(count, 200); left > 0; left--) {
      const method = zip.readUInt16LE(at + 10)
      const compressed = zip.readUInt32LE(at + 20)
      const nameLength = zip.readUInt16LE(at + 28)
      const offset = zip.readUInt32LE(at + 42)
      const name = zip.toString("utf8", at + 46, at + 46 + nameLength)
      const start = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28)
      const content = zip.subarray(start, start + compressed)
      files.push({ name, content: method === 0 ? content : inflateRawSync(content, { maxOutputLength: mostUnpacked }) })
      at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
    }
  } catch {
    // a torture case that is no honest zip: it is mutated as bytes
    return undefined
  }
  return files.length === 0 ? undefined : files
}
