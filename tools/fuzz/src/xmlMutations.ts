/**
 * Mutations that know what the XML of a workbook is made of: elements, attributes, references of cells, numbers, entities.
 *
 * @module
 */
import { byteMutations, largest, type Mutation, replaced } from "./byteMutations.ts"
import type { Random } from "./random.ts"

const values = [
  ...[
    "",
    "0",
    "-1",
    "1",
    "2",
    "1.5",
    "1e3",
    "1e400",
    "NaN",
    "0x10",
    " 7 ",
    "16384",
    "16385",
    "1048576",
    "1048577",
    "2147483647",
    "2147483648",
  ],
  ...[
    "4294967296",
    "9007199254740993",
    "99999999999999999999",
    "A1",
    "a1",
    "A0",
    "XFD1048576",
    "XFE1",
    "ZZZZZZZ9",
    "A1:XFD1048576",
    "B2:A1",
  ],
  ...[
    "A1:",
    "s",
    "n",
    "b",
    "e",
    "str",
    "inlineStr",
    "d",
    "zz",
    "true",
    "hidden",
    "veryHidden",
    "rId1",
    "rId99",
    "/xl/worksheets/sheet1.xml",
  ],
  ...[
    "../../../x",
    "xl\\worksheets\\sheet1.xml",
    "&amp;",
    "&#0;",
    "&#xD800;",
    "&#1114112;",
    "&bad;",
    "&",
    "_x000D_",
    "_xD83D__xDE00_",
    "_x005F_",
  ],
  ...[
    "0.00",
    "yyyy-mm-dd",
    "[h]:mm:ss",
    '"',
    "[Red]0;[Blue]-0;;@",
    "#,##0.00E+00",
    "# ?/?",
    "\\",
    "General",
    "mmmmm",
    "[$-41F]d mmmm yyyy",
    "%%%",
    "__proto__",
    "é",
  ],
]

const pieces = [
  ...[
    "<c/>",
    "<c r='A1'><v>1</v></c>",
    '<c r="B1" t="s"><v>0</v></c>',
    '<c t="inlineStr"><is><t>x</t></is></c>',
    "<row>",
    "</row>",
    "<row/>",
    "<v>",
    "</v>",
    "<f>1+1</f>",
  ],
  ...[
    "</c>",
    "<sheetData>",
    "</sheetData>",
    "<t>",
    "</t>",
    "<si/>",
    "<si><t/></si>",
    "<r><t>r</t></r>",
    "<rPh>",
    "</rPh>",
    "<!-- x -->",
    "<!--",
    "-->",
    "<![CDATA[x]]>",
  ],
  ...[
    "<![CDATA[",
    "]]>",
    "<?x?>",
    "<?",
    "?>",
    "<!DOCTYPE x []>",
    '<!ENTITY a "b">',
    "<",
    ">",
    "/>",
    "</",
    '="',
    "'",
    '"',
    "&",
    "\0",
    "\ufeff",
    "\ufffe",
  ],
  ...[
    '<mergeCell ref="A1:B2"/>',
    '<col min="1" max="16384" hidden="1"/>',
    '<xf numFmtId="14"/>',
    '<numFmt numFmtId="200" formatCode="0.0"/>',
    '<sheet name="x" sheetId="9" r:id="rId1"/>',
  ],
]

/** Where each match of a pattern is. */
const places = (text: string, pattern: RegExp): ReadonlyArray<readonly [number, number]> =>
  [...text.matchAll(pattern)].map((match) => [match.index, match.index + match[0].length] as const)

const within = (bytes: Buffer, random: Random, pattern: RegExp, by: () => string): Buffer => {
  // one character for each byte
  const found = places(bytes.toString("latin1"), pattern)
  if (found.length === 0) return bytes
  const [from, to] = random.pick(found)
  return replaced(bytes, from, to, Buffer.from(by()))
}

/** Gives an attribute another value. */
export const changeAttribute: Mutation = (bytes, random) =>
  within(bytes, random, /(?<==)("[^"<]*"|'[^'<]*')/g, () => `"${random.pick(values).replaceAll('"', "&quot;")}"`)

/** Gives an attribute another name, or none. */
export const renameAttribute: Mutation = (bytes, random) =>
  within(bytes, random, /\s[\w:]+="[^"<]*"/g, () =>
    random.pick(["", ' r="A1"', ' t="s"', ' s="1"', ' x:r="1"', " r", ' r="1" r="2"', ' hidden="1"']),
  )

/** Puts another text between two tags. */
export const changeText: Mutation = (bytes, random) =>
  within(bytes, random, /(?<=>)[^<]*(?=<)/g, () => random.pick([...values, "x".repeat(random.size(40_000))]))

/** Puts something where a tag begins. */
export const putPiece: Mutation = (bytes, random) => within(bytes, random, /(?=<)/g, () => random.pick(pieces))

/** Leaves a tag out, or makes it another. */
export const changeTag: Mutation = (bytes, random) =>
  within(bytes, random, /<[^>]*>/g, () => (random.oneIn(2) ? "" : random.pick(pieces)))

/** Puts what is between two tags in again, elsewhere or many times. */
export const repeatElements: Mutation = (bytes, random) => {
  const tags = places(bytes.toString("latin1"), /</g)
  if (tags.length < 2) return bytes
  const first = random.below(tags.length - 1)
  const last = Math.min(tags.length - 1, first + 1 + random.size(20))
  const part = bytes.subarray(tags[first]![0], tags[last]![0])
  const [at] = random.oneIn(2) ? tags[last]! : random.pick(tags)
  // what is beyond the largest file would be cut off, and its memory taken for the reader's
  const times = Math.min(1 + random.size(random.oneIn(10) ? 5_000 : 20), Math.ceil(largest / part.length))
  return replaced(bytes, at, at, Buffer.alloc(part.length * times, part))
}

/** Writes a part in another encoding, or says that it did. */
export const encodePart: Mutation = (bytes, random) =>
  random.pick([
    () => Buffer.from(`\ufeff${bytes.toString()}`, "utf16le"),
    () => Buffer.from(bytes.toString(), "latin1"),
    () => Buffer.concat([Buffer.from('<?xml version="1.0" encoding="UTF-16"?>'), bytes]),
    () => Buffer.concat([Buffer.from('<?xml version="1.0" encoding="windows-1254"?>'), bytes]),
  ])()

const knowing = [changeAttribute, changeAttribute, renameAttribute, changeText, putPiece, changeTag, repeatElements, encodePart]

/** A mutation of a part: one that knows XML three times out of four. */
export const mutatePart: Mutation = (bytes, random, other) =>
  random.pick(random.oneIn(4) ? byteMutations : knowing)(bytes, random, other)
