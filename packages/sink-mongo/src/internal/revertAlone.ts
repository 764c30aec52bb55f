/**
 * Takes batches back on a standalone server, which has no transactions: an intent, writes that each do nothing if they come too late, and
 * what became of it. A batch that broke off is finished by taking it back again: what is as before needs nothing more.
 */
import { Sink } from "@waybill/core"
import { Effect } from "effect"
import { holdToken, writeUndone } from "./bookkeeping.ts"
import { noteBack } from "./lastWritten.ts"
import type { Layout } from "./layout.ts"
import type { Reversal } from "./reversal.ts"
import { keepReferred, lookBack, putBack, remove, restore, type Subject, subjectOf, type Undoing, undoneOf } from "./revert.ts"

/** The reversal of batches; see the file's first sentence. A preview only looks. */
export const revertAlone = (undoing: Undoing): Sink.UndoSession["revert"] => {
  const { context, target } = undoing
  const gone = new Map<string, Array<unknown>>()

  // what a preview has looked at counts as taken back for what comes later
  const remember = ({ layout }: Subject, { removals, restorations }: Reversal) => {
    const ids = gone.get(layout.collection) ?? []
    gone.set(layout.collection, ids)
    for (const { id } of removals) ids.push(id)
    for (const { id, paths } of restorations) if (paths.some((path) => isReference(layout, path))) ids.push(id)
  }

  if (context.preview)
    return Effect.fnUntraced(function* (batch, planned) {
      const subject = yield* subjectOf(undoing, batch, planned)
      const found = yield* lookBack(undoing, subject, new Map())
      remember(subject, { ...found, removals: [] })
      const final = yield* keepReferred(undoing, subject, found, gone)
      remember(subject, { ...final, restorations: [] })
      return undoneOf(final)
    })

  return Effect.fnUntraced(function* (batch, planned) {
    const name = { entity: batch.entity.name, part: batch.part }
    yield* holdToken(target, context)
    const subject = yield* subjectOf(undoing, batch, planned)
    const found = yield* lookBack(undoing, subject, new Map())
    yield* writeUndone(target, context, name, undefined)
    const sent = yield* restore(undoing, subject, found.restorations)
    const refusedBack = yield* putBack(undoing, subject, found.insertions)
    const refused = new Map([...sent.refused, ...refusedBack].map((left) => [left.index, left]))
    const final = yield* keepReferred(undoing, subject, found, new Map())
    const isRemoved = yield* remove(undoing, subject, final.removals)
    const done = undoneOf(
      sent.isWhole && refusedBack.length === 0 && isRemoved ? final : late(final, yield* lookBack(undoing, subject, refused)),
    )
    yield* noteBack(target, subject, done)
    yield* writeUndone(target, context, name, done)
    return done
  })
}

const isReference = ({ columns, entity }: Layout, path: string): boolean =>
  entity.references.some(({ positions }) => positions.some((at) => columns[at]!.path === path))

/** What came of a reversal, by a second look: what is still to be done, somebody else was changing at the time. */
const late = (first: Reversal, second: Reversal): Reversal => {
  const tried = new Set([...first.removals, ...first.restorations, ...first.insertions].map(({ index }) => index))
  const outcomes = first.outcomes.slice()
  const left = [...first.left]
  for (const it of second.left)
    if (tried.has(it.index)) {
      outcomes[it.index] = second.outcomes[it.index]!
      left.push(it)
    }
  for (const { index } of [...second.removals, ...second.restorations, ...second.insertions])
    if (tried.has(index)) {
      outcomes[index] = Sink.undone.kept
      left.push({ index, kind: "changed", message: "another writer changed it while it was being taken back", fields: [] })
    }
  return { ...first, outcomes, left }
}
