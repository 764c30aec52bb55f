/**
 * What kind of file claims to be a workbook, and what it holds besides cells. What is no XLSX workbook is refused with what to do about it.
 * Macros and links to other files are never looked at, let alone run or followed; that they are there is told.
 */
import type { Notice } from "../Headers.ts"
import { malformed } from "./classifyError.ts"
import type { Handle } from "./Input.ts"
import type { Zip } from "./Zip.ts"

const headerBytes = 512

/** Refuses compound files: workbooks of the old kind, and those with a password. */
export const refuseCompound = async (handle: Handle, name: string): Promise<void> => {
  const start = Buffer.alloc(headerBytes)
  await handle.read(start, 0)
  if (start.readUInt32BE(0) !== 0xd0cf11e0) return
  // the directory of streams: a name tells what it is
  const directory = Buffer.alloc(4096)
  const sectorBytes = 2 ** Math.min(start.readUInt16LE(30), 16)
  await handle.read(directory, (start.readUInt32LE(48) + 1) * sectorBytes)
  const holds = (stream: string): boolean => directory.includes(Buffer.from(stream, "utf16le"))
  if (holds("EncryptedPackage")) throw malformed(`${name} is encrypted; save the workbook without a password`)
  if (holds("Workbook") || holds("Book")) throw malformed(`${name} is a workbook of the old kind (.xls); save it as .xlsx`)
  throw malformed(`${name} is encrypted or a workbook of the old kind (.xls); save it as .xlsx without a password`)
}

/** Refuses archives that hold something else than a workbook in XML; `main` is the part that should be it. */
export const refuseOthers = (zip: Zip, name: string, main: string): void => {
  if (main.endsWith(".bin") || (zip.find(main) === undefined && zip.find("xl/workbook.bin") !== undefined)) {
    throw malformed(`${name} is a binary workbook (.xlsb); save it as .xlsx`)
  }
  if (zip.find(main) !== undefined) return
  if (zip.find("content.xml") !== undefined && zip.find("mimetype") !== undefined) {
    throw malformed(`${name} is an OpenDocument file (.ods); save it as .xlsx`)
  }
  throw malformed(`${name} is not a workbook of the kind .xlsx: it has no ${main}`)
}

/** What is in a workbook and is not read. */
export const unread = (zip: Zip, hasMacros: boolean, links: number): ReadonlyArray<Notice> => [
  ...(hasMacros || zip.find("xl/vbaProject.bin") !== undefined
    ? [{ code: "xlsx.macros", message: "The workbook has macros; they were neither run nor read." }]
    : []),
  ...(links > 0
    ? [
        {
          code: "xlsx.external-links",
          message: `The workbook refers to other files (${links}); they were not opened, and what its formulas took from them may be out of date.`,
        },
      ]
    : []),
]
