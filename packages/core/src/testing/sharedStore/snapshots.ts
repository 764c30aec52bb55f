/** The laws of shared snapshot stores. */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import type * as SnapshotStore from "../../SnapshotStore.ts"
import { hostile, law, type SharedLaw } from "./SharedLaw.ts"

/** Opens a store; every call gives another one on the same place, which has nothing in it at first. */
export type OpenSnapshots = () => SnapshotStore.SnapshotStore["Service"]

const reasonOf = <A, E extends { readonly reason: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.result(effect), (it) => (it._tag === "Failure" ? it.failure.reason : "none"))

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** Bytes of every value, in no order that repeats soon; always the same for a seed. */
export const noise = (length: number, seed: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

const equal = (found: Uint8Array, wanted: Uint8Array) =>
  assert.ok(Buffer.compare(found, wanted) === 0, `${found.length} bytes are not the ${wanted.length} that were put`)

/** Laws of snapshot stores. */
export const snapshotStoreLaws: ReadonlyArray<SharedLaw<OpenSnapshots>> = [
  law(
    "parts may be empty, and large",
    Effect.fnUntraced(function* (open: OpenSnapshots) {
      const store = open()
      const large = noise(20 << 20, 7)
      yield* store.put("a", "empty", new Uint8Array())
      yield* store.put("a", "large", large)
      yield* store.put("a", "large", large)
      equal(yield* store.get("a", "empty"), new Uint8Array())
      equal(yield* store.get("a", "large"), large)
      assert.deepEqual(yield* store.list("a"), [
        { name: "empty", bytes: 0 },
        { name: "large", bytes: 20 << 20 },
      ])
      const other = Uint8Array.from(large)
      other[other.length - 1]! ^= 1
      assert.equal(yield* reasonOf(store.put("a", "large", other)), "AlreadyExists")
    }),
  ),
  law(
    "many may put the same part at once",
    Effect.fnUntraced(function* (open: OpenSnapshots) {
      const bytes = noise(3_000_000, 3)
      const puts = Array.from({ length: 10 }, () => Effect.suspend(() => open().put("a", "part", bytes)))
      yield* Effect.all(puts, { concurrency: "unbounded" })
      equal(yield* open().get("a", "part"), bytes)
      assert.deepEqual(yield* open().list("a"), [{ name: "part", bytes: 3_000_000 }])
    }),
  ),
  law(
    "a part is there whole or not at all while it is put",
    Effect.fnUntraced(function* (open: OpenSnapshots) {
      const bytes = noise(20 << 20, 5)
      let done = false
      const put = Effect.ensuring(
        open().put("a", "part", bytes),
        Effect.sync(() => {
          done = true
        }),
      )
      const store = open()
      const look = Effect.gen(function* () {
        while (!done) {
          const listed = yield* store.list("a")
          if (listed.length > 0) assert.deepEqual(listed, [{ name: "part", bytes: bytes.length }])
          const found = yield* Effect.result(store.get("a", "part"))
          if (found._tag === "Success") equal(found.success, bytes)
          else assert.equal(found.failure.reason, "NotFound")
          // what is listed can be read
          if (listed.length > 0) assert.equal(found._tag, "Success")
        }
      })
      yield* Effect.all([put, look], { concurrency: "unbounded" })
      equal(yield* store.get("a", "part"), bytes)
    }),
  ),
  law(
    "parts are listed by name, in the order of their characters",
    Effect.fnUntraced(function* (open: OpenSnapshots) {
      const store = open()
      const names = ["b", "a/b", "a", "a.b", "B", "a/a/a", "10", "9", "ä", "\uff5e", "👍", "a b"]
      for (const [at, name] of names.entries()) yield* store.put("a", name, noise(at, at))
      const wanted = names.map((name, at) => ({ name, bytes: at })).sort((a, b) => (a.name < b.name ? -1 : 1))
      assert.deepEqual(yield* store.list("a"), wanted)
    }),
  ),
  law(
    "names of every kind come back as they were",
    Effect.fnUntraced(function* (open: OpenSnapshots) {
      const store = open()
      const names = hostile.filter((name) => name !== "")
      for (const job of names) for (const name of names) yield* store.put(job, name, text(`${job} ${name}`))
      for (const job of names) {
        const listed: ReadonlyArray<{ readonly name: string }> = yield* store.list(job)
        assert.deepEqual(
          listed.map(({ name }) => name),
          [...names].sort(),
        )
        for (const name of names) equal(yield* store.get(job, name), text(`${job} ${name}`))
      }
    }),
  ),
]
