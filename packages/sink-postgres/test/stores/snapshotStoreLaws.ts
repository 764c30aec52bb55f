/**
 * What every snapshot store does, as laws that know no test runner: each takes a way to open stores on one and the same empty place.
 */
import assert from "node:assert/strict"
import type { SnapshotStore } from "@waybill/core"
import { Effect } from "effect"
import { hostile } from "./jobStoreLaws.ts"

type Store = SnapshotStore.SnapshotStore["Service"]

/** One law. */
export interface Law {
  readonly name: string
  readonly check: (open: () => Store) => Effect.Effect<void, SnapshotStore.SnapshotStoreError>
}

const law = (name: string, check: (open: () => Store) => Generator<any, void, any>): Law => ({
  name,
  check: (open) => Effect.gen(() => check(open)),
})

const reasonOf = <A>(effect: Effect.Effect<A, SnapshotStore.SnapshotStoreError>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

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

/** The laws. */
export const snapshotStoreLaws: ReadonlyArray<Law> = [
  law("a part is read as it was put, also by another store on the same place", function* (open) {
    const store = open()
    assert.equal(yield* reasonOf(store.get("a", "plan/0.ndjson")), "NotFound")
    assert.deepEqual(yield* store.list("a"), [])
    yield* store.put("a", "plan/0.ndjson", text("[1]\n"))
    equal(yield* store.get("a", "plan/0.ndjson"), text("[1]\n"))
    equal(yield* open().get("a", "plan/0.ndjson"), text("[1]\n"))
    assert.deepEqual(yield* open().list("a"), [{ name: "plan/0.ndjson", bytes: 4 }])
    assert.equal(yield* reasonOf(store.get("b", "plan/0.ndjson")), "NotFound")
    assert.equal(yield* reasonOf(store.get("a", "plan")), "NotFound")
    assert.deepEqual(yield* store.list("b"), [])
  }),
  law("the same bytes may be put again, others may not", function* (open) {
    const store = open()
    yield* store.put("a", "manifest.json", text("{}"))
    yield* store.put("a", "manifest.json", text("{}"))
    yield* open().put("a", "manifest.json", text("{}"))
    for (const other of ["", "{ }", "{"])
      assert.equal(yield* reasonOf(store.put("a", "manifest.json", text(other))), "AlreadyExists")
    equal(yield* store.get("a", "manifest.json"), text("{}"))
    assert.deepEqual(yield* store.list("a"), [{ name: "manifest.json", bytes: 2 }])
  }),
  law("who puts or gets may write into the buffer afterwards", function* (open) {
    const store = open()
    const buffer = noise(100, 1)
    const view = buffer.subarray(10, 20)
    const wanted = Uint8Array.from(view)
    yield* store.put("a", "part", view)
    buffer.fill(0)
    const found = yield* store.get("a", "part")
    equal(found, wanted)
    found.fill(0)
    equal(yield* store.get("a", "part"), wanted)
  }),
  law("parts may be empty, and large", function* (open) {
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
  law("many may put the same part at once", function* (open) {
    const bytes = noise(3_000_000, 3)
    const puts = Array.from({ length: 10 }, () => Effect.suspend(() => open().put("a", "part", bytes)))
    yield* Effect.all(puts, { concurrency: "unbounded" })
    equal(yield* open().get("a", "part"), bytes)
    assert.deepEqual(yield* open().list("a"), [{ name: "part", bytes: 3_000_000 }])
  }),
  law("of many who put other bytes at once one does", function* (open) {
    const all = Array.from({ length: 10 }, (_, at) => noise(10_000 + at, at))
    const puts = all.map((bytes) => Effect.result(Effect.suspend(() => open().put("a", "part", bytes))))
    const results = yield* Effect.all(puts, { concurrency: "unbounded" })
    assert.equal(results.filter((it: any) => it._tag === "Success").length, 1)
    for (const it of results) if (it._tag === "Failure") assert.equal(it.failure.reason, "AlreadyExists")
    equal(yield* open().get("a", "part"), all[results.findIndex((it: any) => it._tag === "Success")]!)
  }),
  law("a part is there whole or not at all while it is put", function* (open) {
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
  law("parts are listed by name, in the order of their characters", function* (open) {
    const store = open()
    const names = ["b", "a/b", "a", "a.b", "B", "a/a/a", "10", "9", "ä", "\uff5e", "👍", "a b"]
    for (const [at, name] of names.entries()) yield* store.put("a", name, noise(at, at))
    const wanted = names.map((name, at) => ({ name, bytes: at })).sort((a, b) => (a.name < b.name ? -1 : 1))
    assert.deepEqual(yield* store.list("a"), wanted)
  }),
  law("one part is removed, or all of a job, and none of another", function* (open) {
    const store = open()
    const jobs = ["a", "a/b", "A", "a%", "_"]
    for (const job of jobs) for (const name of ["b/c", "c"]) yield* store.put(job, name, text(`${job} ${name}`))
    yield* store.remove("a", "c")
    yield* store.remove("a", "c")
    yield* store.remove("a", "b")
    yield* store.remove("nobody")
    assert.deepEqual(yield* store.list("a"), [{ name: "b/c", bytes: 5 }])
    yield* store.remove("a%")
    yield* store.remove("_", "b/c")
    yield* store.remove("a")
    assert.deepEqual(yield* Effect.forEach(jobs, (job) => Effect.map(store.list(job), (parts) => parts.length)), [0, 2, 2, 0, 1])
    assert.equal(yield* reasonOf(store.get("a", "b/c")), "NotFound")
    // a name that is free again takes other bytes
    yield* store.put("a", "c", text("other"))
    equal(yield* store.get("a", "c"), text("other"))
  }),
  law("names of every kind come back as they were", function* (open) {
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
]
