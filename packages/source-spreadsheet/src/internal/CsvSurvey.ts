/**
 * The survey looks at a CSV before it is read, and decides once what it is: its encoding, its dialect, and how its columns write numbers and dates.
 * What it looks at is bounded and told; what contradicts it later is an issue or an error.
 */
import { isAscii } from "node:buffer"
import type { Notice } from "../Headers.ts"
import { decide } from "./ColumnFormats.ts"
import { detect, type Given, sampleLength } from "./CsvDetection.ts"
import { CsvPager, type Reading, type Settings } from "./CsvPager.ts"
import { malformed } from "./classifyError.ts"
import { Decoder } from "./Decoder.ts"
import { type Codepage, codecOf, type Encoding } from "./Encoding.ts"
import { byteOrderMark, type Decision, detect as detectEncoding } from "./EncodingDetection.ts"
import { blockBytes, type Handle } from "./Input.ts"

/** How far the first byte beyond ASCII is looked for. */
export const searchBytes = 8 * 1024 * 1024

const encodingSample = 256 * 1024

/** What is said of a byte that is not UTF-8 where nobody said that the file is. */
export const usualAdvice = ", or say its encoding (encoding)"

/** What a user has said. */
export interface Wishes {
  readonly settings: Settings
  readonly encoding: Encoding | undefined
  readonly dialect: Given
  /** How much is looked at to decide on formats. */
  readonly sampleBytes: number
}

/** What was found, and how long the byte order mark is. */
export interface Survey {
  readonly reading: Reading
  readonly mark: number
}

const signatures: ReadonlyArray<readonly [bytes: ReadonlyArray<number>, what: string]> = [
  [[0x50, 0x4b, 0x03, 0x04], "is a workbook or another zip file, not CSV"],
  [[0xd0, 0xcf, 0x11, 0xe0], "is a workbook of the old kind (.xls), not CSV"],
  [[0x1f, 0x8b, 0x08], "is compressed (gzip), not CSV; unpack it and try again"],
  [[0xff, 0xfe, 0x00, 0x00], "is UTF-32 (its byte order mark at offset 0 says so); save it as UTF-8 and try again"],
  [[0x00, 0x00, 0xfe, 0xff], "is UTF-32 (its byte order mark at offset 0 says so); save it as UTF-8 and try again"],
]

/** See the file's first sentence. */
export const survey = async (handle: Handle, wishes: Wishes): Promise<Survey> => {
  const { place } = wishes.settings
  const start = await readAt(handle, 0, blockBytes)
  const known = signatures.find(([bytes]) => bytes.every((byte, at) => start[at] === byte))
  if (known !== undefined) throw malformed(`${place} ${known[1]}`)
  const mark = byteOrderMark(start)
  if (mark !== undefined && wishes.encoding !== undefined && mark.encoding !== wishes.encoding)
    throw malformed(
      `${place} begins with the byte order mark of ${mark.encoding}, and its encoding is said to be ${wishes.encoding}; leave encoding out, or correct it`,
    )
  const encoding = await encodingOf(handle, start, wishes.encoding, mark?.encoding)
  const text = textOf(start.subarray(mark?.length ?? 0), encoding.encoding, start.length === handle.size)
  const dialect = detect(text.text, text.isWhole, wishes.dialect)
  const reading: Reading = {
    ...dialect,
    encoding: encoding.encoding,
    advice: encoding.advice,
    choices: [],
    notices: [...(encoding.notice === undefined ? [] : [encoding.notice]), ...dialect.notices],
  }
  const formats = await formatsOf(handle, wishes, reading, mark?.length ?? 0)
  return {
    mark: mark?.length ?? 0,
    reading: { ...reading, choices: formats.choices, notices: [...reading.notices, ...formats.notices] },
  }
}

const readAt = async (handle: Handle, position: number, most: number): Promise<Buffer> => {
  const block = Buffer.allocUnsafeSlow(Math.max(1, Math.min(most, handle.size - position)))
  return block.subarray(0, await handle.read(block, position))
}

const settled = (encoding: Codepage, advice = ""): Decision => ({ encoding, notice: undefined, advice })

const encodingOf = async (
  handle: Handle,
  start: Buffer,
  given: Encoding | undefined,
  marked: Encoding | undefined,
): Promise<Decision> => {
  if (given !== undefined || marked !== undefined) return settled(given ?? marked!)
  const isPlain = (bytes: Buffer): boolean => isAscii(bytes) && !bytes.includes(0)
  let block = start
  let offset = 0
  while (isPlain(block)) {
    offset += block.length
    if (block.length === 0 || offset >= Math.min(handle.size, searchBytes)) return settled("utf-8", usualAdvice)
    block = await readAt(handle, offset, blockBytes)
  }
  const found = offset + block.findIndex((byte) => byte === 0 || byte >= 0x80)
  // from the start where that is near; else from a little before, so that the word is whole
  const from = found < encodingSample ? 0 : found - 64
  const sample = await readAt(handle, from, encodingSample)
  const decision = detectEncoding(sample, from, from + sample.length >= handle.size)
  return decision.encoding === "utf-8" && decision.advice === "" ? { ...decision, advice: usualAdvice } : decision
}

const textOf = (bytes: Buffer, encoding: Codepage, isAll: boolean): { readonly text: string; readonly isWhole: boolean } => {
  let text = ""
  let used = 0
  for (const piece of new Decoder(codecOf(encoding), 0).pieces(bytes, isAll)) {
    text += piece.text
    used += piece.bytes
    if (text.length >= sampleLength) break
  }
  return { text, isWhole: isAll && used === bytes.length }
}

const formatsOf = async (
  handle: Handle,
  { sampleBytes, settings }: Wishes,
  reading: Reading,
  mark: number,
): Promise<{ readonly choices: Reading["choices"]; readonly notices: ReadonlyArray<Notice> }> => {
  const readers = settings.formats
  if (!readers.some(({ given }) => given === "detect")) return decide(readers, [], [], [])
  const pager = new CsvPager({ ...settings, formats: [], pageRows: 100 }, reading, mark, undefined)
  const decoder = new Decoder(codecOf(reading.encoding), mark)
  const rows: Array<ReadonlyArray<string>> = []
  const labels: Array<number> = []
  const wanted = new Set(readers.map(({ column }) => column))
  let positions: ReadonlyArray<number> | undefined
  // of each row only what is looked at, and a copy, so that a large sample is not held whole
  const take = (page: { readonly rows: ReadonlyArray<unknown>; readonly labels: ReadonlyArray<unknown> }): void => {
    positions ??= pager.names!.flatMap((name, at) => (wanted.has(name) ? [at] : []))
    for (const row of page.rows as ReadonlyArray<ReadonlyArray<string>>)
      rows.push(positions.map((at) => (row[at] === undefined ? "" : Buffer.from(row[at]).toString())))
    labels.push(...(page.labels as ReadonlyArray<number>))
  }
  const end = Math.min(handle.size, Math.max(sampleBytes, 1))
  for (let offset = mark; offset < end && pager.failure === undefined; ) {
    const block = await readAt(handle, offset, Math.min(blockBytes, end - offset))
    if (block.length === 0) break
    offset += block.length
    for (const piece of decoder.pieces(block, offset >= handle.size)) for (const page of pager.push(piece, false)) take(page)
  }
  for (const page of pager.push({ text: "", bytes: 0, hasNul: false, invalid: undefined }, end >= handle.size)) take(page)
  const names = (positions ?? []).map((at) => pager.names![at]!)
  return decide(readers, names, rows, labels)
}
