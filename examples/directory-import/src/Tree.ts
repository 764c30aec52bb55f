/**
 * A made-up folder: files of all kinds, some twice, some broken, always the same for the same numbers; and what ought to become of each.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs/promises"
import * as path from "node:path"

/** What is to be made. */
export interface Size {
  readonly files: number
  /** Bytes in all, about. */
  readonly bytes: number
}

/** What ought to become of it. */
export interface Expected {
  /** By path the bytes' hash. */
  readonly files: ReadonlyMap<string, string>
  /** `name sha256` of all documents. */
  readonly documents: ReadonlySet<string>
  /** By path the code that its reason has to name. */
  readonly quarantined: ReadonlyMap<string, string>
}

const beginnings: { readonly [ending: string]: string } = {
  ".pdf": "%PDF-1.7\n",
  ".png": "\x89PNG\r\n\x1a\n",
  ".jpg": "\xff\xd8\xff\xe0",
  ".xlsx": "PK\x03\x04",
  ".txt": "Notes\n",
  ".csv": "a;b\n",
}

// bytes that follow from a number
const noise = (seed: number, bytes: number): Buffer => {
  const block = createHash("sha512").update(String(seed)).digest()
  return Buffer.alloc(bytes, block)
}

/** Makes the files. */
export const make = async (folder: string, { bytes, files }: Size): Promise<Expected> => {
  const each = Math.max(16, Math.floor(bytes / files))
  const endings = Object.keys(beginnings)
  const all = new Map<string, string>()
  const documents = new Set<string>()
  const quarantined = new Map<string, string>()
  const write = async (name: string, content: Buffer, code?: string): Promise<void> => {
    const file = path.join(folder, name)
    await fs.mkdir(path.dirname(file), { recursive: true })
    await fs.writeFile(file, content)
    const sha256 = createHash("sha256").update(content).digest("hex")
    all.set(name, sha256)
    if (code === undefined) documents.add(`${path.basename(name)} ${sha256}`)
    else quarantined.set(name, code)
  }
  for (let at = 0; at < files; at++) {
    const ending = endings[at % endings.length]!
    const content = (seed: number): Buffer =>
      Buffer.concat([Buffer.from(beginnings[ending]!, "latin1"), noise(seed, Math.floor(each * (0.2 + ((seed * 7) % 16) / 10)))])
    const place = (number: number): string => `year-${2019 + (number % 6)}/box ${Math.floor(number / 40)}`
    const kind = at % 13
    if (kind === 5) await write(`${place(at)}/empty-${at}.pdf`, Buffer.alloc(0), "rule.file.empty")
    else if (kind === 8) await write(`${place(at)}/setup-${at}.exe`, Buffer.from("MZ"), "rule.file.kind")
    else if (kind === 10) await write(`${place(at)}/no picture-${at}.png`, Buffer.from(`<html>${at}`), "rule.file.kind")
    // the name and content of one before, elsewhere; and its content under another name
    else if (kind === 11)
      await write(`${place(at + 1)}/copies/Ünit-${at - 11}${endings[(at - 11) % 6]!}`, await original(folder, at - 11, all))
    else if (kind === 12)
      await write(`${place(at)}/renamed-${at}${endings[(at - 12) % 6]!}`, await original(folder, at - 12, all))
    else await write(`${place(at)}/Ünit-${at}${ending}`, content(at))
  }
  return { files: all, documents, quarantined }
}

const original = (folder: string, number: number, all: ReadonlyMap<string, string>): Promise<Buffer> => {
  const name = [...all.keys()].find((it) => path.basename(it).startsWith(`Ünit-${number}.`))!
  return fs.readFile(path.join(folder, name))
}
