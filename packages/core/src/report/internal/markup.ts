/**
 * Text that comes from data, made safe to stand in a page: as markup, and as JSON within a script element.
 */

const entities: { readonly [sign: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

/** Text as markup; in attributes too. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign]!)

// signs that are not seen, or that turn the text around them: controls, bidirectional marks, halves of a pair
const unseen =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const code = (sign: string): string => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`

/** The text with each sign that a reader could not see, or that would move others, as its code point: `⟨U+202E⟩`. */
export const visible = (text: string): string => text.replace(unseen, code)

/** The most characters of a value that a report shows. */
export const longest = 300

/** A value as a report shows it: text as it is, all else as JSON, cut where it is long. */
export const shown = (value: unknown): string => {
  if (value === undefined) return ""
  const text = typeof value === "string" ? value : JSON.stringify(value)
  return text.length <= longest ? visible(text) : `${visible(text.slice(0, longest))}… (${text.length} characters)`
}

/** JSON that can stand in a script element: nothing in it ends the element or begins a comment. */
export const json = (value: unknown): string =>
  JSON.stringify(value).replace(/[<\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`)

const figures = new Intl.NumberFormat("en-US")

/** A whole number with its thousands apart. */
export const count = (value: number): string => figures.format(value)

/** A share of a whole, `12.5 %`; nothing of nothing is 0 %. */
export const share = (part: number, whole: number): string =>
  `${(whole === 0 ? 0 : (part / whole) * 100).toFixed(1).replace(/\.0$/, "")} %`

/** A moment to the second, in UTC. */
export const moment = (iso: string): string => iso.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")
