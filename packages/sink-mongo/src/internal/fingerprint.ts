/**
 * The fingerprint of a document: what a plan saw of it, so that a commit can tell whether it still is so.
 */
import { hash } from "node:crypto"
import { Canonical, type Entity } from "@waybill/core"
import { BSON, type Document, ObjectId } from "mongodb"
import { type Layout, valueAt } from "./layout.ts"

const idText = (id: unknown): string =>
  id instanceof ObjectId ? id.toHexString() : BSON.EJSON.stringify({ id }, { relaxed: false })

/**
 * SHA-256 over the `_id` and the compared fields that the record has, as the document holds them. Fields the record leaves alone, and
 * volatile ones, may change between plan and commit without harm.
 */
export const fingerprint = ({ compared }: Layout, values: Entity.Values, document: Document): string => {
  const seen: Array<Canonical.Json> = [idText(document["_id"])]
  for (const column of compared) {
    if (values[column.at] === undefined) continue
    const value = valueAt(document, column)
    seen.push(value === undefined ? [] : [value])
  }
  return hash("sha256", Canonical.stringify(seen), "base64url")
}
