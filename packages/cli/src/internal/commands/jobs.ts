/**
 * `jobs` and `show`: find jobs, and look at one.
 */
import { Job, JobStore } from "@waybill/core"
import { Effect } from "effect"
import * as Report from "../../Report.ts"
import { type Command, exitCodes, getJob, numberOption, typedJob, writeJson } from "../Command.ts"
import { UsageError } from "../complaint.ts"
import { report } from "./reporting.ts"

const statuses = Object.keys(Job.moves) as ReadonlyArray<Job.Status>

const typedStatuses = (text: string | undefined): Effect.Effect<ReadonlyArray<Job.Status> | undefined, UsageError> => {
  if (text === undefined) return Effect.succeed(undefined)
  const asked = text.split(",") as ReadonlyArray<Job.Status>
  const unknown = asked.find((status) => !statuses.includes(status))
  return unknown === undefined
    ? Effect.succeed(asked)
    : Effect.fail(new UsageError(`There is no status ${JSON.stringify(unknown)}; choose of ${statuses.join(", ")}.`))
}

/** Lists jobs. */
export const jobs: Command = {
  name: "jobs",
  takes: [],
  help: "list jobs, the newest first; those of partitions by --parent or --children",
  options: [
    { name: "status", value: "STATUS", help: "only jobs of this status, or of several: pending,failed" },
    { name: "import", value: "NAME", help: "only jobs of this import" },
    { name: "started-by", value: "NAME", help: "only jobs that this person started" },
    { name: "parent", value: "JOB", help: "only the children of this parent job, one for each partition" },
    { name: "children", help: "children of parent jobs as well" },
    { name: "limit", value: "N", help: "at most so many, 20 by default" },
  ],
  run: (context) =>
    Effect.gen(function* () {
      const { typed } = context
      if (typed.positionals.length > 0)
        return yield* Effect.fail(new UsageError(`There is one argument too many: ${typed.positionals[0]}.`))
      const store = yield* JobStore.JobStore
      const status = yield* typedStatuses(typed.values.get("status"))
      const name = typed.values.get("import")
      const parent = typed.values.get("parent")
      const startedBy = typed.values.get("started-by")
      const found = yield* store.find({
        ...(status === undefined ? {} : { status }),
        ...(name === undefined ? {} : { import: name }),
        ...(parent !== undefined ? { parent } : typed.flags.has("children") ? {} : { parent: null }),
        ...(startedBy === undefined ? {} : { startedBy }),
        limit: (yield* numberOption(context, "limit")) ?? 20,
      })
      if (context.json) yield* writeJson(context, found)
      else yield* context.host.out(found.length === 0 ? "No jobs.\n" : Report.jobs(found, context.look))
      return exitCodes.success
    }),
}

/** Shows one job. */
export const show: Command = {
  name: "show",
  takes: "job",
  help: "show a job: status, counts, first issues, candidates, hashes",
  options: [],
  run: (context) =>
    Effect.gen(function* () {
      yield* report(context, yield* getJob(yield* typedJob(context)))
      return exitCodes.success
    }),
}
