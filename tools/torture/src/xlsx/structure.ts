/**
 * Rows and cells in every order and spelling, and the dialects of the format.
 *
 * @module
 */
import { type Book, bookOf, data, number, part, partsOf, row, text } from "./workbookWriter.ts"
import { book, letters, refused, rows, type XlsxCase } from "./xlsxCase.ts"
import { zipOf } from "./zipWriter.ts"

const plain = [row(1, text("A1", "a"), number("B1", 1)), row(2, text("A2", "b"), number("B2", 2))]
const plainRows = [
  ["a", 1],
  ["b", 2],
]

const spelled = (name: string, how: Partial<Book>, sheet = data(...plain)): XlsxCase =>
  book(name, { ...how, sheet }, { rows: plainRows, labels: [1, 2], notices: [] })

const shared: Partial<Book> = { texts: "<si><t>a</t></si><si><r><t>b</t></r></si>" }
const sharedSheet = data(
  '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>1</v></c></row>',
  '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><v>2</v></c></row>',
)

const dialects: ReadonlyArray<XlsxCase> = [
  spelled("transitional", {}),
  spelled("strict", { isStrict: true }),
  spelled("strict, with shared texts", { ...shared, isStrict: true }, sharedSheet),
  spelled("elements with a prefix", { ...shared, prefix: "x" }, sharedSheet),
  spelled("strict, elements with a prefix", { ...shared, prefix: "ns0", isStrict: true }, sharedSheet),
  spelled("a byte order mark before the XML", { prolog: "\ufeff" }),
  spelled("no XML declaration", { prolog: "" }),
  spelled("comments and instructions before the XML", { prolog: "<?xml version='1.0'?><?mso x?><!-- <row> -->\n" }),
  spelled("attributes in single quotes", {}, data(...plain).replaceAll('"', "'")),
  spelled("blanks and line ends between elements", {}, data(...plain).replaceAll("><", ">\r\n  <")),
  spelled("elements that end with a blank", {}, data(...plain).replaceAll(/<\/(\w+)>/g, "</$1 >")),
  spelled("a comment that looks like rows", {}, `<!-- <sheetData><row r="9"/> -->${data(...plain)}`),
  spelled("attributes that nobody knows", {}, data(...plain).replaceAll("<row ", '<row x14ac:dyDescent="0.25" note="a > b" ')),
  spelled("attributes in another order", {}, data(...plain).replaceAll(/<c r="(\w+)" t="(\w+)"/g, '<c t="$2" r="$1"')),
  spelled(
    "references in lower case",
    {},
    data(...plain).replaceAll(/<c r="(\w+)"/g, (_, it: string) => `<c r="${it.toLowerCase()}"`),
  ),
  spelled("a size that is said to be all there is", {}, `<dimension ref="A1:XFD16777216"/>${data(...plain)}`),
  spelled(
    "extensions with elements of the same names",
    {},
    `${data(...plain)}<extLst><ext><row r="9"><c><v>1</v></c></row></ext></extLst>`,
  ),
]

const order: ReadonlyArray<XlsxCase> = [
  rows("cells without references", ["<row r='1'><c><v>1</v></c><c><v>2</v></c></row>"], [[1, 2]]),
  rows("rows without numbers", ["<row><c r='A1'><v>1</v></c></row><row><c r='A2'><v>2</v></c></row>"], [[1], [2]]),
  book(
    "a row without a number has that of its cells",
    { sheet: data("<row><c r='A3'><v>1</v></c><c r='B3'><v>2</v></c></row><row><c><v>3</v></c></row>") },
    { rows: [[1, 2], [3]], labels: [3, 4] },
  ),
  rows("cells with and without references", ["<row r='1'><c r='C1'><v>3</v></c><c><v>4</v></c></row>"], [[null, null, 3, 4]]),
  rows("cells out of order", [row(1, number("C1", 3), number("A1", 1))], [[1, null, 3]]),
  book(
    "rows out of order keep their numbers",
    { sheet: data(row(5, number("A5", 5)), row(2, number("A2", 2)), row(9, number("A9", 9))) },
    { rows: [[5], [2], [9]], labels: [5, 2, 9] },
  ),
  refused(
    "a row that comes after the header and is above it",
    () => bookOf({ sheet: data(row(3, text("A3", "sku")), row(1, text("A1", "x"))) }),
    "Malformed",
    ["row 1", "row 3", "headerRow"],
    {},
  ),
  book(
    "rows far apart",
    { sheet: data(row(1, number("A1", 1)), row(1_048_576, number("A1048576", 2))) },
    { rows: [[1], [2]], labels: [1, 1_048_576] },
  ),
  book(
    "a cell in the last column",
    { sheet: data(row(1, text("A1", "a"), text("XFD1", "z")), row(2, number("A2", 1), number("XFD2", 2))) },
    { rows: [[1, ...Array.from({ length: 16_382 }, () => null), 2]], labels: [2] },
    {},
  ),
  book(
    "empty rows and cells are left out",
    { sheet: data("<row r='1'/>", row(2, "<c r='A2' s='3'/>"), row(3, number("A3", 1), "<c r='B3'/>"), "<row r='4'></row>") },
    { rows: [[1]], labels: [3] },
  ),
  book(
    "a cell that is there twice",
    { sheet: data(row(1, number("A1", 1), number("A1", 2))) },
    { labels: [1], issues: [{ label: 1, code: "xlsx.bad-cell", column: "A" }] },
  ),
  refused("a row that is there twice", () => bookOf({ sheet: data(row(3), row(3)) }), "Malformed", ["row 3 twice"]),
  refused("a cell of another row", () => bookOf({ sheet: data(row(3, number("A7", 1))) }), "Malformed", ["cell A7 in row 3"]),
  refused("a row of number 0", () => bookOf({ sheet: data(row(0)) }), "Malformed", ["row of number 0"]),
  refused("a row of no number", () => bookOf({ sheet: data("<row r='x'/>") }), "Malformed", ["row of number x"]),
  refused("a row after the last one", () => bookOf({ sheet: data(row(16_777_216)) }), "Malformed", ["16777216"]),
  refused("a column after the last one", () => bookOf({ sheet: data(row(1, number("XFE1", 1))) }), "Malformed", [
    "columns A to XFD",
  ]),
  book("no rows at all", { sheet: "<sheetData/>" }, { columns: letters, rows: [], notices: [] }),
  book("no data at all", { sheet: "" }, { columns: letters, rows: [], notices: [] }),
  refused("no rows and no header", () => bookOf({ sheet: "<sheetData/>" }), "Malformed", ["empty, not even a header"], {}),
]

const without = (name: string, change: Readonly<Record<string, string | Uint8Array | undefined>>): Buffer =>
  zipOf(
    Object.entries({ ...partsOf({ sheet: data(...plain) }), ...change }).flatMap(([name, content]) =>
      content === undefined ? [] : [{ name, content }],
    ),
    { comment: name },
  )

const broken = (
  name: string,
  change: Readonly<Record<string, string | Uint8Array | undefined>>,
  says: ReadonlyArray<string>,
): XlsxCase => refused(name, () => without(name, change), "Malformed", says)

const inUtf16 = (name: string, encode: (text: Buffer) => Buffer): XlsxCase => ({
  name,
  bytes: () => {
    const sheet = data(row(1, text("A1", "Işık 😀".repeat(9_000))))
    const xml = partsOf({ sheet })[part.sheet]!.replace("UTF-8", "UTF-16")
    return without(name, { [part.sheet]: encode(Buffer.from(`\ufeff${xml}`, "utf16le")) })
  },
  options: { headers: letters },
  expected: { rows: [["Işık 😀".repeat(9_000)]] },
})

const damage: ReadonlyArray<XlsxCase> = [
  inUtf16("a sheet in UTF-16, little end first", (it) => it),
  inUtf16("a sheet in UTF-16, big end first", (it) => it.swap16()),
  broken("no sheet where one is said to be", { [part.sheet]: undefined }, ["sheet1.xml"]),
  broken("a sheet that breaks off", { [part.sheet]: "<worksheet><sheetData><row r='1'>" }, ["sheet1.xml", "cut off"]),
  broken("an end tag too many", { [part.sheet]: "<worksheet></worksheet></x>" }, ["end tag too many"]),
  broken("a sheet that is not UTF-8", { [part.sheet]: Buffer.from("<worksheet>\xfe</worksheet>", "latin1") }, ["not UTF-8"]),
  broken("a sheet in UTF-16 that breaks off", { [part.sheet]: Buffer.from("\ufeff<worksheet/>", "utf16le").subarray(0, -1) }, [
    "not UTF-16LE",
  ]),
  broken("a document type", { [part.sheet]: '<!DOCTYPE x SYSTEM "file:///etc/passwd"><worksheet/>' }, ["document type"]),
  broken("entities of its own", { [part.sheet]: '<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>' }, ["document type"]),
  broken("a document type in the shared texts", { [part.workbook]: '<!DOCTYPE x [<!ENTITY a "b">]><workbook/>' }, [
    "document type",
  ]),
  broken("a text without an end", { [part.sheet]: `<worksheet>${" ".repeat(5_000_000)}</worksheet>` }, ["piece of text"]),
]

/** See the file's first sentence. */
export const structure: ReadonlyArray<XlsxCase> = [...dialects, ...order, ...damage]
