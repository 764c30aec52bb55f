/**
 * The children that an undo of their parent takes back: which they are, whether it may begin, and what it would do.
 */
import { Effect, Option } from "effect"
import { EngineError } from "../EngineError.ts"
import type { Import } from "../Import.ts"
import type * as Job from "../Job.ts"
import { JobStore } from "../JobStore.ts"
import type { Of } from "../Partition.ts"
import type { LeftRecord, PartitionUndo, UndoPreview } from "../Run.ts"
import * as parents from "./parentJob.ts"
import * as undoing from "./undo.ts"
import { ended, hasWritten, place, undoId } from "./undoJob.ts"
import { failureOf } from "./worldError.ts"

/** See {@link Job.UndoneChild}. */
export type Child = Job.UndoneChild

/** What is asked for is refused. */
export const wrongStatus = (job: string, message: string) => Effect.fail(new EngineError({ reason: "WrongStatus", job, message }))

/** The undo of a parent that is under way, broke off or failed, or the id of the next one; and the last that came to its end. */
export const findOpen = (of: string) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    let last: Job.Job | undefined
    for (let number = 1; ; number++) {
      const id = undoId(of, number)
      const job = Option.getOrUndefined(yield* store.get(id))
      if (job === undefined || !(job.status === "cancelled" || ended(job))) return { id, job, last }
      if (ended(job)) last = job
    }
  })

/** The children that have something in the target, of all attempts at their partitions, the one that ended last first. */
export const writers = (parent: parents.Parent) =>
  Effect.gen(function* () {
    const store = yield* JobStore
    const all = yield* store.find({ parent: parent.id, limit: Number.MAX_SAFE_INTEGER })
    return all.filter((job) => job.status !== "undone" && hasWritten(job)).sort((a, b) => (place(a) < place(b) ? 1 : -1))
  })

/** The import that a child is of, as it was when the child was validated. */
export const importOf = (of: Of, child: Job.Job): Effect.Effect<Import, EngineError> => {
  const definition = parents.importOf(of, child)
  return definition === undefined
    ? Effect.fail(
        new EngineError({
          reason: "WrongImport",
          job: child.id,
          message: `job ${child.id} was validated with another definition of ${child.import}`,
        }),
      )
    : Effect.succeed(definition)
}

/** Why one is not taken back, with its name. */
export const sentence = ({ partition, refused }: Child): string => `${partition}: ${refused}`

/** That the parent is at its end, and at least one of these can be taken back. */
export const check = (of: Of, parent: parents.Parent, children: ReadonlyArray<Job.Job>, last: Job.Job | undefined) =>
  Effect.gen(function* () {
    const { id, status } = parent
    if (!parents.hasEnded(status))
      return yield* wrongStatus(
        id,
        `job ${id} is ${status}; let it come to its end or cancel it, then what its partitions wrote can be taken back`,
      )
    if (children.length === 0)
      return yield* wrongStatus(
        id,
        last === undefined && status !== "undone"
          ? `no partition of job ${id} has written anything that could be taken back`
          : `job ${id} was taken back already${last === undefined ? "" : `, by job ${last.id}`}`,
      )
    const refused: Array<Child> = []
    let first: EngineError | undefined
    for (const child of children) {
      const checked = yield* Effect.result(Effect.flatMap(importOf(of, child), (definition) => undoing.check(definition, child)))
      if (checked._tag === "Success") return
      first ??= checked.failure
      refused.push({ partition: child.partition!, job: child.id, refused: checked.failure.message })
    }
    return yield* Effect.fail(
      new EngineError({
        reason: first!.reason,
        job: id,
        message: `nothing of job ${id} can be taken back: ${refused.map(sentence).join("; ")}`,
      }),
    )
  })

/** What an undo of a parent would do, told by the target of each child by itself. */
export const preview = (of: Of, id: string) =>
  Effect.gen(function* () {
    const parent = yield* parents.get(of, id)
    const children = yield* writers(parent)
    yield* check(of, parent, children, (yield* findOpen(id)).last)
    const limit = Math.max(...parents.importsOf(of).map(({ limits }) => limits.issues))
    const partitions: Array<PartitionUndo> = []
    const entities = new Map<string, { reversed: number; kept: number; errored: number }>()
    const left: Array<LeftRecord> = []
    for (const child of children) {
      const at = { partition: child.partition!, job: child.id }
      const told = yield* importOf(of, child).pipe(
        Effect.flatMap((definition) => undoing.preview(definition, child.id)),
        Effect.catchTag(["EngineError", "IntegrityError"], (error) =>
          Effect.succeed(error._tag === "EngineError" ? error.message : failureOf(error).message),
        ),
      )
      if (typeof told === "string") {
        partitions.push({ ...at, reversed: 0, kept: 0, errored: 0, refused: told })
        continue
      }
      const { errored, kept, reversed } = told
      partitions.push({ ...at, reversed, kept, errored, refused: null })
      left.push(...told.left.slice(0, limit - left.length))
      for (const [name, more] of Object.entries(told.entities)) {
        const before = entities.get(name) ?? { reversed: 0, kept: 0, errored: 0 }
        entities.set(name, {
          reversed: before.reversed + more.reversed,
          kept: before.kept + more.kept,
          errored: before.errored + more.errored,
        })
      }
    }
    const sum = (which: "reversed" | "kept" | "errored") => partitions.reduce((total, it) => total + it[which], 0)
    return {
      reversed: sum("reversed"),
      kept: sum("kept"),
      errored: sum("errored"),
      entities: Object.fromEntries(entities),
      left,
      partitions,
    } satisfies UndoPreview
  })
