/**
 * SHA-256 over bytes and canonical JSON: the hashes that seal snapshots and plans, and that identify sources and definitions.
 *
 * @module
 */
import { createHash } from "node:crypto"
import * as Canonical from "./Canonical.ts"

/** A SHA-256 digest in lower-case hexadecimal, 64 characters. */
export type Sha256 = string

/** The SHA-256 of bytes, or of a text's UTF-8. */
export const sha256 = (data: Uint8Array | string): Sha256 => createHash("sha256").update(data).digest("hex")

/** The SHA-256 of a value's canonical JSON. */
export const of = (value: unknown): Sha256 => sha256(Canonical.stringify(value))
