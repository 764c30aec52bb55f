/**
 * `candidates`: what rows refer to and exists nowhere, where each stands, and how to decide about it.
 */
import { Candidates, Engine, type Import, Job } from "@waybill/core"
import { Effect } from "effect"
import * as Entry from "../../Entry.ts"
import * as Report from "../../Report.ts"
import { type Command, type Context, entryOf, exitCodes, getJob, typedJob } from "../Command.ts"
import { since } from "../candidateTable.ts"
import { quote } from "../commandLine.ts"
import { ndjson } from "./details.ts"

/** What may be typed next. */
type Next = Report.Details["next"][number]

/** A `decide` as one would type it. */
export const deciding = (program: string, job: string, { entity, key }: Candidates.Listed, how: string): string => {
  const about = [job, entity, key].map(quote).join(" ")
  // a key may look like an option
  return key.startsWith("-") ? `${program} decide ${how} -- ${about}` : `${program} decide ${about} ${how}`
}

const reading = (as: string): string => (as.startsWith("-") ? `--as=${quote(as)}` : `--as ${quote(as)}`)

/** The validation that goes by what is decided now. */
export const validating = (program: string, definition: Import.Import, job: Job.Job): Next => ({
  why: `validate ${job.source.name} again, with the arguments of its import; the decisions hold from then on`,
  type: `${program} validate ${quote(job.import)} …${job.mode === definition.mode ? "" : ` --mode ${job.mode}`}`,
})

/** Whether nobody has decided about it, neither before its job nor since. */
export const isUndecided = (it: Candidates.Listed): boolean => it.standing === "open" && it.remembered === null

// what can be done about a candidate that nobody has decided about
const nextOf = (
  { program }: Context,
  definition: Import.Import,
  job: Job.Job,
  all: ReadonlyArray<Candidates.Listed>,
): ReadonlyArray<Next> => {
  const next: Array<Next> = []
  const undecided = all.filter(isUndecided)
  // one that is probably misspelt shows more than one that is not
  const first = undecided.find(({ nearest }) => nearest.length > 0) ?? undecided[0]
  if (first !== undefined) {
    const [near] = first.nearest
    const entity = definition.entities.find(({ name }) => name === first.entity)
    if (near !== undefined)
      next.push({ why: "read a key as another one, such as the nearest", type: deciding(program, job.id, first, reading(near)) })
    if (entity?.create !== undefined && entity.key.length === 1)
      next.push({ why: "have a record created for it", type: deciding(program, job.id, first, "--create") })
    next.push({ why: "have the rows that refer to it rejected", type: deciding(program, job.id, first, "--reject") })
  }
  if (all.some((it) => since(it) !== "")) next.push(validating(program, definition, job))
  return next
}

// where the target cannot be asked for its keys, the candidates are listed all the same
const listed = (context: Context, definition: Import.Import, job: Job.Job) =>
  Candidates.list(definition, job.id).pipe(
    Effect.catchTag("SinkError", (error) =>
      Effect.gen(function* () {
        context.progress.say(`The target could not be asked for near keys: ${error.message}\n`)
        const remembered = yield* Candidates.decisions(definition.name)
        return (yield* Engine.candidates(job.id)).map(
          (it): Candidates.Listed => ({
            ...it,
            standing: Candidates.standingOf(it),
            nearest: [],
            remembered: remembered.find(({ entity, key }) => entity === it.entity && key === it.key) ?? null,
          }),
        )
      }),
    ),
  )

/** Lists candidates. */
export const candidates: Command = {
  name: "candidates",
  takes: "job",
  help: "list what rows refer to and exists nowhere, with the nearest keys and what is decided; --json writes one per line",
  options: [],
  run: (context) =>
    Effect.gen(function* () {
      const job = yield* getJob(yield* typedJob(context))
      if (Job.isParent(job))
        return yield* Effect.fail({
          message: `Job ${job.id} is in partitions, and each has its candidates: list one of \`${context.program} jobs --parent ${job.id}\``,
        })
      const definition = yield* Entry.definition(yield* entryOf(context, job))
      const found = yield* listed(context, definition, job)
      yield* context.progress.clear
      if (context.json) yield* context.host.out(ndjson(found))
      else if (found.length === 0) yield* context.host.out("No candidates.\n")
      else {
        const next = Report.next(nextOf(context, definition, job, found), context.look)
        yield* context.host.out(`${Report.candidates(found, context.look)}${next === "" ? "" : `\n${next}`}`)
      }
      return exitCodes.success
    }),
}
