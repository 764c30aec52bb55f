/**
 * Jobs as a table, for people who look for one.
 */
import { Job } from "@waybill/core"
import { count, many, moment } from "./format.ts"
import type { Style } from "./style.ts"
import { table } from "./table.ts"

// a parent says how many partitions it has, a child which one it is
const sourceOf = (job: Job.Job): string =>
  Job.isParent(job)
    ? `${job.source.name} (${many(job.partitions.names.length, "partition")})`
    : `${(job.partition ?? null) === null ? "" : `${job.partition}: `}${job.source.name}`

/** See the file's first sentence. */
export const jobs = (values: ReadonlyArray<Job.Job>, style: Style): string =>
  table(
    [
      { heading: "job" },
      { heading: "import" },
      { heading: "status" },
      { heading: "mode" },
      { heading: "started by" },
      { heading: "created" },
      { heading: "rows", align: "right" },
      { heading: "rejected", align: "right" },
      { heading: "source" },
    ],
    values.map((job) => [
      job.id,
      job.import,
      job.status,
      job.mode,
      job.startedBy,
      moment(job.createdAt),
      count(job.counts.processed),
      count(job.counts.rejected),
      sourceOf(job),
    ]),
    style,
  )
