/**
 * `decide` and `decisions`: what becomes of a candidate, now and in all files to come, and what was decided so far.
 */
import { Candidates, Engine, type Import, type JobStore, type SnapshotStore } from "@waybill/core"
import { Effect } from "effect"
import * as Entry from "../../Entry.ts"
import * as Report from "../../Report.ts"
import { type Command, type Context, entryOf, exitCodes, getJob, writeJson } from "../Command.ts"
import { said } from "../candidateTable.ts"
import { quote } from "../commandLine.ts"
import { UsageError } from "../complaint.ts"
import { many } from "../format.ts"
import { visible } from "../table.ts"
import { validating } from "./candidates.ts"

interface Asked {
  readonly id: string
  readonly entity: string
  readonly key: string
  /** `null` to take back what was decided. */
  readonly verdict: Candidates.Verdict | null
  readonly as: string | undefined
  readonly by: string
  readonly version: number | undefined
}

const ways = "--create, --as KEY, --reject or --forget"

const asked = ({ host, typed }: Context): Effect.Effect<Asked, UsageError> => {
  const misuse = (message: string) => Effect.fail(new UsageError(message))
  const [id, entity, key, ...more] = typed.positionals
  if (id === undefined) return misuse("Which job? Its id is missing; `jobs` lists them.")
  if (entity === undefined || key === undefined)
    return misuse(
      `Which candidate? Its ${entity === undefined ? "entity and key are" : "key is"} missing; \`candidates ${id}\` lists them.`,
    )
  if (more.length > 0) return misuse(`There is one argument too many: ${more[0]}.`)
  const as = typed.values.get("as")
  const chosen = [
    ...(typed.flags.has("create") ? (["create"] as const) : []),
    ...(as === undefined ? [] : (["map"] as const)),
    ...(typed.flags.has("reject") ? (["reject"] as const) : []),
    ...(typed.flags.has("forget") ? [null] : []),
  ]
  const [verdict] = chosen
  if (verdict === undefined) return misuse(`What becomes of it? Say one of ${ways}.`)
  if (chosen.length > 1) return misuse(`Say only one of ${ways}.`)
  const version = typed.values.get("if-version")
  if (version !== undefined && !/^\d{1,9}$/.test(version))
    return misuse(`The option --if-version is a whole number such as 1, not ${JSON.stringify(version)}.`)
  return Effect.succeed({
    id,
    entity,
    key,
    verdict,
    as,
    by: typed.values.get("by") ?? host.user,
    version: version === undefined ? undefined : Number(version),
  })
}

// what to look at where it was refused
const advised =
  ({ program }: Context, id: string, imported: string) =>
  (error: Candidates.CandidatesError): Candidates.CandidatesError | { readonly message: string } => {
    if (error._tag === "EngineError" && (error.reason === "NotFound" || error.reason === "WrongDecision"))
      return { message: `${error.message}. \`${program} candidates ${id}\` lists candidates, with the nearest keys` }
    if (error._tag === "JobStoreError" && error.reason === "Stale")
      return {
        message: `${error.message}. Nothing was decided by this command; \`${program} decisions ${quote(imported)}\` lists what is decided now`,
      }
    return error
  }

// `null` where nothing that could be taken back is decided
const deciding = (
  definition: Import.Import,
  { as, by, entity, id, key, verdict, version }: Asked,
): Effect.Effect<Candidates.Decision | null, Candidates.CandidatesError, JobStore.JobStore | SnapshotStore.SnapshotStore> => {
  const about = { entity, key, by, ...(version === undefined ? {} : { version }) }
  return verdict === null
    ? Candidates.forget(definition.name, about)
    : Candidates.decide(definition, id, { ...about, verdict, ...(as === undefined ? {} : { as }) })
}

const sentenceOf = (decision: Candidates.Decision): string => {
  const { by, entity, key, verdict, version } = decision
  const what = `${entity} ${JSON.stringify(key)}`
  const rest = `as ${by} decided (version ${version})`
  if (verdict === null) return `${what} is open again, ${rest}.`
  if (verdict === "reject") return `The rows that refer to ${what} are rejected, ${rest}.`
  return `${what} is ${said({ ...decision, as: JSON.stringify(decision.as) })}, ${rest}.`
}

/** Decides about a candidate, or takes a decision back. */
export const decide: Command = {
  name: "decide",
  takes: ["job", "entity", "key"],
  help: "decide what becomes of a candidate of a job, for all files to come; the job stays as it is",
  options: [
    { name: "create", help: "a record is created for it" },
    { name: "as", value: "KEY", help: "rows that refer to it are read as if they referred to this key, which exists" },
    { name: "reject", help: "rows that refer to it are rejected, as long as it exists nowhere" },
    { name: "forget", help: "take back what was decided about it" },
    { name: "by", value: "NAME", help: "who decides; you by default" },
    { name: "if-version", value: "N", help: "only if the decision has this version still; 0: only if there never was one" },
  ],
  run: (context) =>
    Effect.gen(function* () {
      const question = yield* asked(context)
      const { entity, id, key } = question
      const job = yield* getJob(id)
      const definition = yield* Entry.definition(yield* entryOf(context, job))
      const decision = yield* deciding(definition, question).pipe(Effect.mapError(advised(context, id, job.import)))
      if (decision === null)
        return yield* Effect.fail({
          message: `Nothing is decided about ${entity} ${JSON.stringify(key)} that could be taken back`,
        })
      yield* context.progress.clear
      if (context.json) {
        yield* writeJson(context, decision)
        return exitCodes.success
      }
      const remembered = yield* Candidates.decisions(definition.name)
      const left = (job.snapshot === null ? [] : yield* Engine.candidates(id)).filter(
        (it) => Candidates.standingOf(it) === "open" && !remembered.some((of) => of.entity === it.entity && of.key === it.key),
      )
      const next = [
        ...(left.length === 0
          ? []
          : [
              {
                why: `look at the ${many(left.length, "candidate")} that nobody has decided about`,
                type: `${context.program} candidates ${id}`,
              },
            ]),
        validating(context.program, definition, job),
      ]
      yield* context.host.out(`${visible(sentenceOf(decision))}\nJob ${id} stays as it is.\n\n${Report.next(next, context.look)}`)
      return exitCodes.success
    }),
}

// the imports that were asked for: the one that was named, or all
const named = ({ entries, typed }: Context): Effect.Effect<ReadonlyArray<string>, UsageError> => {
  const [name, ...more] = typed.positionals
  const all = [...entries.keys()]
  if (more.length > 0) return Effect.fail(new UsageError(`There is one argument too many: ${more[0]}.`))
  if (name === undefined) return Effect.succeed(all)
  return entries.has(name)
    ? Effect.succeed([name])
    : Effect.fail(new UsageError(`There is no import ${name}. Choose one of ${all.join(", ")}.`))
}

/** Lists decisions. */
export const decisions: Command = {
  name: "decisions",
  takes: ["[import]"],
  help: "list what is decided about candidates: of an import, or of all",
  options: [],
  run: (context) =>
    Effect.gen(function* () {
      const found = (yield* Effect.forEach(yield* named(context), Candidates.decisions)).flat()
      if (context.json) yield* writeJson(context, found)
      else yield* context.host.out(found.length === 0 ? "Nothing is decided.\n" : Report.decisions(found, context.look))
      return exitCodes.success
    }),
}
