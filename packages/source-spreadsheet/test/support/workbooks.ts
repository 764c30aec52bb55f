// Writes small workbooks, part by part, so that a test can write what spreadsheet programs do not.
import { crc32, deflateRawSync } from "node:zlib"

export interface ZipOptions {
  readonly stored?: boolean
  /** Says sizes and offsets in 64 bits, as files of more than 4 GiB have to. */
  readonly zip64?: boolean
  /** Changes what is said of an entry. */
  readonly tamper?: (entry: EntryHeader, name: string) => Partial<EntryHeader>
}

export interface EntryHeader {
  readonly crc: number
  readonly size: number
  readonly flags: number
  readonly method: number
}

/** A zip file of these parts. */
export const zip = (parts: Readonly<Record<string, string | Buffer>>, options: ZipOptions = {}): Buffer => {
  const files: Array<Buffer> = []
  const directory: Array<Buffer> = []
  let offset = 0
  for (const [name, content] of Object.entries(parts)) {
    const bytes = Buffer.from(content)
    const packed = options.stored ? bytes : deflateRawSync(bytes)
    const honest: EntryHeader = { crc: crc32(bytes), size: bytes.length, flags: 0, method: options.stored ? 0 : 8 }
    const entry = { ...honest, ...options.tamper?.(honest, name) }
    const path = Buffer.from(name)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(entry.flags, 2)
    common.writeUInt16LE(entry.method, 4)
    common.writeUInt32LE(entry.crc, 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(entry.size, 18)
    common.writeUInt16LE(path.length, 22)
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, path, packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    if (options.zip64) {
      const extra = Buffer.alloc(28)
      extra.writeUInt16LE(1, 0)
      extra.writeUInt16LE(24, 2)
      extra.writeBigUInt64LE(BigInt(entry.size), 4)
      extra.writeBigUInt64LE(BigInt(packed.length), 12)
      extra.writeBigUInt64LE(BigInt(offset), 20)
      common.fill(0xff, 14, 22)
      common.writeUInt16LE(extra.length, 24)
      tail.fill(0xff, 10)
      directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000"), common, tail, path, extra]))
    } else directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000"), common, tail, path]))
    files.push(local)
    offset += local.length
  }
  const list = Buffer.concat(directory)
  const end64 = Buffer.alloc(options.zip64 ? 76 : 0)
  if (options.zip64) {
    end64.writeUInt32LE(0x06064b50, 0)
    end64.writeBigUInt64LE(BigInt(directory.length), 32)
    end64.writeBigUInt64LE(BigInt(list.length), 40)
    end64.writeBigUInt64LE(BigInt(offset), 48)
    end64.writeUInt32LE(0x07064b50, 56)
    end64.writeBigUInt64LE(BigInt(offset + list.length), 64)
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(directory.length, 8)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(options.zip64 ? 0xffffffff : offset, 16)
  return Buffer.concat([...files, list, end64, end])
}

const transitional = "http://schemas.openxmlformats.org"
const strict = "http://purl.oclc.org/ooxml"

export interface WorkbookOptions extends ZipOptions {
  /** What is within `<worksheet>`. */
  readonly sheet: string
  /** What is within `<sst>`. */
  readonly sharedStrings?: string
  /** What is within `<styleSheet>`. */
  readonly styles?: string
  readonly is1904?: boolean
  readonly strict?: boolean
  /** The prefix of all elements, such as `x:`. */
  readonly prefix?: string
  readonly sheetName?: string
}

/** The parts of a workbook of one sheet. */
export const parts = (options: WorkbookOptions): Record<string, string> => {
  const base = options.strict ? strict : transitional
  const prefix = options.prefix ?? ""
  const main = `${base}/${options.strict ? "spreadsheetml/main" : "spreadsheetml/2006/main"}`
  const types = `${base}/${options.strict ? "officeDocument/relationships" : "officeDocument/2006/relationships"}`
  const packages = "http://schemas.openxmlformats.org/package/2006/relationships"
  const xmlns = prefix === "" ? "xmlns" : `xmlns:${prefix.slice(0, -1)}`
  const prefixed = (xml: string): string => xml.replace(/<(\/?)(?=[a-zA-Z])/g, `<$1${prefix}`)
  const element = (name: string, content: string): string =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<${prefix}${name} ${xmlns}="${main}" xmlns:r="${types}">${prefixed(content)}</${prefix}${name}>`
  const relationships = (list: ReadonlyArray<readonly [id: string, kind: string, target: string]>): string =>
    `<Relationships xmlns="${packages}">${list
      .map(([id, kind, target]) => `<Relationship Id="${id}" Type="${types}/${kind}" Target="${target}"/>`)
      .join("")}</Relationships>`
  return {
    "_rels/.rels": relationships([["rId1", "officeDocument", "xl/workbook.xml"]]),
    "xl/workbook.xml": element(
      "workbook",
      `<workbookPr${options.is1904 ? ' date1904="1"' : ""}/><sheets><sheet name="${options.sheetName ?? "Prices"}" sheetId="1" r:id="rId7"/></sheets>`,
    ),
    "xl/_rels/workbook.xml.rels": relationships([
      ["rId7", "worksheet", "/xl/worksheets/sheet9.xml"],
      ["rId8", "sharedStrings", "sharedStrings.xml"],
      ["rId9", "styles", "styles.xml"],
    ]),
    "xl/worksheets/sheet9.xml": element("worksheet", options.sheet),
    ...(options.sharedStrings === undefined ? {} : { "xl/sharedStrings.xml": element("sst", options.sharedStrings) }),
    ...(options.styles === undefined ? {} : { "xl/styles.xml": element("styleSheet", options.styles) }),
  }
}

/** A workbook of one sheet. */
export const workbook = (options: WorkbookOptions): Buffer => zip(parts(options), options)
