/**
 * Laws about values: a sink holds each exactly, or says that it cannot.
 */
import * as assert from "node:assert/strict"
import { Effect } from "effect"
import type { Kind } from "../../Field.ts"
import * as Plan from "../../Plan.ts"
import * as Hostile from "../Hostile.ts"
import type { Law } from "../Law.ts"
import { commit, comparables, holds, once, plan } from "./driving.ts"
import { Maker, Value } from "./entities.ts"
import type { Fields, Harness, Target } from "./Harness.ts"

const kinds: ReadonlyArray<Kind> = ["text", "integer", "bigint", "number", "decimal", "boolean", "date", "timestamp", "json"]

const valuesOf = (record: Fields) => Value.fields.map(({ name }) => record[name])

// the names of the values that the sink says it cannot hold, before anything is sealed or when it is planned
const refusedOf = (target: Target, all: ReadonlyArray<readonly [string, Fields]>) =>
  Effect.gen(function* () {
    const refused = new Set(
      all.flatMap(([name, record]) => ((target.sink.unholdable?.(Value, valuesOf(record)) ?? []).length > 0 ? [name] : [])),
    )
    const rest = all.filter(([name]) => !refused.has(name))
    const planned = yield* plan(target.sink, [[Value, [rest.map(([, record]) => record)]]])
    for (const { index, issues } of planned[0]![1][0]!.planned.refusals) {
      assert.ok(issues.length > 0, `${rest[index]![0]} is refused without an issue`)
      refused.add(rest[index]![0])
    }
    return refused
  })

const kindLaw = (harness: Harness, kind: Kind): Law => ({
  name: `values of kind ${kind} are held exactly, or refused`,
  holds:
    "each hostile value is in the target as it was planned and unchanged in the next plan, or is one of those declared unholdable",
  check: once(harness, (target, transaction) =>
    Effect.gen(function* () {
      const all = Hostile.values
        .filter((it) => it.kind === kind)
        .map(({ name, value }, at) => [name, { key: `v${at}`, [kind]: value }] as const)
      const refused = yield* refusedOf(target, all)
      assert.deepEqual(
        [...refused].sort(),
        all.flatMap(([name]) => (harness.unholdable.includes(name) ? [name] : [])).sort(),
        "what it refuses is what is declared unholdable",
      )
      const rest = all.filter(([name]) => !refused.has(name))
      const input = [[Value, rest.map(([, record]) => [record])]] as const
      const planned = yield* plan(target.sink, input)
      yield* commit(target.sink, planned, { transaction })
      // half of a surrogate pair is sealed as U+FFFD: what is held is what was sealed
      const sealed = planned[0]![1].map(({ batch }) => {
        const [values] = batch.records()
        return Object.fromEntries(Value.fields.map(({ name }, at) => [name, values![at]]))
      })
      const found = new Map((yield* target.contents(Value)).map((record) => [record["key"], record]))
      for (const [at, record] of sealed.entries()) {
        const held = found.get(record["key"])
        assert.ok(held !== undefined, `${rest[at]![0]} is not there`)
        assert.deepEqual(comparables(Value, [held]), comparables(Value, [record]), rest[at]![0])
      }
      for (const [at, { planned: it }] of (yield* plan(target.sink, input))[0]![1].entries())
        assert.equal(it.actions[0], Plan.code.unchanged, `${rest[at]![0]} is not unchanged in the next plan`)
    }),
  ),
})

/** See the file's first sentence. */
export const holdingLaws = (harness: Harness): ReadonlyArray<Law> => [
  ...kinds.map((kind) => kindLaw(harness, kind)),
  {
    name: "keys that look alike are keys apart",
    holds: "keys that differ in case, blanks, accents or form, and keys that mean something elsewhere, are records of their own",
    check: once(harness, (target, transaction) =>
      Effect.gen(function* () {
        const makers = Hostile.keys.map((slug) => ({ slug, title: `of ${slug}` }))
        const input = [[Maker, [makers]]] as const
        const planned = yield* plan(target.sink, input)
        assert.deepEqual(Plan.tally(planned[0]![1][0]!.planned).create, makers.length)
        const { applied, mismatches } = yield* commit(target.sink, planned, { transaction })
        assert.deepEqual(applied.get("maker/0")!.conflicts, [])
        assert.deepEqual(mismatches, [])
        yield* holds(target, Maker, makers)
        assert.deepEqual(Plan.tally((yield* plan(target.sink, input))[0]![1][0]!.planned).unchanged, makers.length)
      }),
    ),
  },
  {
    name: "what is said of a value that cannot be held names its field",
    holds: "`unholdable` gives issues with a code, a message and the field, the same each time, and changes no value",
    check: once(harness, ({ sink }) =>
      Effect.sync(() => {
        for (const { kind, name, value } of Hostile.values) {
          const values = valuesOf({ key: "k", [kind]: structuredClone(value) })
          const issues = sink.unholdable?.(Value, values) ?? []
          assert.deepEqual(sink.unholdable?.(Value, values) ?? [], issues, name)
          assert.deepEqual(values, valuesOf({ key: "k", [kind]: value }), `${name} was changed`)
          for (const { code, column, message } of issues) {
            assert.equal(column, kind, name)
            assert.match(code, /\S/, name)
            assert.match(message, /\S/, name)
          }
        }
      }),
    ),
  },
]
