/**
 * A report is a job as people read it: what happened, its rows, its records by entity, its issues, and what to type next.
 *
 * @module
 */
import type { Candidates, DeadLetters, Engine, Issue, Job, Partition, Retention, Summary } from "@waybill/core"
import { bookmarkOf } from "./internal/bookmark.ts"
import * as candidateTable from "./internal/candidateTable.ts"
import { count, duration, many, moment, size } from "./internal/format.ts"
import { headline } from "./internal/headline.ts"
import { jobs as jobTable } from "./internal/jobTable.ts"
import * as partitionReport from "./internal/partitionReport.ts"
import { retention as retentionTable } from "./internal/retentionTable.ts"
import { coloured, plain, type Style } from "./internal/style.ts"
import { type Column, table, visible } from "./internal/table.ts"

/** How a report looks. */
export interface Look {
  /** Whether it is painted for a terminal; it is not by default. */
  readonly colour?: boolean
}

const styleOf = (look: Look): Style => (look.colour === true ? coloured : plain)

const right = (heading: string): Column => ({ heading, align: "right" })

const rowHeadings = ["processed", "imported", "skipped", "rejected"] as const
const recordHeadings = ["records", "created", "updated", "unchanged", "conflict", "failed", "candidates"] as const
const withDeleted = ["records", "created", "updated", "unchanged", "deleted", "conflict", "failed", "candidates"] as const

/**
 * The counts of a job as two tables: rows by outcome, records by entity. While a job is pending they say what a commit will do.
 */
export const counts = (value: Summary.Counts, look: Look = {}): string => {
  const style = styleOf(look)
  const headings = value.unprocessed > 0 ? [...rowHeadings, "unprocessed" as const] : rowHeadings
  const rows = table(headings.map(right), [headings.map((heading) => count(value[heading]))], style)
  const entities = Object.entries(value.entities)
  const kept = entities.flatMap(([name, of]) =>
    Object.entries(of.kept ?? {}).map(([field, records]) => [name, field, count(records)]),
  )
  if (entities.length === 0) return `${style.bold("Rows")}\n${rows}`
  // jobs that were stored before a commit could delete have no such count
  const columns = entities.some(([, of]) => (of.deleted ?? 0) > 0) ? withDeleted : recordHeadings
  const lines = entities.map(([name, of]) => [name, ...columns.map((heading) => count(of[heading]))])
  if (entities.length > 1)
    lines.push(["total", ...columns.map((heading) => count(entities.reduce((total, [, of]) => total + of[heading], 0)))])
  return `${style.bold("Rows")}\n${rows}\n${style.bold("Records")}\n${table([{ heading: "entity" }, ...columns.map(right)], lines, style)}${
    kept.length === 0
      ? ""
      : `\n${style.bold("Kept as it is in the target")}\n${table([{ heading: "entity" }, { heading: "field" }, right("records")], kept, style)}`
  }`
}

/** Issues as a table, in the order they were found. */
export const issues = (values: ReadonlyArray<Issue.Issue>, look: Look = {}): string =>
  table(
    [
      { heading: "severity" },
      { heading: "ref" },
      { heading: "column" },
      { heading: "code" },
      { heading: "value" },
      { heading: "message" },
    ],
    values.map(({ code, column, message, ref, severity, value }) => [
      severity,
      ref ?? "",
      column ?? "",
      code,
      value === null ? "" : value,
      message,
    ]),
    styleOf(look),
  )

/** How many issues there are of each code, the most frequent first. */
export const issueCodes = (value: Summary.Counts, look: Look = {}): string =>
  table(
    [right("count"), { heading: "code" }],
    Object.entries(value.issuesByCode)
      .sort(([a, more], [b, less]) => less - more || (a < b ? -1 : 1))
      .map(([code, times]) => [count(times), code]),
    styleOf(look),
  )

/** A candidate, with what is remembered about it and which keys are near where that was looked for. */
export type Candidate = candidateTable.Shown

/** Candidates as a table: what is referred to and exists nowhere, where it stands, the nearest keys, and what was decided since. */
export const candidates = (values: ReadonlyArray<Candidate>, look: Look = {}): string =>
  candidateTable.candidates(values, styleOf(look))

/** Decisions about candidates as a table. */
export const decisions = (values: ReadonlyArray<Candidates.Decision>, look: Look = {}): string =>
  candidateTable.decisions(values, styleOf(look))

/** What may be done next: what to type, with why, or only what to do; nothing where there is nothing. */
export const next = (values: Details["next"], look: Look = {}): string => {
  const { bold, dim } = styleOf(look)
  return values.length === 0
    ? ""
    : `${bold("Next")}\n${values.map(({ type, why }) => (type === undefined ? `  ${why}\n` : `  ${dim(`${why}:`)}\n    ${type}\n`)).join("")}`
}

/** Jobs as a table. */
export const jobs = (values: ReadonlyArray<Job.Job>, look: Look = {}): string => jobTable(values, styleOf(look))

/** The partitions of a parent job as a table. */
export const partitions = (values: ReadonlyArray<Partition.State>, look: Look = {}): string =>
  `${styleOf(look).bold("Partitions")}\n${partitionReport.partitions(values, styleOf(look))}`

const shown = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value))

const whyKept = {
  notEmpty: "it is filled in",
  atCreation: "the record was there",
  edited: "somebody edited it",
  neverWritten: "no import wrote it",
} as const

/** One record of a plan on a line, with what changes in it, and what is kept although the feed has something else. */
export const change = (value: Engine.RecordChange): string => {
  const details = [
    ...value.changes.map(({ after, before, field }) => `${field}: ${shown(before)} → ${shown(after)}`),
    ...(value.kept ?? []).map(
      ({ feed, field, target, why }) => `${field}: ${shown(target)} is kept, ${whyKept[why]}; the feed has ${shown(feed)}`,
    ),
    ...value.issues.map(({ code, message }) => `${code}: ${message}`),
  ]
  const head = `${value.action.padEnd(9)}  ${value.entity} ${value.key}${value.ref === null ? "" : `  (${value.ref})`}`
  return `${visible(head)}\n${details.map((detail) => `             ${visible(detail)}\n`).join("")}`
}

/** A rejected row with what is wrong with it. */
export const deadLetter = ({ issues: found, ref, row }: DeadLetters.DeadLetter): string => {
  const cells =
    "value" in row
      ? [JSON.stringify(row.value)]
      : row.cells.map((cell, at) => `${row.columns[at] ?? `cell ${at + 1}`}: ${cell === null ? "nothing" : JSON.stringify(cell)}`)
  const lines = [
    cells.join(", "),
    ...found.map(({ code, column, message }) => `${code}${column === null ? "" : ` (${column})`}: ${message}`),
  ]
  return `${visible(ref)}\n${lines.map((line) => `    ${visible(line)}\n`).join("")}`
}

/** What an undo would do, and the command that does it. */
export const undoPreview = (value: Engine.UndoPreview, command: string, look: Look = {}): string => {
  const style = styleOf(look)
  const headings = ["reversed", "kept", "errored"] as const
  const lines = Object.entries(value.entities).map(([name, of]) => [name, ...headings.map((heading) => count(of[heading]))])
  const sections = [
    `${style.bold("What an undo would do")}\n${table([{ heading: "entity" }, ...headings.map(right)], lines, style)}`,
  ]
  if (value.partitions !== undefined)
    sections.push(`${style.bold("Partitions, in this order")}\n${partitionReport.undone(value.partitions, style)}`)
  if (value.left.length > 0)
    sections.push(
      `${style.bold("What would be left as it is")}\n${table(
        [{ heading: "entity" }, { heading: "key" }, { heading: "ref" }, { heading: "why" }, { heading: "message" }],
        value.left.map(({ entity, key, kind, message, ref }) => [entity, key, ref, kind, message]),
        style,
      )}`,
    )
  if (value.reversed > 0) sections.push(next([{ why: "take it back", type: command }], look))
  return sections.join("\n")
}

/** What of old jobs goes, or went, and the command that takes it away. */
export const retention = (due: Retention.Due, purged: Retention.Purged | undefined, command: string, look: Look = {}): string =>
  retentionTable(due, purged, command, styleOf(look))

const phases = ["read", "plan", "integrity", "apply", "verify"]

/** A job's head: what happened to it, where its rows come from and go to, who started it and how long it took. */
export const head = (job: Job.Job, look: Look = {}): string => {
  const style = styleOf(look)
  const times = phases.flatMap((phase) => (job.timings[phase] === undefined ? [] : [`${phase} ${duration(job.timings[phase])}`]))
  const bytes = job.source.bytes === null ? "" : ` (${size(job.source.bytes)})`
  const facts: ReadonlyArray<readonly [string, string]> = [
    ["job", job.id],
    ["source", `${job.source.name}${bytes}`],
    [
      "read by",
      job.source.reading === undefined ? "" : `${job.source.reading.name} (SHA-256 ${job.source.reading.sha256.slice(0, 12)}…)`,
    ],
    ["bookmark", bookmarkOf(job)],
    ["target", job.target],
    ["mode", job.mode],
    ["started", `${moment(job.createdAt)} by ${job.startedBy}`],
    ["took", times.join(", ")],
    ["worker", job.lease === null ? "" : `${job.lease.worker}; its lease lasts until ${moment(job.lease.until)}`],
    ["asked", job.request === null ? "" : `to ${job.request}; its worker does so at its next safe point`],
    ["failure", job.failure?.code ?? ""],
    ["snapshot", job.snapshot?.hash ?? ""],
    ["plan", job.plan ?? ""],
    ["earlier", job.earlier ?? ""],
    ["parent", (job.parent ?? null) === null ? "" : `${job.parent}, its partition ${job.partition}`],
  ]
  const lines = facts
    .filter(([, fact]) => fact !== "")
    .map(([name, fact]) => `  ${style.dim(name.padEnd(8))}  ${visible(fact)}\n`)
  return `${style.bold(visible(job.import))}: ${headline(job, style)}\n${lines.join("")}`
}

/** What {@link job} shows besides the job itself. */
export interface Details {
  /** The issues to list; all of the job, or the first of them. */
  readonly issues: ReadonlyArray<Issue.Issue>
  /** Whether the issues are those of the commit alone, because the others were shown with the preview; not by default. */
  readonly sincePreview?: boolean
  /** Its candidates. */
  readonly candidates: ReadonlyArray<Engine.Candidate>
  /** What to type next, each with why; without `type`, what to do that is not typed. */
  readonly next: ReadonlyArray<{ readonly why: string; readonly type?: string }>
  /** Whether its snapshot and plan were taken away because they were older than they are kept. */
  readonly isPurged?: boolean
  /** For a parent job: how its partitions stand. */
  readonly partitions?: ReadonlyArray<Partition.State>
  /** The most candidates that are listed; 10 by default. */
  readonly most?: number
}

const issueSections = ({ counts: of }: Job.Job, details: Details, look: Look): ReadonlyArray<string> => {
  const { bold } = styleOf(look)
  const total = of.errors + of.warnings
  if (total === 0) return []
  const number = `${bold("Issues")}: ${many(of.errors, "error")}, ${many(of.warnings, "warning")}`
  if (details.sincePreview === true) {
    const fresh = details.issues
    return fresh.length === 0
      ? [`${number}, as in the preview\n`]
      : [`${number}\n`, `${bold("Found by the commit")}\n${issues(fresh, look)}`]
  }
  const codes = `${number}\n${issueCodes(of, look)}`
  if (details.issues.length === 0) return [codes]
  const title =
    details.issues.length < total ? `${count(details.issues.length)} of ${count(total)} issues, errors first` : "All issues"
  return [codes, `${bold(title)}\n${issues(details.issues, look)}`]
}

const candidateSection = (of: Job.Job, details: Details, look: Look): string => {
  const { most = 10 } = details
  const committed = of.status === "success" || of.status === "partial" || of.status === "undone"
  const created = details.candidates.filter((it) => it.created).length
  const title =
    created === 0
      ? "Candidates, which exist nowhere"
      : created < details.candidates.length
        ? "Candidates, and what becomes of them"
        : `Candidates, which the commit ${committed ? "created" : "creates"}`
  const rest = details.candidates.length - most
  const more = rest > 0 ? `  … and ${count(rest)} more\n` : ""
  return `${styleOf(look).bold(title)}\n${candidates(details.candidates.slice(0, most), look)}${more}`
}

/** The whole report of a job. */
export const job = (value: Job.Job, details: Details, look: Look = {}): string => {
  const sections = [head(value, look), counts(value.counts, look), ...issueSections(value, details, look)]
  if (details.partitions !== undefined) sections.push(partitions(details.partitions, look))
  if (details.isPurged === true)
    sections.push("Its snapshot and plan are taken away: it can neither be looked into nor undone any more.\n")
  if (details.candidates.length > 0) sections.push(candidateSection(value, details, look))
  if (details.next.length > 0) sections.push(next(details.next, look))
  return sections.join("\n")
}
