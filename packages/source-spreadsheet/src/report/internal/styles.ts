/**
 * The looks of a report's cells, and the part of a workbook that says what they are.
 */

/** How cells look; each has a twin for text that begins like a formula, which programs then leave alone when it is edited. */
export const names = [
  "plain",
  "text",
  "wrapped",
  "number",
  "value",
  "place",
  "header",
  "title",
  "heading",
  "label",
  "error",
  "warning",
  "good",
  "link",
  "added",
  "removed",
  "bad",
  "badValue",
  "issue",
  "hint",
  "note",
] as const

/** One of {@link names}. */
export type Style = (typeof names)[number]

const fonts = {
  normal: `<font><sz val="11"/><color rgb="FF1F2933"/><name val="Calibri"/><family val="2"/></font>`,
  bold: `<font><b/><sz val="11"/><color rgb="FF1F2933"/><name val="Calibri"/><family val="2"/></font>`,
  title: `<font><b/><sz val="16"/><color rgb="FF1F3A5F"/><name val="Calibri"/><family val="2"/></font>`,
  header: `<font><b/><sz val="11"/><color rgb="FFFFFFFF"/><name val="Calibri"/><family val="2"/></font>`,
  red: `<font><sz val="11"/><color rgb="FF9C0006"/><name val="Calibri"/><family val="2"/></font>`,
  amber: `<font><sz val="11"/><color rgb="FF7F6000"/><name val="Calibri"/><family val="2"/></font>`,
  green: `<font><sz val="11"/><color rgb="FF1E6B34"/><name val="Calibri"/><family val="2"/></font>`,
  link: `<font><u/><sz val="11"/><color rgb="FF0563C1"/><name val="Calibri"/><family val="2"/></font>`,
  grey: `<font><i/><sz val="10"/><color rgb="FF5F6B7A"/><name val="Calibri"/><family val="2"/></font>`,
} as const

const solid = (rgb: string): string =>
  `<fill><patternFill patternType="solid"><fgColor rgb="${rgb}"/><bgColor indexed="64"/></patternFill></fill>`

// the first two are the format's own
const fills = {
  none: `<fill><patternFill patternType="none"/></fill>`,
  grey125: `<fill><patternFill patternType="gray125"/></fill>`,
  header: solid("FF1F3A5F"),
  heading: solid("FFE4EAF2"),
  red: solid("FFFDE2E1"),
  amber: solid("FFFFF3CD"),
  green: solid("FFE2F2E5"),
} as const

const line = (side: string): string => `<${side} style="thin"><color rgb="FFD5DBE3"/></${side}>`
const borders = {
  none: "<border><left/><right/><top/><bottom/><diagonal/></border>",
  thin: `<border>${line("left")}${line("right")}${line("top")}${line("bottom")}<diagonal/></border>`,
} as const

interface Look {
  readonly font?: keyof typeof fonts
  readonly fill?: keyof typeof fills
  readonly border?: keyof typeof borders
  /** 0 as it is, 3 with thousands, 49 text: what is typed there stays what it is. */
  readonly format?: 0 | 3 | 49
  readonly wrap?: boolean
  readonly align?: "left" | "right"
  readonly indent?: number
}

const looks: { readonly [style in Style]: Look } = {
  plain: { format: 0 },
  text: { format: 49, border: "thin" },
  wrapped: { format: 49, border: "thin", wrap: true },
  number: { format: 3, border: "thin", align: "right" },
  value: { format: 0, border: "thin" },
  place: { format: 0, border: "thin", align: "left" },
  header: { font: "header", fill: "header", border: "thin", format: 49, wrap: true, align: "left" },
  title: { font: "title", format: 49 },
  heading: { font: "bold", fill: "heading", border: "thin", format: 49 },
  label: { font: "bold", border: "thin", format: 49 },
  error: { font: "red", fill: "red", border: "thin", format: 49 },
  warning: { font: "amber", fill: "amber", border: "thin", format: 49 },
  good: { font: "green", fill: "green", border: "thin", format: 49 },
  link: { font: "link", border: "thin", format: 0, align: "left" },
  added: { font: "green", border: "thin", format: 49, wrap: true },
  removed: { font: "red", border: "thin", format: 49, wrap: true },
  bad: { font: "red", fill: "red", border: "thin", format: 49 },
  badValue: { font: "red", fill: "red", border: "thin", format: 0 },
  issue: { font: "red", border: "thin", format: 49, wrap: true },
  hint: { font: "amber", border: "thin", format: 49, wrap: true },
  note: { font: "grey", format: 49, align: "left", indent: 1 },
}

const position = <T extends object>(all: T, name: keyof T | undefined): number =>
  Math.max(0, Object.keys(all).indexOf(String(name)))

const xf = ({ align, border, fill, font, format = 0, indent, wrap }: Look, quoted: boolean): string => {
  const alignment = `<alignment vertical="top"${align === undefined ? "" : ` horizontal="${align}"`}${indent === undefined ? "" : ` indent="${indent}"`}${wrap ? ' wrapText="1"' : ""}/>`
  return `<xf numFmtId="${format}" fontId="${position(fonts, font)}" fillId="${position(fills, fill)}" borderId="${position(borders, border)}" xfId="0"${
    quoted ? ' quotePrefix="1"' : ""
  } applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">${alignment}</xf>`
}

// the twins come behind, in the same order
const indexes = new Map(names.map((name, at) => [name, at + 1]))

/** The number of a style in the part; `quoted` is its twin. */
export const indexOf = (style: Style, quoted: boolean): number => indexes.get(style)! + (quoted ? names.length : 0)

/** Whether long text goes on in further lines of its cell. */
export const wraps = (style: Style): boolean => looks[style].wrap === true

const list = (element: string, items: ReadonlyArray<string>): string =>
  `<${element} count="${items.length}">${items.join("")}</${element}>`

/** `xl/styles.xml`. */
export const part = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">${list("fonts", Object.values(fonts))}${list(
  "fills",
  Object.values(fills),
)}${list("borders", Object.values(borders))}<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>${list(
  "cellXfs",
  [
    `<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>`,
    ...names.map((name) => xf(looks[name], false)),
    ...names.map((name) => xf(looks[name], true)),
  ],
)}<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
