/**
 * The laws of a snapshot store. A store's test runs each against a store of its own with nothing in it; see `JobStoreSuite`.
 *
 * @module
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import { SnapshotStore, type SnapshotStoreError } from "../SnapshotStore.ts"
import type { Law } from "./Law.ts"

const law = (
  name: string,
  check: (store: SnapshotStore["Service"]) => Effect.Effect<void, SnapshotStoreError>,
): Law<SnapshotStore> => ({ name, check: Effect.flatMap(SnapshotStore, check) })

const reason = (effect: Effect.Effect<unknown, SnapshotStoreError>): Effect.Effect<string> =>
  Effect.orDie(Effect.map(Effect.flip(effect), (error) => error.reason))

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const same = (found: Uint8Array, expected: Uint8Array): void => assert.equal(Buffer.compare(found, expected), 0)

/** The laws. */
export const laws: ReadonlyArray<Law<SnapshotStore>> = [
  law("a part is read back byte for byte, whatever bytes they are", (store) =>
    Effect.gen(function* () {
      const parts = {
        empty: new Uint8Array(),
        all: Uint8Array.from({ length: 512 }, (_, at) => at % 256),
        text: bytes("é\n\u0000"),
      }
      for (const [name, part] of Object.entries(parts)) yield* store.put("j1", `records/${name}.ndjson`, part)
      for (const [name, part] of Object.entries(parts)) same(yield* store.get("j1", `records/${name}.ndjson`), part)
    }),
  ),
  law("a part may be as large as a batch of large records: 17 MiB", (store) =>
    Effect.gen(function* () {
      const large = new Uint8Array(17 * 1024 * 1024).map((_, at) => at % 251)
      yield* store.put("j1", "large", large)
      same(yield* store.get("j1", "large"), large)
      assert.deepEqual(yield* store.list("j1"), [{ name: "large", bytes: large.length }])
    }),
  ),
  law("the caller's buffer is its own, before and after", (store) =>
    Effect.gen(function* () {
      // a part is often a view into a larger buffer
      const buffer = bytes("xxsealedxx")
      const given = buffer.subarray(2, 8)
      yield* store.put("j1", "a", given)
      buffer.fill(0)
      const got = yield* store.get("j1", "a")
      same(got, bytes("sealed"))
      got.fill(0)
      same(yield* store.get("j1", "a"), bytes("sealed"))
    }),
  ),
  law("a part is written once: the same bytes again are allowed, others are refused and change nothing", (store) =>
    Effect.gen(function* () {
      yield* store.put("j1", "a", bytes("one"))
      yield* store.put("j1", "a", bytes("one"))
      assert.equal(yield* reason(store.put("j1", "a", bytes("two"))), "AlreadyExists")
      assert.equal(yield* reason(store.put("j1", "a", bytes("one and more"))), "AlreadyExists")
      assert.equal(yield* reason(store.put("j1", "a", new Uint8Array())), "AlreadyExists")
      same(yield* store.get("j1", "a"), bytes("one"))
    }),
  ),
  law("of many who put other bytes under one name at once, one succeeds, and its bytes are there whole", (store) =>
    Effect.gen(function* () {
      const part = (at: number): Uint8Array => new Uint8Array(100_000).fill(at)
      const results = yield* Effect.all(
        Array.from({ length: 8 }, (_, at) => Effect.result(store.put("j1", "new/a", part(at)))),
        { concurrency: "unbounded" },
      )
      assert.equal(results.filter((it) => it._tag === "Success").length, 1)
      same(yield* store.get("j1", "new/a"), part(results.findIndex((it) => it._tag === "Success")))
      const again = yield* Effect.all(
        Array.from({ length: 8 }, () => Effect.result(store.put("j1", "same", part(1)))),
        { concurrency: "unbounded" },
      )
      assert.ok(again.every((it) => it._tag === "Success"))
      assert.deepEqual(
        (yield* store.list("j1")).map(({ name }) => name),
        ["new/a", "same"],
      )
    }),
  ),
  law("what is not there is not found", (store) =>
    Effect.gen(function* () {
      assert.equal(yield* reason(store.get("j1", "a")), "NotFound")
      yield* store.put("j1", "a/b", bytes("x"))
      assert.equal(yield* reason(store.get("j1", "a/c")), "NotFound")
      assert.equal(yield* reason(store.get("j2", "a/b")), "NotFound")
    }),
  ),
  law("the parts of a job are listed by name with their sizes; a job that is not known has none", (store) =>
    Effect.gen(function* () {
      const names = [
        "snapshot.json",
        "records/b/000000.ndjson",
        "records/a/000001.ndjson",
        "records/a/000000.ndjson",
        "B",
        "a-b",
        "é ü",
      ]
      for (const [at, name] of names.entries()) yield* store.put("j1", name, new Uint8Array(at))
      assert.deepEqual(
        yield* store.list("j1"),
        [...names].sort().map((name) => ({ name, bytes: names.indexOf(name) })),
      )
      assert.deepEqual(yield* store.list("j2"), [])
    }),
  ),
  law("the jobs that have parts are listed, each once, sorted, and no other", (store) =>
    Effect.gen(function* () {
      assert.deepEqual(yield* store.jobs, [])
      for (const [job, name] of [
        ["j2", "a"],
        ["j10", "a"],
        ["j1", "a/1"],
        ["j1", "b"],
        ["j3", "a"],
      ] as const)
        yield* store.put(job, name, bytes("x"))
      yield* store.remove("j3")
      yield* store.remove("j2", "a")
      assert.deepEqual(yield* store.jobs, ["j1", "j10"])
    }),
  ),
  law("jobs are apart, though one's id begins as another's", (store) =>
    Effect.gen(function* () {
      yield* store.put("j1", "a", bytes("one"))
      yield* store.put("j10", "a", bytes("ten"))
      same(yield* store.get("j1", "a"), bytes("one"))
      yield* store.remove("j1")
      assert.deepEqual(yield* store.list("j1"), [])
      assert.deepEqual(yield* store.list("j10"), [{ name: "a", bytes: 3 }])
      yield* store.put("j10", "b", bytes("b"))
      same(yield* store.get("j10", "b"), bytes("b"))
    }),
  ),
  law("a part or a whole job is removed, what is not there is not missed, and its name is free again", (store) =>
    Effect.gen(function* () {
      yield* store.remove("j1")
      yield* store.remove("j1", "a")
      yield* store.put("j1", "a/1", bytes("x"))
      yield* store.put("j1", "a/2", bytes("x"))
      yield* store.remove("j1", "a/1")
      assert.deepEqual(
        (yield* store.list("j1")).map(({ name }) => name),
        ["a/2"],
      )
      yield* store.put("j1", "a/1", bytes("y"))
      same(yield* store.get("j1", "a/1"), bytes("y"))
      yield* store.remove("j1")
      assert.equal(yield* reason(store.get("j1", "a/2")), "NotFound")
      yield* store.put("j1", "a/2", bytes("z"))
      same(yield* store.get("j1", "a/2"), bytes("z"))
    }),
  ),
  law("a name or an id that leads elsewhere reaches no other job and no other part", (store) =>
    Effect.gen(function* () {
      yield* store.put("j1", "a", bytes("one"))
      const ways: ReadonlyArray<readonly [string, string]> = [
        ["j2", "../j1/a"],
        ["j2", "x/../../j1/a"],
        ["j2/../j1", "a"],
        [".", "j1/a"],
        ["", "j1/a"],
        ["j1", "./a"],
        ["j1", "b/../a"],
        ["j1", "a/"],
        ["j1", "/a"],
        ["j1", "a\u0000"],
      ]
      for (const [job, name] of ways) {
        const way = `${job} ${name}`
        yield* Effect.ignore(store.put(job, name, bytes("two")))
        // where the store takes the name as it stands, it is a part of its own
        const got = yield* Effect.result(store.get(job, name))
        if (got._tag === "Success") assert.equal(Buffer.compare(got.success, bytes("two")), 0, way)
        yield* Effect.ignore(store.remove(job, name))
        same(yield* store.get("j1", "a"), bytes("one"))
      }
      for (const job of ["..", ".", "", "../j1", "j1/.."]) {
        yield* Effect.ignore(store.remove(job))
        assert.deepEqual(yield* store.list(job), [], job)
      }
      assert.deepEqual(yield* store.list("j1"), [{ name: "a", bytes: 3 }])
    }),
  ),
]
