/**
 * `issues` and `changes`: what a job found and what it plans, line by line.
 */
import { Engine, type Issue, JobStore } from "@waybill/core"
import { Effect, Option, Stream } from "effect"
import * as Entry from "../../Entry.ts"
import * as Report from "../../Report.ts"
import { type Command, entryOf, exitCodes, getJob, numberOption, typedJob } from "../Command.ts"
import { count } from "../format.ts"

/** Values as JSON, one per line. */
export const ndjson = (values: ReadonlyArray<unknown>): string => values.map((value) => `${JSON.stringify(value)}\n`).join("")

const page = 1_000

// the issues that a job kept, a page at a time
const issuesOf = (id: string) =>
  Stream.unwrap(
    Effect.map(JobStore.JobStore, (store) =>
      Stream.paginate(0, (offset) =>
        Effect.map(store.issues(id, { offset, limit: page }), (found) => {
          const next = found.length === page ? offset + page : undefined
          return [found, Option.fromNullishOr(next)] as const
        }),
      ),
    ),
  )

/** Lists issues. */
export const issues: Command = {
  name: "issues",
  takes: "job",
  help: "list the issues of a job; --json writes one per line",
  options: [
    { name: "code", value: "CODE", help: "only issues of this code, such as cell.decimal" },
    { name: "limit", value: "N", help: "at most so many; 50 by default, all with --json" },
  ],
  run: (context) =>
    Effect.gen(function* () {
      const job = yield* getJob(yield* typedJob(context))
      const code = context.typed.values.get("code")
      const limit = (yield* numberOption(context, "limit")) ?? (context.json ? Number.POSITIVE_INFINITY : 50)
      const wanted = issuesOf(job.id).pipe(
        Stream.filter((issue: Issue.Issue) => code === undefined || issue.code === code),
        Stream.take(limit),
      )
      if (context.json) {
        yield* Stream.runForEachArray(wanted, (some) => context.host.out(ndjson(some)))
        return exitCodes.success
      }
      const found = yield* Stream.runCollect(wanted)
      const total = code === undefined ? job.counts.errors + job.counts.warnings : (job.counts.issuesByCode[code] ?? 0)
      if (found.length === 0) yield* context.host.out("No issues.\n")
      else {
        yield* context.host.out(Report.issues(found, context.look))
        if (found.length < total)
          yield* context.host.out(`\n${count(found.length)} of ${count(total)} issues; --limit N shows more.\n`)
      }
      return exitCodes.success
    }),
}

const actions = ["create", "update", "delete", "unchanged", "refuse"] as const

/** Lists what a plan does, record by record. */
export const changes: Command = {
  name: "changes",
  takes: "job",
  help: "list what the job's plan does, record by record; --json writes one per line",
  options: [
    {
      name: "action",
      value: "ACTION",
      oneOf: actions,
      help: "only records of this action; by default all with changes or kept fields",
    },
    { name: "entity", value: "NAME", help: "only records of this entity" },
    { name: "limit", value: "N", help: "at most so many; 50 by default, all with --json" },
  ],
  run: (context) =>
    Effect.gen(function* () {
      const job = yield* getJob(yield* typedJob(context))
      const definition = yield* Entry.definition(yield* entryOf(context, job))
      const action = context.typed.values.get("action")
      const entity = context.typed.values.get("entity")
      const limit = (yield* numberOption(context, "limit")) ?? (context.json ? Number.POSITIVE_INFINITY : 50)
      let shown = 0
      yield* Engine.changes(definition, job.id).pipe(
        Stream.filter((it) => (action === undefined ? it.action !== "unchanged" || it.kept !== undefined : it.action === action)),
        Stream.filter((it) => entity === undefined || it.entity === entity),
        Stream.take(limit),
        Stream.runForEachArray((some) => {
          shown += some.length
          return context.host.out(context.json ? ndjson(some) : some.map(Report.change).join(""))
        }),
      )
      if (!context.json && shown === 0) yield* context.host.out("No changes.\n")
      if (!context.json && shown === limit) yield* context.host.out("\nThere may be more; --limit N shows more.\n")
      return exitCodes.success
    }),
}
