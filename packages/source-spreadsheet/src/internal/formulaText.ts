/**
 * Text that a spreadsheet program might take for a formula, and how a CSV keeps it from doing so.
 *
 * OWASP (https://owasp.org/www-community/attacks/CSV_Injection) advises an apostrophe before a cell that begins with one of `=`, `+`, `-`, `@`, tab, CR
 * or LF; the full-width signs are taken for these in East Asia. Amounts with a sign, such as `-12,50 €`, are no formulas. An apostrophe is added also where some are
 * there already, so that one can be taken off again whatever the cell was.
 */
const beginning = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/
// an amount or a phone number: digits, and at most a unit behind them; nothing there can be calculated or called
const plainNumber = /^[+-][\d.,]*\d[\d.,\u00a0\u202f ]*[\p{L}\p{Sc}%]{0,4}$/u

/** Whether a program may take this text for a formula when it is typed, or read from a CSV. */
export const isFormulaLike = (text: string): boolean => beginning.test(text)

const isDangerous = (text: string): boolean => {
  let at = 0
  while (text.charCodeAt(at) === 39) at++
  const core = at === 0 ? text : text.slice(at)
  return beginning.test(core) && !plainNumber.test(core)
}

/** The cell of a CSV that is read as text by every program; {@link unquoted} undoes it. */
export const quoted = (text: string): string => (isDangerous(text) ? `'${text}` : text)

/** The text that {@link quoted} was given. */
export const unquoted = (text: string): string => (text.charCodeAt(0) === 39 && isDangerous(text) ? text.slice(1) : text)
