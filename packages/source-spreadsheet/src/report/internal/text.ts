/**
 * Text as a workbook holds it.
 */

// what XML cannot hold, what it would change (CR), and what looks like an escape of the format's own (`_x000D_`)
const special = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff]|_(?=x[0-9a-fA-F]{4}_)/g
const mayBeSpecial = /[&<>\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]|_x/

const named: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }

/** Text between tags of a sheet. Control characters are escaped in the format's own way; half of a surrogate pair is U+FFFD. */
export const xmlText = (text: string): string =>
  mayBeSpecial.test(text)
    ? text
        .toWellFormed()
        .replace(special, (it) => named[it] ?? `_x${it.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}_`)
    : text

/** Text within an attribute. Control characters, which attributes of the format cannot hold, are left out. */
export const xmlAttribute = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\u0000-\u001f\ufffe\uffff]/g, " ")
    .replace(/[&<>]/g, (it) => named[it]!)
    .replaceAll('"', "&quot;")

/** The most characters that a cell of a workbook holds. */
export const longestCell = 32_767

/** Text for people, cut to what a cell holds. */
export const cut = (text: string, most = longestCell): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)
