/**
 * What to do about a failed job, in one line for each code of docs/failures.md, which says more about each.
 */
import { Job } from "@waybill/core"

/** The page that the lines name. */
const page = "docs/failures.md"

/** A line; where the way on depends on the job, `again` says it: `commit the job again`, or `import it again`. */
type Line = string | ((again: string) => string)

const rightFile = "see that it is the right file and import it again, or raise the limit of the import"
const laterAgain = "nothing was written: wait until the source can be read, and import it again"
const cell = "correct such cells at their source to what the message expects, or have the import normalize them"
const written = "find what changes records as they are written: a trigger, a default, another writer"

const lines = new Map<string, Line>(
  Object.entries({
    "rows.rejected": "correct the rows at their source and import it again, or have the import allow partial imports",
    "column.missing": "correct the header at its source and import it again, or name an alias for the column",
    "limit.bytes": rightFile,
    "limit.rows": rightFile,
    "limit.maxRejected": rightFile,
    "limit.maxDeleted": "see that the feed is whole and import it again, or raise the limit of the import",
    "limit.validateTimeout": "look for what is slow in the times it took, or raise the limit, and import it again",
    "limit.commitTimeout": (again: string) => `raise the limit of the import, and ${again}`,
    "source.Unreachable": laterAgain,
    "source.Timeout": laterAgain,
    "source.Busy": laterAgain,
    "source.Refused": "correct the key or the rights for the source, and import it again",
    "source.NotFound": "correct the name of the file, sheet or address, and import it again",
    "source.Malformed": "get it anew, or have it corrected where the message says, and import it again",
    "source.TooLarge": "see that it is the right file and import it again, or raise the limit of the source",
    "sink.Unreachable": (again: string) => `see that the target can be reached, and ${again}`,
    "sink.Timeout": (again: string) => `see what keeps the target busy, and ${again}`,
    "sink.Contention": (again: string) => `let other work on the target finish, and ${again}`,
    "sink.Capacity": (again: string) => `make room in the target, and ${again}`,
    "sink.Unauthorized": (again: string) => `correct user, password or rights at the target, and ${again}`,
    "sink.SchemaMismatch": (again: string) => `correct what the message names, in the target or in the import, and ${again}`,
    "sink.DataRefused": "correct the row that the issue names at its source, and import it again",
    "sink.Fenced": "look at the job again with `show`: the worker that took it over writes its outcome",
    "sink.Unknown": (again: string) => `look up the words of the target in the message, mend what they name, and ${again}`,
    "sink.…": "correct the row at its source; the code is the target's own",
    conflict: "import it again and look at the new plan, or have the import leave conflicts out",
    target: "import it again, into the target that the import has now",
    integrity: "find out who changed the snapshot store, and import it again",
    "store.…": (again: string) => `look at disk and rights of the snapshot store, and ${again}`,
    verify: `look at the issues; ${written}`,
    "verify.missing": written,
    "verify.different": written,
    "verify.present": written,
    defect: (again: string) => `have the import, or the adapter that threw, mended, and ${again}`,
    cancelled: "look into the target for what it had written, or undo the job",
    purged: "restore from a backup, or import what is right",
    accounting: "a bug of a sink or of Waybill: please report it",
    "mirror.empty": "get the feed anew, and import it again",
    "mirror.rejected": "correct the rows at their source, and import it again",
    "mirror.count": "ask whether the feed is whole, and get it anew",
    "mirror.share": "ask whether the feed is whole, and get it anew",
    "mirror.incremental": "read all of the source with --full",
    "mirror.unsupported": "take the mirror out of the import, or use a sink that can tell which records are missing",
    "ownership.unsupported": "own the field `whenEmpty` or `atCreation`, or use a sink that keeps what commits wrote last",
    partitions: "look at each partition's own job, and mend what its failure names",
    "undo.nothing": "nothing is left to do: the job had written nothing",
    busy: "let the other job finish, and undo it again, with --wait",
    "undo.refused": "look at the jobs of the partitions that the issues name, and undo it again",
    "undo.errored": "read in the message why the target refuses what was there before",
    "cell.empty": "fill in such cells at their source, or let the column of the import be empty",
    "cell.text": cell,
    "cell.enum": cell,
    "cell.integer": cell,
    "cell.bigint": cell,
    "cell.number": cell,
    "cell.decimal": cell,
    "cell.boolean": cell,
    "cell.date": cell,
    "cell.timestamp": cell,
    "cell.json": cell,
    "row.shape": "have the source give objects as rows",
    "row.schema": "correct what the message names in such rows, at their source",
    "field.…": "have `map` of the import make a value that the field takes",
    "rule.…": "correct such rows at their source, or change the rule of the import",
    "key.conflict": "have one row for each key: the message names the other row",
    "reference.missing": "correct the key at its source, import what it refers to first, or decide about it with `candidates`",
    "candidate.rejected": "correct the key at its source, or take the decision back with `decide … --forget`",
    "reference.refused": "correct the row of the record that it refers to first",
  } satisfies { readonly [code: string]: Line }),
)

/** The entry of the page about a code: its own, or that of its family; `undefined` where the page has none. */
export const entryOf = (code: string): string | undefined => [code, code.replace(/\..*$/, ".…")].find((entry) => lines.has(entry))

/** The codes and families that have a line. */
export const entries = (): ReadonlyArray<string> => [...lines.keys()]

const lineOf = (entry: string, again: string): string => {
  const line = lines.get(entry)!
  return `${typeof line === "string" ? line : line(again)} (${page}: ${entry})`
}

// failures that are put right row by row
const ofRows: ReadonlySet<string> = new Set(["rows.rejected", "limit.maxRejected", "mirror.rejected", "verify"])
const mostIssues = 3

// the way on that the report's commands offer
const againOf = (job: Job.Job): string => {
  if (job.undo !== null) return "undo it again"
  return job.failure?.retryable === true && job.plan !== null ? "commit the job again" : "import it again"
}

/**
 * The lines for a job that failed: one for its failure, and where that lies in rows one for each of the most frequent codes of their errors.
 * A code that the page does not have is explained by its message alone.
 */
export const adviceOf = (job: Job.Job): ReadonlyArray<string> => {
  const { failure } = job
  if (failure === null || (job.status !== "failed" && job.status !== "cancelled" && !Job.isParent(job))) return []
  const again = againOf(job)
  const own = entryOf(failure.code)
  const found = ofRows.has(failure.code) ? Object.entries(job.counts.issuesByCode) : []
  const rows = found
    .sort(([a, more], [b, less]) => less - more || (a < b ? -1 : 1))
    .flatMap(([code]) => {
      const entry = entryOf(code)
      return entry === undefined || entry === own ? [] : [`${code}: ${lineOf(entry, again)}`]
    })
  return [...(own === undefined ? [] : [lineOf(own, again)]), ...rows.slice(0, mostIssues)]
}
