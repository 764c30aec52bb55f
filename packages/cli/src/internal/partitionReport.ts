/**
 * A parent job as people read it: what became of its partitions.
 */
import type { Engine, Job, Partition } from "@waybill/core"
import { count, many } from "./format.ts"
import type { Style } from "./style.ts"
import { table, visible } from "./table.ts"

/** A parent's first line. */
export const headline = (job: Job.Job & { readonly partitions: Job.Partitions }, style: Style): string => {
  const all = many(job.partitions.names.length, "partition")
  const why = job.failure === null ? "" : `: ${visible(job.failure.message)}`
  switch (job.status) {
    case "validating":
      return style.yellow(`${all} are being validated, or that broke off; to resume it goes on from there`)
    case "running":
      return style.yellow(`${all} are being imported, or that broke off; to resume it goes on from there`)
    case "pending":
      return `${style.green("validated")} in ${all}; nothing is written yet${why}`
    case "success":
      return `${style.green("committed")} and verified, all of ${all}`
    case "partial":
      return `${style.yellow("committed in part")}${why}`
    case "failed":
      return `${style.red("failed")}${why}`
    case "cancelled":
      return `cancelled; of ${all} what was written stays`
    case "undone":
      return `${all} committed, and taken back`
  }
}

/** The partitions of a parent as a table. */
export const partitions = (states: ReadonlyArray<Partition.State>, style: Style): string =>
  table(
    [
      { heading: "partition" },
      { heading: "status" },
      { heading: "rows", align: "right" },
      { heading: "rejected", align: "right" },
      { heading: "job" },
      { heading: "why" },
    ],
    states.map(({ job, partition, refused, status }) => [
      partition,
      status,
      job === null ? "" : count(job.counts.processed),
      job === null ? "" : count(job.counts.rejected),
      job?.id ?? "",
      refused?.message ?? (job?.failure == null ? "" : `${job.failure.code}: ${job.failure.message}`),
    ]),
    style,
  )

/** What an undo would do with the jobs of the partitions, as a table. */
export const undone = (values: NonNullable<Engine.UndoPreview["partitions"]>, style: Style): string =>
  table(
    [
      { heading: "partition" },
      { heading: "reversed", align: "right" },
      { heading: "kept", align: "right" },
      { heading: "errored", align: "right" },
      { heading: "job" },
      { heading: "why not" },
    ],
    values.map(({ errored, job, kept, partition, refused, reversed }) => [
      partition,
      count(reversed),
      count(kept),
      count(errored),
      job,
      refused ?? "",
    ]),
    style,
  )
