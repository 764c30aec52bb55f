/**
 * Cells and what they are worth: numbers, texts, dates, booleans, formulas, errors.
 *
 * @module
 */
import type { Cell } from "../case.ts"
import { formats, kind, number, row, text } from "./workbookWriter.ts"
import { book, rows, type XlsxCase } from "./xlsxCase.ts"

const single = (name: string, cell: string, value: Cell, content: Parameters<typeof rows>[3] = {}): XlsxCase =>
  rows(
    name,
    [row(1, cell)],
    [value === null ? [] : [value]].filter((it) => it.length > 0),
    content,
  )

const shared = (name: string, si: string, value: string): XlsxCase => {
  const cells = row(1, kind("A1", "s", "0"), number("B1", 1))
  return rows(name, [cells], [[value, 1]], { texts: si })
}

// a date serial in a format, in the system that counts from 1900 or from 1904
const dated = (name: string, serial: number | string, code: string | number, value: Cell, is1904 = false): XlsxCase =>
  single(name, number("A1", serial, 0), value, { styles: formats(code), is1904 })

const issue = (name: string, cell: string, code: string): XlsxCase =>
  book(
    name,
    { sheet: `<sheetData>${row(4, cell, text("B4", "x"))}</sheetData>` },
    { rows: [[null, "x"]], labels: [4], issues: [{ label: 4, code, column: "A" }] },
  )

const numbers: ReadonlyArray<XlsxCase> = [
  single("a whole number", number("A1", 42), 42),
  single("a number with decimals", number("A1", "12.50"), 12.5),
  single("a number in scientific notation", number("A1", "1.5E-3"), 0.0015),
  single("the 17 digits that Excel stores for 1.1", number("A1", "1.1000000000000001"), 1.1),
  single("a negative number", number("A1", "-0.25"), -0.25),
  single("a barcode of 13 digits", number("A1", "8690000000001"), 8690000000001),
  single("a number of 16 digits that a double holds", number("A1", "1234567890123456"), 1234567890123456),
  single("a number of 20 digits that no double holds", number("A1", "12345678901234567891"), "12345678901234567891"),
  single("the same below zero", number("A1", "-12345678901234567891"), "-12345678901234567891"),
  single("a number with blanks around it", number("A1", " 7 "), 7),
  single("a cell of nothing but blanks", number("A1", "  "), null),
  single("a number that says that it is one", kind("A1", "n", "3"), 3),
  single("a percentage as it is stored", number("A1", "0.125", 0), 0.125, { styles: formats("0.00%") }),
  single("an amount in a currency as it is stored", number("A1", "1234.5", 0), 1234.5, { styles: formats('#,##0.00 "₺"') }),
  issue("a number with a comma", number("A4", "1,5"), "xlsx.bad-cell"),
  issue("a number beyond all doubles", number("A4", "1E+400"), "xlsx.bad-cell"),
  issue("a word where a number is", number("A4", "NaN"), "xlsx.bad-cell"),
  single("true", kind("A1", "b", "1"), true),
  single("false", kind("A1", "b", "0"), false),
  single("true as a word", kind("A1", "b", "true"), true),
  issue("a boolean that is neither", kind("A4", "b", "2"), "xlsx.bad-cell"),
]

const texts: ReadonlyArray<XlsxCase> = [
  shared("a shared text", "<si><t>Şalter</t></si>", "Şalter"),
  shared("rich text", "<si><r><rPr><b/></rPr><t>Güç</t></r><r><t> adaptörü</t></r></si>", "Güç adaptörü"),
  shared(
    "phonetic readings are no text",
    '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></si>',
    "東京",
  ),
  shared("phonetic readings between runs", "<si><r><t>東</t></r><rPh><t>ヒガシ</t></rPh><r><t>京</t></r></si>", "東京"),
  shared("blanks that are to be kept", '<si><t xml:space="preserve">  a  b  </t></si>', "  a  b  "),
  shared("blanks that nothing is said of", "<si><t> a </t></si>", " a "),
  shared("a carriage return that is escaped", "<si><t>a_x000D_\nb</t></si>", "a\r\nb"),
  shared("an escape that is escaped", "<si><t>_x005F_x0041_</t></si>", "_x0041_"),
  shared("a character of two escapes", "<si><t>_xD83D__xDE00_</t></si>", "😀"),
  shared("half a character stays as it is written", "<si><t>a_xD83D_b</t></si>", "a_xD83D_b"),
  shared("what looks like an escape and is none", "<si><t>_x00_ _xGGGG_ _X0041_</t></si>", "_x00_ _xGGGG_ _X0041_"),
  shared("entities", "<si><t>&lt;a&gt; &amp;amp; &quot;b&quot; &apos;c&apos; &#65;&#x1F600;</t></si>", `<a> &amp; "b" 'c' A😀`),
  shared("CDATA", "<si><t><![CDATA[<b> & c]]></t></si>", "<b> & c"),
  shared("a comment within a text", "<si><t>a<!-- not -->b</t></si>", "ab"),
  shared("line ends are line feeds", "<si><t>a\r\nb\rc</t></si>", "a\nb\nc"),
  single("an inline text", text("A1", "Işık"), "Işık"),
  single("an inline text in runs", '<c r="A1" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c>', "ab"),
  single("a text of 40,000 characters", text("A1", "ş".repeat(40_000)), "ş".repeat(40_000)),
  single("a text that looks like a number", text("A1", "00042"), "00042"),
  single("a text that looks like a formula", text("A1", "=1+1"), "=1+1"),
  single("characters outside of the first plane", text("A1", "𝒳😀"), "𝒳😀"),
  rows("an empty shared text is an empty cell", [row(1, kind("A1", "s", "0"), number("B1", 1))], [["", 1]], {
    texts: "<si><t/></si>",
  }),
  issue("a shared text that is not there", kind("A4", "s", "7"), "xlsx.bad-cell"),
  issue("a shared text of no number", kind("A4", "s", ""), "xlsx.bad-cell"),
  issue("a kind of cell that there is not", kind("A4", "z", "1"), "xlsx.bad-cell"),
]

const dates: ReadonlyArray<XlsxCase> = [
  dated("a date, from 1900", 45322, 14, "2024-01-31"),
  dated("a date, from 1904", 43860, 14, "2024-01-31", true),
  dated("a date and a time", 45322.4375, 22, "2024-01-31T10:30:00"),
  dated("a date in a format of one's own", 45322, "dd\\.mm\\.yyyy", "2024-01-31"),
  dated("a date in a Turkish format", 45322, "[$-41F]d mmmm yyyy;@", "2024-01-31"),
  dated("a date in a Japanese format", 45322, 'yyyy"年"m"月"d"日"', "2024-01-31"),
  dated("a date among Chinese built-in formats", 45322, 31, "2024-01-31"),
  dated("the first day, from 1900", 1, 14, "1900-01-01"),
  dated("28 February 1900", 59, 14, "1900-02-28"),
  dated("29 February 1900, which was none", 60, 14, "1900-02-29"),
  dated("1 March 1900", 61, 14, "1900-03-01"),
  dated("the first day, from 1904", 0, 14, "1904-01-01", true),
  dated("the last day that there is", 2958465, 14, "9999-12-31"),
  dated("a day after the last one stays a number", 2958466, 14, 2958466),
  dated("a day before the first one stays a number", -1, 14, -1),
  dated("a time of day", 0.4375, 20, "10:30:00"),
  dated("a time to the millisecond", 45322.000005787, 22, "2024-01-31T00:00:00.500"),
  dated("a moment that a double misses by a little", 44197.4237268519, 22, "2021-01-01T10:10:10"),
  dated("a duration of more than a day", 1.5, "[h]:mm", "36:00:00"),
  dated("a duration in minutes", 0.0625, "[mm]:ss", "01:30:00"),
  dated("a duration below zero", -0.25, "[h]:mm", "-06:00:00", true),
  dated("a number with the letter d in quotes", 5, '0.0 "days"', 5),
  dated("a number in red", 5, "[Red]0.00", 5),
  single("an ISO date", kind("A1", "d", "2024-01-31"), "2024-01-31"),
  single("an ISO date at midnight", kind("A1", "d", "2024-01-31T00:00:00.000"), "2024-01-31"),
  single("an ISO date and time", kind("A1", "d", "2024-01-31T10:30:00.250Z"), "2024-01-31T10:30:00.250Z"),
  single("an ISO time", kind("A1", "d", "T10:30"), "10:30:00"),
  issue("an ISO date that is none", kind("A4", "d", "31.01.2024"), "xlsx.bad-cell"),
]

const formulas: ReadonlyArray<XlsxCase> = [
  single("the result of a formula", '<c r="A1"><f>1+1</f><v>2</v></c>', 2),
  single("the text that a formula gives", '<c r="A1" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>', "ab"),
  rows("the empty text that a formula gives", [row(1, '<c r="A1" t="str"><f>""</f><v></v></c>', number("B1", 1))], [["", 1]]),
  single("the truth that a formula gives", '<c r="A1" t="b"><f>1=1</f><v>1</v></c>', true),
  single("the date that a formula gives", '<c r="A1" s="0"><f>TODAY()</f><v>45322</v></c>', "2024-01-31", {
    styles: formats(14),
  }),
  rows(
    "a shared formula",
    [
      row(1, number("A1", 1), '<c r="B1"><f t="shared" ref="B1:B2" si="0">A1*2</f><v>2</v></c>'),
      row(2, number("A2", 2), '<c r="B2"><f t="shared" si="0"/><v>4</v></c>'),
    ],
    [
      [1, 2],
      [2, 4],
    ],
  ),
  rows(
    "an array formula and the cells that it fills",
    [row(1, '<c r="A1"><f t="array" ref="A1:B1">TRANSPOSE(D1:D2)</f><v>5</v></c>', number("B1", 6))],
    [[5, 6]],
  ),
  issue("a formula without a result", '<c r="A4"><f>A1</f></c>', "xlsx.no-cached-value"),
  issue("a formula with an empty result", '<c r="A4"><f>A1</f><v/></c>', "xlsx.no-cached-value"),
  issue("a shared formula without a result", '<c r="A4"><f t="shared" si="0"/></c>', "xlsx.no-cached-value"),
  issue("a formula that shows an error", '<c r="A4" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "xlsx.error-cell"),
  ...["#N/A", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!"].map((error) =>
    issue(`the error ${error}`, kind("A4", "e", error), "xlsx.error-cell"),
  ),
]

/** See the file's first sentence. */
export const values: ReadonlyArray<XlsxCase> = [...numbers, ...texts, ...dates, ...formulas]
