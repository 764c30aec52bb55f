/**
 * What commands share that deal with sources in partitions: their options, and the source that typed arguments make.
 */
import { type Import, type Job, Partition, type Source } from "@waybill/core"
import { Effect } from "effect"
import type * as Entry from "../../Entry.ts"
import { type Context, numberOption } from "../Command.ts"
import type { Option } from "../commandLine.ts"
import { UsageError } from "../complaint.ts"

/** Options of runs of partitions. */
export const options: ReadonlyArray<Option> = [
  { name: "at-once", value: "N", help: "of a source in partitions: work on so many at a time, 1 by default" },
  { name: "stop-on-failure", help: "of a source in partitions: begin no other once one has failed" },
]

/** What was typed of them. */
export const typedOptions = (context: Context) =>
  Effect.map(numberOption(context, "at-once"), (concurrency) => ({
    ...(concurrency === undefined ? {} : { concurrency }),
    stopOnFailure: context.typed.flags.has("stop-on-failure"),
  }))

type AnySource = ReturnType<Entry.Entry<any>["source"]>

/**
 * The source of a job's import, of the arguments that were typed again behind it; `undefined` where none were and none are `needed`.
 */
export const sourceOf = (
  { typed }: Context,
  entry: Entry.Entry<any>,
  job: Job.Job,
  given: ReadonlyArray<string>,
  needed: boolean,
): Effect.Effect<AnySource | undefined, UsageError> => {
  const wanted = Object.keys(entry.arguments ?? {})
  if (given.length > wanted.length) return Effect.fail(new UsageError(`There is one argument too many: ${given[wanted.length]}.`))
  if (given.length < wanted.length) {
    if (!needed) return Effect.succeed(undefined)
    const missing = wanted[given.length]!
    return Effect.fail(
      new UsageError(
        `Job ${job.id} was being validated; to go on, the import ${job.import} needs ${missing.toUpperCase()} again: ${entry.arguments![missing]}.`,
      ),
    )
  }
  const input = new Map([
    ...wanted.map((argument, at) => [argument, given[at]] as const),
    ...Object.keys(entry.options ?? {}).map((option) => [option, typed.values.get(option)] as const),
  ])
  return Effect.succeed(entry.source(Object.fromEntries(input)))
}

/** The one source of a job that is no parent: of a child that of its partition. */
export const singleOf = (
  source: AnySource,
  job: Job.Job,
): Effect.Effect<Source.Source<any>, Source.SourceError | { readonly message: string }, any> =>
  Partition.isPartitioned(source)
    ? Effect.flatMap(source.partitions, (found) => {
        const partition = found.find(({ name }) => name === job.partition)
        return partition === undefined
          ? Effect.fail({ message: `The source has no partition ${job.partition ?? ""} that job ${job.id} could go on with.` })
          : Effect.succeed(partition.source)
      })
    : Effect.succeed(source)

/** The partitioned source of a parent job. */
export const dividedOf = (
  source: AnySource | undefined,
  definition: Import.Import,
): Effect.Effect<Partition.Partitioned<any> | undefined, { readonly message: string }> =>
  source === undefined || Partition.isPartitioned(source)
    ? Effect.succeed(source)
    : Effect.fail({ message: `The source of the import ${definition.name} is not in partitions any more.` })
