/**
 * What a profile says of opening a file, as the options of the source that reads it.
 */
import type * as Input from "./Input.ts"
import { aliasesOf } from "./ProfileChoice.ts"
import type { CsvDefinition, Definition, XlsxDefinition } from "./ProfileSchema.ts"

const least = (one: number | null | undefined, other: number | undefined): number | null | undefined =>
  other === undefined ? one : typeof one === "number" ? Math.min(one, other) : other

const defined = <A extends object>(options: A): { [key in keyof A]: Exclude<A[key], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never

/** How a CSV is opened, columns left under their own names; profiles that say the same of it share one look at its header. */
export const csvDialect = ({ comment, delimiter, encoding, escape: escapes, headerRow, limits, lineEnd, quote }: CsvDefinition) =>
  defined({ comment, delimiter, encoding, escape: escapes, headerRow, lineEnd, quote, maxRowLength: limits?.rowLength })

/** The same of a workbook. */
export const xlsxSheet = ({ headerRow, hidden, limits, merged, sheet, values }: XlsxDefinition) => {
  const { bytes: _, ...own } = limits ?? {}
  return defined({ headerRow, hidden, merged, sheet, values, limits: own })
}

// where the file is, as large as both sides allow, with its columns under the names that the profile has for them
const named = <Where extends Input.Location>(definition: Definition, where: Where) => {
  const maxBytes = least(where.maxBytes, definition.limits?.bytes)
  return { ...where, ...(maxBytes === undefined ? {} : { maxBytes }), aliases: aliasesOf(definition) }
}

/** The options of a CSV that is read by a profile, without what the profile makes of cells. */
export const csvOptions = <Where extends Input.Location>(definition: CsvDefinition, where: Where) => ({
  ...named(definition, where),
  ...csvDialect(definition),
})

/** The options of a workbook that is read by a profile. */
export const xlsxOptions = <Where extends Input.Location>(definition: XlsxDefinition, where: Where) => ({
  ...named(definition, where),
  ...xlsxSheet(definition),
})
