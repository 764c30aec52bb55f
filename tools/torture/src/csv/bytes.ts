/**
 * Text as bytes, by tables that Python's codecs wrote (cp1252, cp1254, latin-1, iso8859-9, cp932): the reader's tables are not asked.
 *
 * @module
 */

const written = {
  "windows-1252":
    "°b0 Ác1 Äc4 Åc5 Éc9 Ñd1 Öd6 Þde ßdf àe0 áe1 âe2 äe4 åe5 æe6 çe7 èe8 ée9 êea ëeb íed îee ïef ðf0 ñf1 óf3 ôf4 öf6 øf8 ùf9 úfa ûfb üfc ýfd ÿff œ9c –96 ’92 “93 ”94 €80",
  "windows-1254":
    "°b0 Äc4 Åc5 Çc7 Éc9 Ñd1 Öd6 Üdc ßdf àe0 áe1 âe2 äe4 åe5 æe6 çe7 èe8 ée9 êea ëeb íed îee ïef ñf1 óf3 ôf4 öf6 øf8 ùf9 úfa ûfb üfc ÿff Ğd0 ğf0 İdd ıfd œ9c Şde şfe –96 ’92 “93 ”94 €80",
  "iso-8859-1":
    "°b0 Ác1 Äc4 Åc5 Éc9 Ñd1 Öd6 Þde ßdf àe0 áe1 âe2 äe4 åe5 æe6 çe7 èe8 ée9 êea ëeb íed îee ïef ðf0 ñf1 óf3 ôf4 öf6 øf8 ùf9 úfa ûfb üfc ýfd ÿff",
  "iso-8859-9":
    "°b0 Äc4 Åc5 Çc7 Éc9 Ñd1 Öd6 Üdc ßdf àe0 áe1 âe2 äe4 åe5 æe6 çe7 èe8 ée9 êea ëeb íed îee ïef ñf1 óf3 ôf4 öf6 øf8 ùf9 úfa ûfb üfc ÿff Ğd0 ğf0 İdd ıfd Şde şfe",
  shift_jis:
    "、8141 。8142 ご82b2 り82e8 ん82f1 コ8352 ソ835c ド8368 ナ8369 バ836f ー815b 京8b9e 価89bf 十8f5c 名96bc 品9569 商8fa4 東938c 格8a69 示8ea6 能945c 表955c ｽbd ﾃc3 ﾄc4",
} as const

/** The encodings that cases are written in. */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | keyof typeof written

const tableOf = (name: keyof typeof written): ReadonlyMap<string, Buffer> =>
  new Map(written[name].split(" ").map((entry) => [entry[0]!, Buffer.from(entry.slice(1), "hex")]))

const tables = {
  "windows-1252": tableOf("windows-1252"),
  "windows-1254": tableOf("windows-1254"),
  "iso-8859-1": tableOf("iso-8859-1"),
  "iso-8859-9": tableOf("iso-8859-9"),
  shift_jis: tableOf("shift_jis"),
}

const marks: { readonly [encoding: string]: string } = { "utf-8": "efbbbf", "utf-16le": "fffe", "utf-16be": "feff" }

/** The bytes of a text; with a byte order mark where it is asked for and there is one. */
export const bytesOf = (text: string, encoding: Encoding, mark = false): Buffer => {
  const start = Buffer.from(mark ? (marks[encoding] ?? "") : "", "hex")
  if (encoding === "utf-8") return Buffer.concat([start, Buffer.from(text)])
  if (encoding === "utf-16le" || encoding === "utf-16be") {
    const wide = Buffer.from(text, "utf16le")
    return Buffer.concat([start, encoding === "utf-16be" ? wide.swap16() : wide])
  }
  const table = tables[encoding]
  return Buffer.concat(
    [...text].map((character) => {
      if (character < "\u0080") return Buffer.from(character, "latin1")
      const bytes = table.get(character)
      if (bytes === undefined) throw new TypeError(`${encoding} has no ${character} here`)
      return bytes
    }),
  )
}
