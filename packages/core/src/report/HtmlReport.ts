/**
 * A job as one self-contained page of HTML: what happened, charts, its issues and its changes, to be read in any browser, mailed and kept.
 *
 * The page needs no network and asks for none (its content security policy forbids it), is readable by keyboard and screen reader, in light and dark
 * and on paper, and shows its summary and the first rows without a script. Values from the data are only ever text. The same job gives the same
 * bytes; of other jobs only those are looked at that were made before it.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { Effect, Stream } from "effect"
import * as Inspection from "../Inspection.ts"
import type { Issue } from "../Issue.ts"
import type { Job } from "../Job.ts"
import { JobStore } from "../JobStore.ts"
import type { SnapshotStore } from "../SnapshotStore.ts"
import { bars } from "./internal/charts.ts"
import { escaped, shown, visible } from "./internal/markup.ts"
import * as overview from "./internal/overview.ts"
import { script } from "./internal/script.ts"
import { style } from "./internal/style.ts"
import { type Column, type Row, table } from "./internal/table.ts"

/** What {@link html} takes. */
export interface Options {
  /** The most rows of each table in the page; 200,000 by default. Those beyond are counted and said. */
  readonly maxRows?: number
  /** How many earlier jobs of the import the page compares with; 20 by default. */
  readonly runs?: number
}

const sha256 = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

const policy = `default-src 'none'; style-src ${sha256(style)}; script-src ${sha256(script)}; base-uri 'none'; form-action 'none'`

const head = (job: Job): string =>
  `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="referrer" content="no-referrer"><title>${escaped(visible(`${job.import}: ${job.status}`))}</title><style>${style}</style></head><body>
`

const foot = `</main><footer><p>Times are in UTC. This page is complete by itself and asks for nothing else.</p></footer><script>${script}</script></body></html>
`

// what charts count over all issues and changes, in as much memory as there are names, and the first notices
interface Found {
  readonly notices: ReadonlyArray<Issue>
  readonly byColumn: ReadonlyMap<string, number>
  readonly byField: ReadonlyMap<string, number>
}

const counted = <A, E, R>(stream: Stream.Stream<A, E, R>, names: (item: A) => ReadonlyArray<string>) =>
  Stream.runFold(
    stream,
    () => new Map<string, number>(),
    (counts, item) => {
      for (const name of names(item)) counts.set(name, (counts.get(name) ?? 0) + 1)
      return counts
    },
  )

const most = (counts: ReadonlyMap<string, number>, tone: string, label: string) =>
  [...counts]
    .sort(([a, many], [b, few]) => few - many || (a < b ? -1 : 1))
    .slice(0, 12)
    .map(([name, value]) => ({ label: name, parts: [{ label, value, tone }] }))

// a source says how it reads with a handful of them
const mostNotices = 100

const isWritten = ({ action }: Inspection.PlannedRecord): boolean =>
  action === "update" || action === "create" || action === "delete"

const issueColumns: ReadonlyArray<Column> = [
  { title: "Severity", kind: "severity" },
  { title: "Code", kind: "choice" },
  { title: "Where", kind: "text" },
  { title: "Column", kind: "choice" },
  { title: "Value", kind: "text" },
  { title: "What is wrong, and what would be right", kind: "word" },
]

const changeColumns: ReadonlyArray<Column> = [
  { title: "Action", kind: "choice" },
  { title: "Entity", kind: "choice" },
  { title: "Key", kind: "text" },
  { title: "Field", kind: "choice" },
  { title: "Old", kind: "text" },
  { title: "New", kind: "text" },
  { title: "Where", kind: "text" },
]

const candidateColumns: ReadonlyArray<Column> = [
  { title: "Entity", kind: "choice" },
  { title: "Key", kind: "text" },
  { title: "Rows", kind: "number" },
  { title: "First row", kind: "text" },
  { title: "Standing", kind: "choice" },
  { title: "Read as", kind: "text" },
  { title: "Nearest keys", kind: "text" },
]

const changesOf = ({ action, changes, entity, key, kept = [], ref }: Inspection.PlannedRecord): ReadonlyArray<Row> => {
  const where = ref === null ? "" : visible(ref)
  const row = (what: string, field: string, before: unknown, after: unknown): Row => [
    what,
    visible(entity),
    shown(key),
    visible(field),
    shown(before),
    shown(after),
    where,
  ]
  return [
    ...(action === "create" || action === "delete" ? [row(action, "", undefined, undefined)] : []),
    ...changes.map(({ after, before, field }) => row("update", field, before, after)),
    ...kept.map(({ feed, field, target }) => row("kept", field, target, feed)),
  ]
}

/**
 * The page of a job, in parts to be written one after the other (UTF-8). Two passes over issues and plan, each with one part of them in memory at
 * a time. Fails as `NotFound` where there is no such job, and as `IntegrityError` where a part is not what was sealed.
 */
export const html = (
  jobId: string,
  { maxRows = 200_000, runs = 20 }: Options = {},
): Stream.Stream<string, Inspection.InspectionError, JobStore | SnapshotStore> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const job = yield* Inspection.job(jobId)
      const store = yield* JobStore
      const before = yield* store.find({ import: job.import, before: job.createdAt, limit: runs })
      const notices: Array<Issue> = []
      const found: Found = {
        notices,
        byColumn: yield* counted(Inspection.issues(jobId), (issue) => {
          if (notices.length < mostNotices && overview.isNotice(job, issue)) notices.push(issue)
          return issue.column === null ? [] : [issue.column]
        }),
        byField: yield* counted(Inspection.records(jobId), ({ changes, entity }) =>
          changes.map(({ field }) => `${entity}.${field}`),
        ),
      }
      const issues = Stream.map(
        Inspection.issues(jobId),
        ({ code, column, message, ref, severity, value }): Row => [
          severity,
          code,
          ref === null ? "" : visible(ref),
          column === null ? "" : visible(column),
          value === null ? "" : shown(value),
          shown(message),
        ],
      )
      const changes = Inspection.records(jobId).pipe(
        Stream.filter((record) => isWritten(record) || record.kept !== undefined),
        Stream.flatMap((record) => Stream.fromIterable(changesOf(record))),
      )
      const candidates = Stream.map(
        Inspection.candidates(jobId),
        ({ decided, entity, firstRef, key, nearest, rows, standing }): Row => [
          visible(entity),
          shown(key),
          rows,
          visible(firstRef),
          standing,
          standing === "mapped" ? shown(decided?.as) : "",
          nearest.map(shown).join(", "),
        ],
      )
      return Stream.make(
        head(job),
        overview.header(job),
        overview.outcomes(job),
        overview.reading(job, notices),
        chartsOf(job, found),
        overview.drift(job, before),
      ).pipe(
        Stream.concat(
          table(
            {
              id: "issues",
              title: "Issues",
              caption: "What is wrong with the input, row by row",
              columns: issueColumns,
              maxRows,
            },
            issues,
          ),
        ),
        Stream.concat(
          table(
            {
              id: "candidates",
              title: "Candidates",
              caption:
                "Records that rows refer to and that exist nowhere; where one is open, nobody has decided about it, and its rows are rejected",
              columns: candidateColumns,
              maxRows,
            },
            candidates,
          ),
        ),
        Stream.concat(
          table(
            { id: "changes", title: "Changes", caption: "The plan, field by field", columns: changeColumns, maxRows },
            changes,
          ),
        ),
        Stream.concat(Stream.make(overview.facts(job), foot)),
      )
    }),
  )

const chartsOf = ({ counts }: Job, { byColumn, byField }: Found): string => {
  const codes = new Map(Object.entries(counts.issuesByCode))
  const drawn = [
    bars("Issues by code", "code", most(codes, "bad", "issues")),
    bars("Issues by column", "column", most(byColumn, "warn", "issues")),
    bars("Changes by field", "field", most(byField, "update", "changes")),
  ].join("")
  return drawn === ""
    ? ""
    : `<section aria-labelledby="h-charts"><h2 id="h-charts">Where it concentrates</h2><div class="charts">${drawn}</div></section>\n`
}
