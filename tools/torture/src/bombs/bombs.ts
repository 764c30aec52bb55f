/**
 * The bombs.
 *
 * @module
 */
import { type Book, data, filesOf, number, part, row } from "../xlsx/workbookWriter.ts"
import { type Packed, zipOf } from "../xlsx/zipWriter.ts"
import type { Bomb } from "./bomb.ts"
import { type Repeated, repeated } from "./repeated.ts"

const headers = ["A", "B", "C"]
const MiB = 2 ** 20

// a workbook with one part that is packed already, and said to be `said` bytes long
const withPart = (name: string, content: Repeated, said: number = content.size, book: Book = {}): Buffer => {
  const entry: Packed = {
    name,
    content: content.packed,
    stored: true,
    local: { method: 8, crc: content.crc, size: said },
    central: { method: 8, crc: content.crc, size: said },
  }
  const files = filesOf({ texts: "", styles: "", sheet: data(row(1, number("A1", 1))), ...book })
  return zipOf(files.map((file) => (file.name === name ? entry : file)))
}

const sheetOf = (unit: string, bytes: number, isNoisy = false, before = "", after = ""): Repeated =>
  repeated(`<worksheet>${before}<sheetData>`, unit, `</sheetData>${after}</worksheet>`, bytes, { isNoisy })

const bomb = (
  name: string,
  bytes: () => Uint8Array,
  reason: "Malformed" | "TooLarge",
  says: string,
  options: Bomb["options"] = {},
): Bomb => ({ name, bytes, options: { headers, ...options }, expected: { reason, says } })

const laughs = (): string => {
  const entities = Array.from({ length: 10 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`)
  return `<!DOCTYPE x [<!ENTITY l0 "lol">${entities.join("")}]><worksheet><sheetData><row><c t="str"><v>&l10;</v></c></row></sheetData></worksheet>`
}

// each of many files is said to be in the bytes of the first
const overlapping = (): Buffer => {
  const kernel = sheetOf("<row/>", 64 * MiB)
  const files = Array.from(
    { length: 5_000 },
    (_, at): Packed => ({
      name: `xl/worksheets/sheet${at + 100}.xml`,
      content: at === 0 ? kernel.packed : "",
      stored: true,
      central: { method: 8, crc: kernel.crc, size: kernel.size, compressed: kernel.packed.length },
      offset: () => 0,
    }),
  )
  return zipOf([...files, ...filesOf({ sheet: data() })])
}

const texts = (unit: string, bytes: number, isNoisy = false): Repeated => repeated("<sst>", unit, "</sst>", bytes, { isNoisy })

/** See the file's first sentence. */
export const bombs: ReadonlyArray<Bomb> = [
  bomb("a sheet of 4 GB", () => withPart(part.sheet, sheetOf("<row/>", 4000 * MiB)), "TooLarge", "limits.sheetBytes"),
  bomb(
    "the same, said to be 100 MB",
    () => withPart(part.sheet, sheetOf("<row> </row>", 4000 * MiB, true), 100 * MiB),
    "Malformed",
    "row of number",
  ),
  bomb(
    "blanks, said to be 100 MB",
    () => withPart(part.sheet, sheetOf(" ", 2000 * MiB, true), 100 * MiB),
    "Malformed",
    "size or checksum",
  ),
  bomb(
    "a sheet that is 1,000 times larger than packed",
    () => withPart(part.sheet, sheetOf("<row/>", 400 * MiB)),
    "TooLarge",
    "limits.ratio",
  ),
  bomb("5,000 files that share their bytes", overlapping, "Malformed", "overlaps"),
  bomb(
    "60,000 files",
    () => zipOf(Array.from({ length: 60_000 }, (_, at): Packed => ({ name: `${at}`, content: "", stored: true }))),
    "TooLarge",
    "limits.entries",
  ),
  bomb(
    "entities that grow to 30 GB",
    () => zipOf(filesOf({}).map((file) => (file.name === part.sheet ? { ...file, content: laughs() } : file))),
    "Malformed",
    "document type",
  ),
  bomb(
    "a row of number 16,777,216 in a sheet that says it is as large",
    () =>
      zipOf(
        filesOf({
          sheet: `<dimension ref="A1:XFD16777216"/>${data(row(1, number("A1", 1)), row(16_777_216, number("XFD16777216", 1)))}`,
        }),
      ),
    "Malformed",
    "16777216",
  ),
  bomb("16 million rows without numbers", () => withPart(part.sheet, sheetOf("<row/>", 100 * MiB, true)), "Malformed", "1048577"),
  bomb(
    "shared texts of 2 GB",
    () => withPart(part.texts, texts("<si><t>0123456789</t></si>", 2000 * MiB)),
    "TooLarge",
    "limits.sharedTextBytes",
  ),
  bomb(
    "shared texts of 2 GB, said to be 100 MB",
    () => withPart(part.texts, texts(`<si><t>${"x".repeat(30_000)}</t></si>`, 2000 * MiB, true), 100 * MiB),
    "Malformed",
    "size or checksum",
  ),
  bomb(
    "8 million shared texts",
    () => withPart(part.texts, texts("<si><t>a</t></si>", 120 * MiB, true)),
    "TooLarge",
    "limits.sharedTexts",
  ),
  bomb(
    "a shared text of 100 MB in pieces",
    () =>
      withPart(
        part.texts,
        repeated("<sst><si><t>", `${"x".repeat(1000)}<!-- -->`, "</t></si></sst>", 100 * MiB, { isNoisy: true }),
      ),
    "TooLarge",
    "limits.cellLength",
  ),
  bomb(
    "a cell of 200 MB in pieces",
    () =>
      withPart(
        part.sheet,
        repeated('<worksheet><sheetData><row><c t="str"><v>', "x<!-- -->", "</v></c></row></sheetData></worksheet>", 200 * MiB, {
          isNoisy: true,
        }),
      ),
    "TooLarge",
    "limits.cellLength",
  ),
  bomb(
    "a tag of 200 MB",
    () =>
      withPart(
        part.sheet,
        repeated('<worksheet><sheetData><row r="', "1", '"/></sheetData></worksheet>', 200 * MiB, { isNoisy: true }),
      ),
    "Malformed",
    "piece of text",
  ),
  bomb(
    "10 million styles",
    () =>
      withPart(
        part.styles,
        repeated("<styleSheet><cellXfs>", '<xf numFmtId="14"/>', "</cellXfs></styleSheet>", 60 * MiB, { isNoisy: true }),
      ),
    "Malformed",
    "too many cell styles",
  ),
  bomb(
    "a million sheets",
    () =>
      withPart(
        part.workbook,
        repeated("<workbook><sheets>", '<sheet name="a" id="b"/>', "</sheets></workbook>", 60 * MiB, { isNoisy: true }),
      ),
    "TooLarge",
    "limits.sheets",
  ),
  bomb(
    "10 million merged areas",
    () =>
      withPart(
        part.sheet,
        repeated("<worksheet><sheetData/><mergeCells>", '<mergeCell ref="A1:B2"/>', "</mergeCells></worksheet>", 200 * MiB, {
          isNoisy: true,
        }),
      ),
    "TooLarge",
    "limits.mergedAreas",
    { merged: "repeat" },
  ),
  bomb(
    "one value in 17 billion cells",
    () => {
      const all = '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
      return withPart(part.sheet, sheetOf("<row><c><v>1</v></c></row>", 25 * MiB, true, "", all))
    },
    "TooLarge",
    "limits.repeatedCells",
    { merged: "repeat", headers: Array.from({ length: 16_384 }, (_, at) => `c${at}`) },
  ),
  {
    name: "60,000 rows with one cell in the last column",
    bytes: () => {
      const rows = Array.from({ length: 60_000 }, (_, at) => row(at + 1, number(`XFD${at + 1}`, 1)))
      return zipOf(filesOf({ sheet: data(...rows) }))
    },
    options: { headers },
    expected: { rows: 60_000 },
  },
]
