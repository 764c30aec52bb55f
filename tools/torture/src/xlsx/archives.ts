/**
 * Archives as programs write them, as attackers do, and files of other kinds that are called workbooks.
 *
 * @module
 */
import { bookOf, data, filesOf, number, part, row } from "./workbookWriter.ts"
import { letters, refused, type XlsxCase } from "./xlsxCase.ts"
import { type Ending, type Packed, zipOf } from "./zipWriter.ts"

const content = { sheet: data(row(1, number("A1", 1))), texts: "<si><t>a</t></si>" }
const options = { headers: letters }
const expected = { rows: [[1]], notices: [] }

const read = (
  name: string,
  change: (file: Packed) => Packed,
  ending: Ending = {},
  more: ReadonlyArray<Packed> = [],
  notices: ReadonlyArray<string> = [],
): XlsxCase => ({
  name,
  bytes: () => zipOf([...filesOf(content).map(change), ...more], ending),
  options,
  expected: { ...expected, notices },
})

const same = (file: Packed): Packed => file

const honest: ReadonlyArray<XlsxCase> = [
  read("files that are stored", (file) => ({ ...file, stored: true })),
  read("sizes that come after the content", (file) => ({ ...file, hasDescriptor: true })),
  read("sizes in 64 bits", (file) => ({ ...file, isZip64: true })),
  read("a directory in 64 bits", (file) => ({ ...file, isZip64: true }), { isZip64: true }),
  read("64 bits and sizes after the content", (file) => ({ ...file, isZip64: true, hasDescriptor: true }), { isZip64: true }),
  read("a directory in another order", same, { order: "reverse" }),
  read("a comment at the end", same, { comment: "PK\u0005\u0006 made by hand" }),
  read("names with a slash before them", (file) => ({ ...file, name: `/${file.name}` })),
  read("names with backslashes", (file) => ({ ...file, name: file.name.replaceAll("/", "\\") })),
  read("names in upper case", (file) => ({ ...file, name: file.name.toUpperCase() })),
  read("folders of their own", same, {}, [
    { name: "xl/", content: "", stored: true },
    { name: "xl/media/", content: "", stored: true },
  ]),
  read("macros", same, {}, [{ name: "xl/vbaProject.bin", content: "macros" }], ["xlsx.macros"]),
  {
    name: "links to other files",
    bytes: () => bookOf({ ...content, related: [["externalLink", "externalLinks/externalLink1.xml"]] }),
    options,
    expected: { ...expected, notices: ["xlsx.external-links"] },
  },
]

// one file said otherwise
const liar = (name: string, reason: "Malformed" | "TooLarge", says: ReadonlyArray<string>, lie: Partial<Packed>): XlsxCase =>
  refused(name, () => bookOf(content, { [part.sheet]: lie }), reason, says)

const compound = (stream: string): Buffer => {
  const bytes = Buffer.alloc(1536)
  bytes.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])
  bytes.writeUInt16LE(9, 30)
  bytes.writeUInt32LE(1, 48)
  bytes.write(stream, 1024 + 128, "utf16le")
  return bytes
}

const zipped = (...files: ReadonlyArray<readonly [name: string, content: string]>): Buffer =>
  zipOf(files.map(([name, content]) => ({ name, content })))

const lies: ReadonlyArray<XlsxCase> = [
  liar("a wrong checksum", "Malformed", ["sheet1.xml", "checksum"], { local: { crc: 1 }, central: { crc: 1 } }),
  liar("a size that is too small", "Malformed", ["sheet1.xml", "size"], { local: { size: 9 }, central: { size: 9 } }),
  liar("a size that is too large", "Malformed", ["sheet1.xml", "size"], { local: { size: 999_999 }, central: { size: 999_999 } }),
  liar("a size of 2 GiB", "TooLarge", ["2147483648", "limits.sheetBytes"], {
    local: { size: 2 ** 31 },
    central: { size: 2 ** 31 },
  }),
  liar("headers that say two sizes", "Malformed", ["sheet1.xml", "header does not say"], { local: { size: 9 } }),
  liar("headers that say two names", "Malformed", ["sheet1.xml", "header does not say"], {
    local: { name: "xl/worksheets/sheet2.xml" },
  }),
  liar("headers that say two methods", "Malformed", ["header does not say"], { local: { method: 0 } }),
  liar("a method that is not known", "Malformed", ["compressed in a way", "12"], {
    local: { method: 12 },
    central: { method: 12 },
  }),
  liar("a part with a password", "Malformed", ["encrypted", "without a password"], {
    local: { flags: 1 },
    central: { flags: 1 },
  }),
  liar("a part that is elsewhere", "Malformed", ["damaged"], { offset: (at) => at + 1 }),
  liar("a part that is behind the directory", "Malformed", ["damaged"], { offset: (at) => at + 100_000 }),
  liar("a part in the bytes of the first one", "Malformed", ["overlaps"], { offset: () => 0 }),
  liar("a part longer than its room", "Malformed", ["overlaps"], {
    local: { compressed: 9_999 },
    central: { compressed: 9_999 },
  }),
  liar("bytes that cannot be unpacked", "Malformed", ["cannot be unpacked"], {
    stored: true,
    local: { method: 8 },
    central: { method: 8 },
  }),
  refused(
    "two files of one name",
    () => zipOf([...filesOf(content), { name: part.sheet.toUpperCase(), content: "x" }]),
    "Malformed",
    ["two files called"],
  ),
  refused(
    "a name that leads out of the archive",
    () => zipOf([...filesOf(content), { name: "xl/../../evil", content: "x" }]),
    "Malformed",
    ["xl/../../evil"],
  ),
  refused(
    "a backslashed name that leads out",
    () => zipOf([...filesOf(content), { name: "..\\evil", content: "x" }]),
    "Malformed",
    ["leads out of the archive"],
  ),
  refused("fewer files than are there", () => bookOf(content, {}, { count: (it) => it - 1 }), "Malformed", ["directory"]),
  refused("more files than are there", () => bookOf(content, {}, { count: (it) => it + 1 }), "Malformed", ["directory"]),
  refused("something before the archive", () => bookOf(content, {}, { before: Buffer.from("MZ program") }), "Malformed", [
    "damaged",
  ]),
  refused("an archive that is cut off", () => bookOf(content).subarray(0, -30), "Malformed", ["cut off"]),
]

const kinds: ReadonlyArray<XlsxCase> = [
  refused("nothing", () => Buffer.alloc(0), "Malformed", ["not a workbook"]),
  refused("text", () => Buffer.from("sku,price\nA,1\n"), "Malformed", ["not a workbook"]),
  refused("another archive", () => zipped(["readme.txt", "x"]), "Malformed", ["xl/workbook.xml"]),
  refused("an old workbook", () => compound("Workbook"), "Malformed", [".xls)", "save it as .xlsx"]),
  refused("a workbook with a password", () => compound("EncryptedPackage"), "Malformed", ["is encrypted"]),
  refused("a compound file of another kind", () => compound("WordDocument"), "Malformed", [
    "encrypted or a workbook of the old kind",
  ]),
  refused("a binary workbook", () => zipped(["xl/workbook.bin", "x"]), "Malformed", [".xlsb"]),
  refused("an OpenDocument file", () => zipped(["mimetype", "x"], ["content.xml", "<x/>"]), "Malformed", [".ods"]),
]

const limited = (
  name: string,
  sheet: string,
  limits: NonNullable<XlsxCase["options"]["limits"]>,
  says: string,
  texts?: string,
): XlsxCase =>
  refused(name, () => bookOf({ sheet, ...(texts === undefined ? {} : { texts }) }), "TooLarge", [`limits.${says}`], {
    headers: letters,
    limits,
    ...(says === "repeatedCells" ? { merged: "repeat" } : {}),
  })

const long = `<row r="1"><c r="A1" t="inlineStr"><is><t>${"x".repeat(50)}</t></is></c><c r="B1" t="str"><v>${"y".repeat(50)}</v></c></row>`
const area = '<mergeCells><mergeCell ref="A1:C3"/><mergeCell ref="A5:C6"/></mergeCells>'

const limits: ReadonlyArray<XlsxCase> = [
  limited("more files than are allowed", data(), { entries: 3 }, "entries"),
  limited("a larger sheet than is allowed", data(long), { sheetBytes: 100 }, "sheetBytes"),
  limited("a larger list of sheets than is allowed", data(), { otherBytes: 10 }, "otherBytes"),
  limited("more rows than are allowed", data(row(11)), { rows: 10 }, "rows"),
  limited("more columns than are allowed", data(row(1, number("D1", 1))), { columns: 3 }, "columns"),
  limited("a longer cell than is allowed", data(long), { cellLength: 49 }, "cellLength"),
  limited("a longer row than is allowed", data(long), { rowLength: 99 }, "rowLength"),
  limited("more shared texts than are allowed", data(), { sharedTexts: 1 }, "sharedTexts", "<si><t>a</t></si><si/>"),
  limited("a longer shared text than is allowed", data(), { cellLength: 9 }, "cellLength", "<si><t>0123456789</t></si>"),
  limited("more bytes of shared texts than are allowed", data(), { sharedTextBytes: 50 }, "sharedTextBytes", "<si><t>a</t></si>"),
  limited("more merged areas than are allowed", data() + area, { mergedAreas: 1 }, "mergedAreas"),
  limited(
    "more repeated cells than are allowed",
    data(row(1, number("A1", 1)), row(2, number("D2", 1))) + area,
    { repeatedCells: 4 },
    "repeatedCells",
  ),
  refused(
    "more sheets than are allowed",
    () => bookOf({ sheets: ["a", "b", "c"].map((name) => ({ name, xml: data() })) }),
    "TooLarge",
    ["limits.sheets"],
    { headers: letters, limits: { sheets: 2 } },
  ),
]

/** See the file's first sentence. */
export const archives: ReadonlyArray<XlsxCase> = [...honest, ...lies, ...kinds, ...limits]
