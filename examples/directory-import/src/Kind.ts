/**
 * Kinds of files that are taken: known by the end of their name, and by their first bytes where the kind has such.
 */

/** A kind. */
export interface Kind {
  readonly name: string
  readonly endings: ReadonlyArray<string>
  /** Hexadecimal digits that its content begins with, one of them; any content where there is none. */
  readonly magic?: ReadonlyArray<string>
}

const kinds: ReadonlyArray<Kind> = [
  { name: "pdf", endings: [".pdf"], magic: ["255044462d"] },
  { name: "image", endings: [".png"], magic: ["89504e470d0a1a0a"] },
  { name: "image", endings: [".jpg", ".jpeg"], magic: ["ffd8ff"] },
  { name: "workbook", endings: [".xlsx"], magic: ["504b0304"] },
  { name: "text", endings: [".txt", ".md"] },
  { name: "table", endings: [".csv"] },
]

/** The endings of all kinds. */
export const endings: ReadonlyArray<string> = kinds.flatMap((it) => it.endings)

/** The kind that a name promises. */
export const ofName = (name: string): Kind | undefined =>
  kinds.find(({ endings: some }) => some.some((ending) => name.toLowerCase().endsWith(ending)))

/** What is wrong with a file of this name that begins with these bytes. */
export const problem = (name: string, magic: string): string | undefined => {
  const kind = ofName(name)
  if (kind === undefined) return `files of this kind are not taken; expected one of ${endings.join(", ")}`
  return kind.magic === undefined || kind.magic.some((it) => magic.startsWith(it))
    ? undefined
    : `the name says ${kind.name}, but the content begins with ${magic === "" ? "nothing" : magic}; expected ${kind.magic.join(" or ")}`
}
