/**
 * Laws about inputs that are empty, not the source's own, or cannot be read.
 */
import * as assert from "node:assert/strict"
import { inspect } from "node:util"
import { Cause, Effect, Exit, Stream } from "effect"
import { type Source, SourceError } from "../../Source.ts"
import { type Law, waiver } from "../Law.ts"
import type { Broken, Harness } from "./Harness.ts"
import { pagesOf, rowsOf } from "./reading.ts"

const use = (source: Source): Effect.Effect<unknown, unknown> =>
  Effect.andThen(Effect.asVoid(source.identify), Stream.runDrain(source.read(null)))

// the source error that identifying or reading ends in; anything else breaks the law
const errorOf = (name: string, effect: Effect.Effect<unknown, unknown>): Effect.Effect<SourceError> =>
  Effect.map(Effect.exit(effect), (exit) => {
    if (Exit.isSuccess(exit)) return assert.fail(`${name}: no error`)
    const failure = exit.cause.reasons[0]
    if (failure === undefined || !Cause.isFailReason(failure))
      return assert.fail(`${name}: no error but ${Cause.pretty(exit.cause)}`)
    if (!(failure.error instanceof SourceError)) return assert.fail(`${name}: not a SourceError: ${String(failure.error)}`)
    return failure.error
  })

const checkBroken = ({ isRetryable, name, open, reason }: Broken): Effect.Effect<void, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const error = yield* errorOf(name, use(yield* open))
      assert.deepEqual({ reason: error.reason, isRetryable: error.isRetryable }, { reason, isRetryable }, name)
      assert.match(error.message, /\S/, `${name}: the message is empty`)
    }),
  )

const shown = (value: unknown): string => inspect(value, { depth: 20, showHidden: true, maxStringLength: null }) + String(value)

const foreign = ["no cursor of this source", { made: "by nobody" }, [[]], -1.5]

/** See the file's first sentence. */
export const troubleLaws = ({ broken, empty, open, secrets }: Harness): ReadonlyArray<Law> => [
  {
    name: "an input without rows gives none, or the error that is declared",
    holds: "no rows and no error; or the declared `SourceError`",
    ...(typeof empty === "string" ? { waived: waiver(empty)! } : {}),
    check:
      typeof empty === "string"
        ? Effect.void
        : "reason" in empty
          ? checkBroken(empty)
          : Effect.scoped(
              Effect.gen(function* () {
                const source = yield* empty
                yield* source.identify
                assert.deepEqual(rowsOf(yield* pagesOf(source)), [])
              }),
            ),
  },
  {
    name: "a cursor of nobody's is turned down",
    holds: "`read` of a value that is no cursor of the source ends in a `SourceError` that is not retryable, without a page",
    check: Effect.scoped(
      Effect.gen(function* () {
        const source = yield* open
        for (const cursor of foreign) {
          const read = Stream.runForEach(source.read(cursor as never), () => Effect.die("it gave a page"))
          const error = yield* errorOf(JSON.stringify(cursor), read)
          assert.equal(error.isRetryable, false, JSON.stringify(cursor))
        }
      }),
    ),
  },
  {
    name: "what goes wrong is a SourceError with its reason",
    holds: "each of the broken sources ends in a `SourceError` of the declared `reason` and `isRetryable`, never in a defect",
    ...(broken.length === 0 ? { waived: "the harness has no broken source" } : {}),
    check: Effect.forEach(broken, checkBroken, { discard: true }),
  },
  {
    name: "no secret is told",
    holds: "identity, kind and errors, however deep one looks, hold none of the secrets",
    ...(typeof secrets === "string" ? { waived: waiver(secrets)! } : {}),
    check:
      typeof secrets === "string"
        ? Effect.void
        : Effect.scoped(
            Effect.gen(function* () {
              assert.ok(secrets.length > 0 && secrets.every((secret) => secret.length > 3), "the harness names no secret")
              const told: Array<unknown> = []
              for (const each of [open, ...broken.map((it) => it.open)]) {
                const source = yield* each
                told.push(source.kind)
                const note = (it: unknown) => Effect.sync(() => void told.push(it))
                const noteCause = (cause: Cause.Cause<unknown>) =>
                  Effect.sync(() => void told.push(Cause.squash(cause), Cause.pretty(cause)))
                yield* Effect.catchCause(Effect.flatMap(source.identify, note), noteCause)
                yield* Effect.catchCause(
                  Stream.runForEach(source.read(null), (page) => note(page.place)),
                  noteCause,
                )
              }
              for (const it of told) for (const secret of secrets) assert.ok(!shown(it).includes(secret), "a secret is told")
            }),
          ),
  },
]
