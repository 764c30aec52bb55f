/**
 * Slugs: the keys that names become, `Gökkuşağı Masa Lambası` → `gokkusagi-masa-lambasi`.
 *
 * @module
 */

// letters that do not come apart into a Latin letter and a mark
const letters: { readonly [letter: string]: string } = { ı: "i", İ: "i", ß: "ss", ø: "o", æ: "ae", œ: "oe", đ: "d", ł: "l" }

/** The slug of a name: small Latin letters and digits, words parted by hyphens. */
export const slugOf = (name: string): string =>
  name
    .replace(/[ıİßøæœđł]/g, (letter) => letters[letter]!)
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")

/** A title for a record of which only the slug is known: `gece-mavisi` → `Gece mavisi`. */
export const titleOf = (slug: string): string => slug.charAt(0).toUpperCase() + slug.slice(1).replaceAll("-", " ")
