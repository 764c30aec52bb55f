/**
 * The reason file: which job refused a file, why, at which places, and what to do about it.
 */
import type { Issue, Job } from "@waybill/core"

const places = 100

const todo = (code: string): string => {
  if (code === "rows.rejected") return "Correct the places above, and put the file back into the folder."
  if (code === "column.missing") return "Correct the header, and put the file back into the folder."
  if (code.startsWith("limit."))
    return "Is it the right file? Then have the limit of the import raised, and put the file back into the folder."
  if (code.startsWith("source."))
    return "The file is not what it should be, or cannot be read. Get it again, and put it back into the folder."
  if (code === "conflict" || code.startsWith("mirror."))
    return "The target is not what was expected. Look at the job; to try again, put the file back into the folder."
  if (code.startsWith("sink."))
    return "The target refuses it. Correct the target or the file, and put the file back into the folder."
  return "Look at the job. Once what is wrong is corrected, put the file back into the folder."
}

// text of somebody else, on one line
const line = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ")

const place = ({ code, column, message, ref, value }: Issue.Issue): string =>
  `  ${line([ref ?? "", column ?? "", code].filter((it) => it !== "").join("  "))}: ${line(message)}${value === null || value === "" ? "" : ` (found ${line(value.slice(0, 200))})`}\n`

/** The text for a job that has left something out, with its issues. */
export const reason = (name: string, job: Job.Job, issues: ReadonlyArray<Issue.Issue>): string => {
  const { counts, failure, status } = job
  const total = counts.errors + counts.warnings
  // of a job that was only planned the counts are its preview
  const written = failure?.code === "rows.rejected" ? 0 : counts.created + counts.updated
  const head =
    status === "partial"
      ? `${name} was imported, but ${counts.rejected} of ${counts.processed} rows and ${counts.conflict + counts.failed} records were left out.`
      : `${name} was not imported. ${written === 0 ? "Nothing of it was written." : `Of it ${written} records were written.`}`
  const why = failure === null ? "" : `\ncode:    ${failure.code}\nreason:  ${line(failure.message)}\n`
  const more = total > places ? `  … and ${total - places} more, with the job\n` : ""
  const found = issues.length === 0 ? "" : `\nPlaces\n${issues.slice(0, places).map(place).join("")}${more}`
  const next =
    status === "partial"
      ? "What is imported stays. Correct the places above in a file of their own, or send the job's dead letters again."
      : todo(failure?.code ?? "")
  return `${line(head)}\n\nimport:  ${job.import}\n${why}${found}\nWhat to do\n  ${next}\n`
}

/** How many issues a reason lists. */
export const listed = places
