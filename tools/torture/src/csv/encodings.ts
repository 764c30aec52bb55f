/**
 * The same tables in all encodings, parted and ended in all ways, with nothing given and with everything given.
 *
 * @module
 */
import { bytesOf, type Encoding } from "./bytes.ts"
import type { CsvCase } from "./cases.ts"
import { textOf, usual } from "./write.ts"

type Table = ReadonlyArray<ReadonlyArray<string>>

const turkish: Table = [
  ["kod", "ürün", "açıklama"],
  ["A1", "Kağıt", 'güç, ölçü; "ışık"\n2 | 3'],
  ["A2", "Çelik Şarj", "İstanbul"],
  ["A3", "Işık", "ürün\tölçü"],
]
const western: Table = [
  ["réf", "Größe", "name"],
  ["A1", "Äpfel süß", 'Clé, Pièce; "été"\n2 | 3'],
  ["A2", "Müller", "pequeño Señor"],
  ["A3", "Größe", "Müller\tMuñoz"],
]
const icelandic: Table = [
  ["nr", "nafn", "annað"],
  ["1", "Þórður Jónsson", 'Við, "Höfðatorg"; 2 | 3\n4'],
  ["2", "Sigríður Ásgeirsdóttir", "ýmislegt\tæ"],
]
const japanese: Table = [
  ["コード", "商品名", "価格"],
  ["A1", "りんご", '表示, "ソ"; 能 | 十\n2'],
  ["A2", "バナナ", "東京\tﾃｽﾄ"],
]

const written: ReadonlyArray<{
  readonly name: string
  readonly table: Table
  readonly encoding: Encoding
  readonly mark?: boolean
  readonly isNoticed?: boolean
}> = [
  { name: "Turkish in UTF-8", table: turkish, encoding: "utf-8" },
  { name: "Turkish in UTF-8 with a mark", table: turkish, encoding: "utf-8", mark: true },
  { name: "Japanese in UTF-16LE with a mark", table: japanese, encoding: "utf-16le", mark: true },
  { name: "Japanese in UTF-16BE with a mark", table: japanese, encoding: "utf-16be", mark: true },
  { name: "Turkish in UTF-16LE without a mark", table: turkish, encoding: "utf-16le", isNoticed: true },
  { name: "Turkish in UTF-16BE without a mark", table: turkish, encoding: "utf-16be", isNoticed: true },
  { name: "Western text in windows-1252", table: western, encoding: "windows-1252", isNoticed: true },
  { name: "Icelandic in windows-1252", table: icelandic, encoding: "windows-1252", isNoticed: true },
  { name: "Turkish in windows-1254", table: turkish, encoding: "windows-1254", isNoticed: true },
  { name: "Japanese in Shift-JIS", table: japanese, encoding: "shift_jis", isNoticed: true },
]

const delimiters = { comma: ",", semicolon: ";", tab: "\t", bar: "|" } as const
const ends = { LF: "\n", CRLF: "\r\n", CR: "\r" } as const

const caseOf = (
  name: string,
  table: Table,
  bytes: () => Uint8Array,
  options: CsvCase["options"],
  notices?: ReadonlyArray<string>,
): CsvCase => ({
  name,
  bytes,
  options,
  expected: { columns: table[0]!, rows: table.slice(1), ...(notices === undefined ? {} : { notices }) },
})

const detected = written.flatMap(({ encoding, isNoticed, mark, name, table }) =>
  Object.entries(delimiters).flatMap(([sign, delimiter]) =>
    Object.entries(ends).map(([end, lineEnd]) =>
      caseOf(
        `nothing given: ${name}, ${sign}, ${end}`,
        table,
        () => bytesOf(textOf(table, { ...usual, delimiter, end: lineEnd }), encoding, mark),
        {},
        [...(isNoticed ? ["csv.encoding"] : []), ...(sign === "comma" ? [] : ["csv.delimiter"])],
      ),
    ),
  ),
)

const all: ReadonlyArray<readonly [Encoding, Table]> = [
  ["utf-8", japanese],
  ["utf-16le", turkish],
  ["utf-16be", turkish],
  ["windows-1252", icelandic],
  ["windows-1254", turkish],
  ["iso-8859-1", western],
  ["iso-8859-9", turkish],
  ["shift_jis", japanese],
]

const given = all.flatMap(([encoding, table]) => [
  ...["||", "~|~", ":"].map((delimiter) =>
    caseOf(
      `given: ${encoding}, parted by ${delimiter}`,
      table,
      () => bytesOf(textOf(table, { ...usual, delimiter }), encoding),
      { encoding, delimiter },
      [],
    ),
  ),
  caseOf(
    `given: ${encoding}, ' as quote, backslash escapes, CRLF, in pages of one row`,
    table,
    () => bytesOf(textOf(table, { delimiter: ";", end: "\r\n", quote: "'", escape: "backslash" }), encoding),
    { encoding, delimiter: ";", quote: "'", escape: "backslash", lineEnd: "crlf", pageRows: 1 },
    [],
  ),
])

const refused = (
  name: string,
  bytes: () => Uint8Array,
  options: CsvCase["options"],
  ...says: ReadonlyArray<string>
): CsvCase => ({
  name,
  bytes,
  options,
  expected: { error: { reason: "Malformed", says } },
})

const invalid: ReadonlyArray<CsvCase> = [
  refused(
    "a byte that is not UTF-8",
    () => Buffer.from("61 0a c5 9f c5 9f fe 0a".replaceAll(" ", ""), "hex"),
    {},
    ":2:",
    "offset 6",
    "not UTF-8",
  ),
  refused("UTF-8 that is cut off", () => Buffer.from("610ac59fc59fe282", "hex"), {}, ":2:", "offset 6", "not UTF-8"),
  refused("an overlong form", () => Buffer.from("610ac080", "hex"), { encoding: "utf-8" }, ":2:", "offset 2"),
  refused("half a pair in UTF-16LE", () => Buffer.from("61000a003dd80a00", "hex"), { encoding: "utf-16le" }, ":2:", "offset 4"),
  refused("half a pair in UTF-16BE", () => Buffer.from("0061000ade00000a", "hex"), { encoding: "utf-16be" }, ":2:", "offset 4"),
  refused("UTF-16 with an odd number of bytes", () => Buffer.from("fffe61000a006200ff", "hex"), {}, ":2:", "offset 8"),
  ...["81", "8d", "8f", "90", "9d"].map((byte) =>
    refused(
      `0x${byte} in windows-1252`,
      () => Buffer.from(`610a62${byte}0a`, "hex"),
      { encoding: "windows-1252" },
      ":2:",
      `0x${byte.toUpperCase()}`,
      "offset 3",
    ),
  ),
  ...["81", "8e", "9e"].map((byte) =>
    refused(
      `0x${byte} in windows-1254`,
      () => Buffer.from(`610a62${byte}0a`, "hex"),
      { encoding: "windows-1254" },
      ":2:",
      "offset 3",
    ),
  ),
  ...["80", "85", "9f"].flatMap((byte) =>
    (["iso-8859-1", "iso-8859-9"] as const).map((encoding) =>
      refused(`0x${byte} in ${encoding}`, () => Buffer.from(`610a62${byte}0a`, "hex"), { encoding }, ":2:", "offset 3"),
    ),
  ),
  ...["80", "a0", "fd", "810a", "8540", "f040"].map((bytes) =>
    refused(
      `0x${bytes} in Shift-JIS`,
      () => Buffer.from(`610a93fa${bytes}0a`, "hex"),
      { encoding: "shift_jis" },
      ":2:",
      "offset 4",
    ),
  ),
  refused(
    "one accented word is too little to go by",
    () => Buffer.from("id,name\n1,M\xfcller\n", "latin1"),
    {},
    ":2:",
    "offset 11",
    "windows-1252",
    "0.50",
    "encoding",
  ),
  refused(
    "Cyrillic in windows-1251 is not guessed",
    () => Buffer.from("id;cab\n1;\xca\xe0\xe1\xe5\xeb\xfc\n2;\xd8\xf3\xf0\xf3\xef\n", "latin1"),
    {},
    ":2:",
    "offset 9",
    "encoding",
  ),
  refused(
    "a letter that tells 1252 from 1254 after a sample that does not",
    () =>
      Buffer.concat([
        bytesOf(textOf(western), "windows-1252"),
        Buffer.from("x,y,z\n".repeat(50_000)),
        Buffer.from("a,b,\xfd\n", "latin1"),
      ]),
    {},
    "0xFD",
    "windows-1254",
    "encoding",
  ),
  refused(
    "a mark that contradicts the encoding",
    () => bytesOf("a,b\n1,2\n", "utf-8", true),
    { encoding: "windows-1252" },
    "byte order mark of utf-8",
    "windows-1252",
  ),
  refused("UTF-32", () => Buffer.from("fffe000061000000", "hex"), {}, "UTF-32"),
  refused("a workbook", () => Buffer.from("504b030400000000", "hex"), {}, "workbook"),
  refused("an old workbook", () => Buffer.from("d0cf11e000000000", "hex"), {}, ".xls"),
  refused("a compressed file", () => Buffer.from("1f8b080000000000", "hex"), {}, "gzip"),
]

/** See the file's first sentence. */
export const encodingCases: ReadonlyArray<CsvCase> = [...detected, ...given, ...invalid]
