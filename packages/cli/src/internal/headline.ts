/**
 * How a job stands, or how it ended, in one sentence.
 */
import { Job } from "@waybill/core"
import { count, many } from "./format.ts"
import * as partitionReport from "./partitionReport.ts"
import type { Style } from "./style.ts"
import { visible } from "./table.ts"

const undoHeadline = ({ of, reversed, kept, errored }: Job.Undo, status: Job.Status, style: Style): string => {
  if (status === "running") return style.yellow(`takes job ${of} back, or that broke off; undoing ${of} again goes on from there`)
  const left = [...(kept > 0 ? [`${count(kept)} kept`] : []), ...(errored > 0 ? [`${count(errored)} not possible`] : [])]
  const all = `took job ${of} back: ${many(reversed, "record")} reversed`
  return left.length === 0 ? style.green(all) : style.yellow(`${all}, ${left.join(", ")}`)
}

/** See the file's first sentence. */
export const headline = (job: Job.Job, style: Style): string => {
  if (Job.isParent(job)) return partitionReport.headline(job, style)
  if (job.undo !== null && job.status !== "failed") return undoHeadline(job.undo, job.status, style)
  const { conflict, failed, rejected } = job.counts
  switch (job.status) {
    case "validating":
      return style.yellow("is being validated, or its validation broke off")
    case "pending":
      return `${style.green("validated")}; nothing is written yet`
    case "running":
      return style.yellow("is being committed, or its commit broke off; committing it again goes on from there")
    case "success":
      return `${style.green("committed")} and verified`
    case "partial": {
      const left = [
        rejected > 0 ? `${many(rejected, "row")} rejected` : "",
        conflict > 0 ? many(conflict, "conflict") : "",
        failed > 0 ? `${many(failed, "record")} left out` : "",
      ]
      return `${style.yellow("committed in part")} and verified: ${left.filter((it) => it !== "").join(", ")}`
    }
    case "failed":
      return `${style.red("failed")}: ${visible(job.failure?.message ?? "no reason was kept")}`
    case "cancelled":
      return job.counts.created + job.counts.updated + (job.counts.deleted ?? 0) > 0
        ? "cancelled during its commit"
        : "cancelled before its commit"
    case "undone":
      return "committed, and taken back"
  }
}
