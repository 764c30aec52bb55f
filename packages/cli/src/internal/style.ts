/**
 * Colours, where a terminal shows them.
 */

/** Paints text, or leaves it alone. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly yellow: (text: string) => string
  readonly green: (text: string) => string
}

const painter =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`

const as = (text: string): string => text

/** No colours. */
export const plain: Style = { bold: as, dim: as, red: as, yellow: as, green: as }

/** The colours of ANSI terminals. */
export const coloured: Style = {
  bold: painter(1, 22),
  dim: painter(2, 22),
  red: painter(31, 39),
  yellow: painter(33, 39),
  green: painter(32, 39),
}
