/**
 * Halving: which records of a batch the target refuses, found by trying parts of it until the rest goes in as a whole.
 *
 * Records may be refused for one another (two of the same unique value), so a part is always tried together with all that is known to be good.
 */
import { Effect } from "effect"
import * as Batch from "../Batch.ts"
import type { Issue } from "../Issue.ts"
import * as Plan from "../Plan.ts"
import type { CommitSession, PlannedRecords, SinkError } from "../Sink.ts"

/** Most probes of one batch. A batch of which so many do not suffice has too many bad records to be taken in part. */
export const mostProbes = 1_000

/** What was found. */
export interface Found {
  /** The records that are refused, by position, in their order, with the server's words. */
  readonly refused: ReadonlyMap<number, SinkError>
  /** Whether all the others go in together. */
  readonly isWhole: boolean
}

/** The same batch, with only some of its writes left to do; new objects, as a sink may know the others already. */
export const without = ({ batch, planned }: PlannedRecords, left: ReadonlyMap<number, ReadonlyArray<Issue>>): PlannedRecords => ({
  batch: Batch.make({ ...batch, records: batch.records() }),
  planned: { ...Plan.refuse(planned, left) },
})

/** Whether a commit sends a record with this action. */
export const isSent = (action: number | undefined): boolean =>
  action === Plan.code.create || action === Plan.code.update || action === Plan.code.delete

// the record that the server names, if it is of this batch
const namedBy = ({ refused }: SinkError, { batch }: PlannedRecords): number | null =>
  refused !== undefined && refused.entity === batch.entity.name && (refused.part ?? batch.part) === batch.part
    ? refused.index
    : null

/**
 * Finds them. `error` is how the target refused the whole. An error of the probe that is no refusal is the world's, and fails the search.
 */
export const find = (
  records: PlannedRecords,
  error: SinkError,
  probe: NonNullable<CommitSession["probe"]>,
): Effect.Effect<Found, SinkError> =>
  Effect.gen(function* () {
    const { batch, planned } = records
    const all = [...planned.actions.keys()].filter((index) => isSent(planned.actions[index]))
    const good = new Set<number>()
    const refused = new Map<number, SinkError>()
    let probes = 0

    // why the target refuses a part together with the good ones, or nothing
    const tried = (part: ReadonlyArray<number>): Effect.Effect<SinkError | undefined, SinkError> =>
      Effect.suspend(() => {
        probes++
        const sent = new Set([...good, ...part])
        const tested = without(records, new Map(all.flatMap((index) => (sent.has(index) ? [] : [[index, []] as const]))))
        return Effect.matchEffect(probe(tested.batch, tested.planned), {
          onFailure: (it) => (it.reason === "DataRefused" ? Effect.succeed(it) : Effect.fail(it)),
          onSuccess: () => Effect.undefined,
        })
      })

    // parts that are still open, the next one last; of some it is known that they are refused
    const search = (whole: ReadonlyArray<number>, known?: SinkError): Effect.Effect<void, SinkError> =>
      Effect.gen(function* () {
        const open: Array<{ readonly part: ReadonlyArray<number>; readonly known?: SinkError; readonly unless?: number }> = [
          { part: whole, ...(known === undefined ? {} : { known }) },
        ]
        for (let next = open.pop(); next !== undefined; next = open.pop()) {
          const { part, unless } = next
          if (part.length === 0) continue
          // where the half before it was good, what the whole was refused for is in this one
          const isKnown = next.known !== undefined && (unless === undefined || unless === refused.size)
          if (!isKnown && probes >= mostProbes) return
          const why = isKnown ? next.known : yield* tried(part)
          if (why === undefined) {
            for (const index of part) good.add(index)
            continue
          }
          const named = namedBy(why, records)
          if (named !== null && part.includes(named)) {
            refused.set(named, why)
            open.push({ part: part.filter((index) => index !== named) })
          } else if (part.length === 1) refused.set(part[0]!, why)
          else {
            const middle = part.length >> 1
            open.push({ part: part.slice(middle), known: why, unless: refused.size }, { part: part.slice(0, middle) })
          }
        }
      })

    yield* search(all, error)
    // a record may refer to one of its own entity further down, without which it was tried
    const refersToOwn = batch.entity.references.some(({ entity }) => entity === batch.entity)
    for (let before = 0; refersToOwn && refused.size > 0 && refused.size !== before && probes < mostProbes; ) {
      before = refused.size
      const again = [...refused.keys()].sort((a, b) => a - b)
      refused.clear()
      yield* search(again)
    }
    return {
      refused: new Map([...refused].sort(([a], [b]) => a - b)),
      isWhole: good.size + refused.size === all.length,
    }
  })
