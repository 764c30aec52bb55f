/**
 * The fingerprint of a document: what a plan saw of it, so that a commit can tell whether it still is so.
 */
import { hash } from "node:crypto"
import { Canonical, type Entity } from "@waybill/core"
import { BSON, type Document, ObjectId } from "mongodb"
import { documentBytes, elements, type Raw, subdocument, type } from "./bson.ts"
import { type Column, type Layout, valueAt } from "./layout.ts"

const idText = (id: unknown): string =>
  id instanceof ObjectId ? id.toHexString() : BSON.EJSON.stringify({ id }, { relaxed: false })

/**
 * SHA-256 over the `_id` and the compared fields that the record has, as the document holds them. Fields the record leaves alone, and
 * volatile ones, may change between plan and commit without harm. `differing` are the fields in which document and record differ.
 */
export const fingerprint = (
  { compared }: Layout,
  values: Entity.Values,
  document: Document,
  differing: ReadonlyArray<Column>,
): string => {
  const seen: Array<Canonical.Json> = [idText(document["_id"])]
  for (const column of compared) {
    const wanted = values[column.at]
    if (wanted === undefined) continue
    // what does not differ has the same canonical value
    const value = differing.includes(column) ? valueAt(document, column) : wanted
    seen.push(value === undefined ? [] : [value])
  }
  return hash("sha256", Canonical.stringify(seen), "base64url")
}

// a document without what lies at some paths
const without = (document: Buffer, paths: ReadonlyArray<ReadonlyArray<string>>): Buffer =>
  paths.length === 0
    ? document
    : documentBytes(
        [...elements(document)].flatMap(([name, value]): ReadonlyArray<readonly [string, Raw]> => {
          const here = paths.filter(([first]) => first === name)
          if (here.some((path) => path.length === 1)) return []
          const inner = here.map((path) => path.slice(1))
          return [[name, value.type === type.document ? subdocument(without(value.bytes, inner)) : value]]
        }),
      )

/** SHA-256 over all that a deletion would take away: the bytes of the whole document, but for its volatile fields. */
export const wholeFingerprint = ({ volatile }: Layout, document: Buffer): string =>
  hash(
    "sha256",
    without(
      document,
      volatile.map(({ segments }) => segments),
    ),
    "base64url",
  )
