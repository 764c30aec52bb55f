/**
 * Writing SQL: quoted identifiers, literals, table names.
 *
 * @module
 */

/** An identifier, quoted. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A text literal; right whatever `standard_conforming_strings` says. */
export const literal = (text: string): string => {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return quoted.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted
}

/** A bytea literal. */
export const bytes = (data: Uint8Array): string =>
  `decode('${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex")}', 'hex')`

/** Values as an array literal, every one in quotes. */
export const textArray = (values: ReadonlyArray<unknown>): string =>
  literal(`{${values.map((value) => `"${String(value).replace(/["\\]/g, "\\$&")}"`).join(",")}}`)

/** A list of whole numbers as an array of bigint. */
export const bigints = (values: ReadonlyArray<number | string>): string => `'{${values.join(",")}}'::bigint[]`

/**
 * A table's name as people write it, quoted: `catalog.product` is the table `product` of the schema `catalog`; parts that hold a dot
 * are written in double quotes. Upper case is kept.
 */
export const tableName = (name: string): string => {
  const parts = name.match(/"(?:[^"]|"")+"|[^."]+/g) ?? []
  const written = parts.map((part) => (part.startsWith('"') ? part : identifier(part)))
  if (parts.length < 1 || parts.length > 2 || parts.join(".") !== name)
    throw new TypeError(`${name} is no name of a table; write table, schema.table or "my.schema"."my.table"`)
  return written.join(".")
}
