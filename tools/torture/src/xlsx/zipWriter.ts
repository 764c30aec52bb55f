/**
 * Writes zip files, honest ones and others: anything that a header says can be said otherwise.
 *
 * @module
 */
import { crc32, deflateRawSync } from "node:zlib"

/** A file to pack, and what is to be said of it where that is not the truth. */
export interface Packed {
  readonly name: string
  readonly content: string | Uint8Array
  readonly stored?: boolean
  /** Sizes and checksum come behind the content, as from a program that did not know them before. */
  readonly hasDescriptor?: boolean
  /** Sizes and offset are in the extra field of 64 bits. */
  readonly isZip64?: boolean
  /** What the file's own header says. */
  readonly local?: Partial<Said>
  /** What the directory says. */
  readonly central?: Partial<Said>
  /** Where the directory says that it is. */
  readonly offset?: (honest: number) => number
}

/** What a header says of a file. */
export interface Said {
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly compressed: number
  readonly size: number
}

/** What is to be said of the whole. */
export interface Ending {
  readonly comment?: string
  readonly isZip64?: boolean
  /** How many files there are said to be. */
  readonly count?: (honest: number) => number
  /** What comes before the first file. */
  readonly before?: Uint8Array
  readonly order?: "reverse"
}

const bytesOf = (content: string | Uint8Array): Buffer => Buffer.from(content as string)

const fields = (said: Said, isZip64: boolean, hasDescriptor: boolean, isCentral: boolean): Buffer => {
  const header = Buffer.alloc(26)
  header.writeUInt16LE(isZip64 ? 45 : 20, 0)
  header.writeUInt16LE(said.flags | 0x800 | (hasDescriptor ? 8 : 0), 2)
  header.writeUInt16LE(said.method, 4)
  // 1 January 1980
  header.writeUInt16LE(0x21, 8)
  const isLater = hasDescriptor && !isCentral
  header.writeUInt32LE(isLater ? 0 : said.crc, 10)
  header.writeUInt32LE(isLater ? 0 : isZip64 ? 0xffffffff : said.compressed, 14)
  header.writeUInt32LE(isLater ? 0 : isZip64 ? 0xffffffff : said.size, 18)
  header.writeUInt16LE(Buffer.byteLength(said.name), 22)
  return header
}

const extra = (values: ReadonlyArray<number>): Buffer => {
  const field = Buffer.alloc(4 + 8 * values.length)
  field.writeUInt16LE(1, 0)
  field.writeUInt16LE(8 * values.length, 2)
  for (const [at, value] of values.entries()) field.writeBigUInt64LE(BigInt(value), 4 + 8 * at)
  return field
}

/** A zip file. */
export const zipOf = (files: ReadonlyArray<Packed>, ending: Ending = {}): Buffer => {
  const chunks: Array<Buffer> = ending.before === undefined ? [] : [Buffer.from(ending.before)]
  const directory: Array<Buffer> = []
  let at = 0
  for (const file of files) {
    const { hasDescriptor = false, isZip64 = false, stored = false } = file
    const content = bytesOf(file.content)
    const packed = stored ? content : deflateRawSync(content, { level: 9 })
    const honest: Said = {
      name: file.name,
      flags: 0,
      method: stored ? 0 : 8,
      crc: crc32(content),
      compressed: packed.length,
      size: content.length,
    }
    const local = { ...honest, ...file.local }
    const header = fields(local, isZip64, hasDescriptor, false)
    const localExtra = isZip64 && !hasDescriptor ? extra([local.size, local.compressed]) : Buffer.alloc(0)
    header.writeUInt16LE(localExtra.length, 24)
    const descriptor = Buffer.alloc(hasDescriptor ? 16 : 0)
    if (hasDescriptor) {
      descriptor.writeUInt32LE(0x08074b50, 0)
      descriptor.writeUInt32LE(local.crc, 4)
      descriptor.writeUInt32LE(local.compressed, 8)
      descriptor.writeUInt32LE(local.size, 12)
    }
    const whole = Buffer.concat([Buffer.from("PK\u0003\u0004"), header, Buffer.from(local.name), localExtra, packed, descriptor])
    const central = { ...honest, ...file.central }
    const offset = file.offset?.(at) ?? at
    const entry = fields(central, isZip64, hasDescriptor, true)
    const centralExtra = isZip64 ? extra([central.size, central.compressed, offset]) : Buffer.alloc(0)
    entry.writeUInt16LE(centralExtra.length, 24)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(isZip64 ? 0xffffffff : offset, 10)
    directory.push(
      Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000"), entry, tail, Buffer.from(central.name), centralExtra]),
    )
    chunks.push(whole)
    at += whole.length
  }
  const list = Buffer.concat(ending.order === "reverse" ? directory.reverse() : directory)
  return Buffer.concat([...chunks, list, end(list.length, at, directory.length, ending)])
}

const end = (
  size: number,
  offset: number,
  honest: number,
  { comment = "", count = (it) => it, isZip64 = false }: Ending,
): Buffer => {
  const said = count(honest)
  const end64 = Buffer.alloc(isZip64 ? 76 : 0)
  if (isZip64) {
    end64.writeUInt32LE(0x06064b50, 0)
    end64.writeBigUInt64LE(44n, 4)
    end64.writeBigUInt64LE(BigInt(said), 24)
    end64.writeBigUInt64LE(BigInt(said), 32)
    end64.writeBigUInt64LE(BigInt(size), 40)
    end64.writeBigUInt64LE(BigInt(offset), 48)
    end64.writeUInt32LE(0x07064b50, 56)
    end64.writeBigUInt64LE(BigInt(offset + size), 64)
    end64.writeUInt32LE(1, 72)
  }
  const tail = Buffer.alloc(22)
  tail.writeUInt32LE(0x06054b50, 0)
  tail.writeUInt16LE(isZip64 ? 0xffff : said, 8)
  tail.writeUInt16LE(isZip64 ? 0xffff : said, 10)
  tail.writeUInt32LE(isZip64 ? 0xffffffff : size, 12)
  tail.writeUInt32LE(isZip64 ? 0xffffffff : offset, 16)
  tail.writeUInt16LE(Buffer.byteLength(comment), 20)
  return Buffer.concat([end64, tail, Buffer.from(comment)])
}
