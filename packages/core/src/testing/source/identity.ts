/**
 * Laws about what a source says of itself before it is read.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import { type Law, waiver } from "../Law.ts"
import type { Harness } from "./Harness.ts"

/** See the file's first sentence. */
export const identityLaws = ({ changed, open }: Harness): ReadonlyArray<Law> => [
  {
    name: "a source says the same of itself each time",
    holds: "`identify` gives equal answers, of one source and of another over the same input",
    check: Effect.scoped(
      Effect.gen(function* () {
        const source = yield* open
        const identity = yield* source.identify
        assert.deepEqual(yield* source.identify, identity)
        assert.deepEqual(yield* (yield* open).identify, identity)
      }),
    ),
  },
  {
    name: "what a source says of itself can be kept with a job",
    holds: "name and kind are there, hashes are 64 hexadecimal digits or null, size a whole number or null, details JSON",
    check: Effect.scoped(
      Effect.gen(function* () {
        const source = yield* open
        const { bytes, details, name, reading, sha256 } = yield* source.identify
        assert.match(source.kind, /\S/, "the kind is empty")
        assert.match(name, /\S/, "the name is empty")
        if (sha256 !== null) assert.match(sha256, /^[0-9a-f]{64}$/, "sha256")
        if (bytes !== null) assert.ok(Number.isSafeInteger(bytes) && bytes >= 0, `bytes: ${bytes}`)
        if (reading !== undefined) {
          assert.match(reading.name, /\S/, "the name of the reading is empty")
          assert.match(reading.sha256, /^[0-9a-f]{64}$/, "the hash of the reading")
        }
        assert.deepStrictEqual(JSON.parse(JSON.stringify(details)), details)
      }),
    ),
  },
  {
    name: "the hash changes when a byte of the input does",
    holds: "`identify` of the changed input has another `sha256`",
    ...(typeof changed === "string" ? { waived: waiver(changed)! } : {}),
    check:
      typeof changed === "string"
        ? Effect.void
        : Effect.scoped(
            Effect.gen(function* () {
              const before = (yield* (yield* open).identify).sha256
              assert.notEqual(before, null, "the source has no hash")
              assert.notEqual((yield* (yield* changed).identify).sha256, before)
            }),
          ),
  },
]
