/**
 * The parts of the page about the job as a whole: heading, outcomes, comparison with earlier runs, facts.
 */
import type { Issue } from "../../Issue.ts"
import type { Job } from "../../Job.ts"
import { type Bar, bars, columns, type Point } from "./charts.ts"
import { count, escaped, moment, share, visible } from "./markup.ts"

const sentences: { readonly [status in Job["status"]]: string } = {
  validating: "The validation is under way, or broke off. Nothing was written.",
  pending: "Nothing is written yet. A commit does exactly what is shown here.",
  running: "The commit is under way, or broke off.",
  success: "Everything planned is in the target, and was read back.",
  partial: "What could go in is in the target, and was read back; the rest was left out, and is listed here.",
  failed: "It was not committed as a whole.",
  cancelled: "It was given up; the counts say what was done before.",
  undone: "It was written, and taken back.",
}

const text = (value: string): string => `<bdi>${escaped(visible(value))}</bdi>`

const card = (value: number, label: string): string => `<li><b>${count(value)}</b><span>${escaped(label)}</span></li>`

/** The heading, with the status in words and why it failed. */
export const header = (job: Job): string => {
  const failure =
    job.failure === null
      ? ""
      : `<p class="failure" role="note">${text(job.failure.message)} <code>${escaped(job.failure.code)}</code></p>`
  return `<a class="skip" href="#main">To the content</a><header><h1>${text(job.import)} <span class="status ${job.status}">${job.status}</span></h1><p class="lead">${text(job.source.name)} into ${text(job.target)}, ${moment(job.createdAt)}, by ${text(job.startedBy)}. ${sentences[job.status]}</p>${failure}</header><main id="main">
`
}

/** What became of rows and records: figures, and a chart of each. */
export const outcomes = ({ counts, status }: Job): string => {
  const isPlan = status === "pending"
  const word = (of: string): string => (isPlan ? `to be ${of}` : of)
  const cards = [
    card(counts.processed, "rows read"),
    card(counts.imported, isPlan ? "rows to import" : "rows imported"),
    ...(counts.skipped > 0 ? [card(counts.skipped, "rows skipped")] : []),
    card(counts.rejected, "rows rejected"),
    ...(counts.unprocessed > 0 ? [card(counts.unprocessed, "rows not done")] : []),
    card(counts.created, word("created")),
    card(counts.updated, word("updated")),
    card(counts.unchanged, "unchanged"),
    ...(counts.deleted > 0 ? [card(counts.deleted, word("deleted"))] : []),
    ...(counts.conflict > 0 ? [card(counts.conflict, "conflicts")] : []),
    ...(counts.failed > 0 ? [card(counts.failed, isPlan ? "refused" : "failed")] : []),
  ]
  const rows: Bar = {
    label: "rows",
    parts: [
      { label: "imported", value: counts.imported, tone: "good" },
      { label: "skipped", value: counts.skipped, tone: "quiet" },
      { label: "rejected", value: counts.rejected, tone: "bad" },
      { label: "not done", value: counts.unprocessed, tone: "warn" },
    ],
  }
  const records = Object.entries(counts.entities).map(
    ([label, of]): Bar => ({
      label,
      parts: [
        { label: "created", value: of.created, tone: "good" },
        { label: "updated", value: of.updated, tone: "update" },
        { label: "unchanged", value: of.unchanged, tone: "quiet" },
        { label: "deleted", value: of.deleted, tone: "accent" },
        { label: "conflict", value: of.conflict, tone: "warn" },
        { label: isPlan ? "refused" : "failed", value: of.failed, tone: "bad" },
      ],
    }),
  )
  const charts = bars("Rows by outcome", "rows", [rows], true) + bars("Records by outcome", "entity", records)
  return `<section aria-labelledby="h-outcomes"><h2 id="h-outcomes">${isPlan ? "What a commit will do" : "What happened"}</h2><ul class="cards">${cards.join("")}</ul><div class="charts">${charts}</div></section>
`
}

/** Whether an issue is about the source as a whole, such as how it is read, and not about a row. */
export const isNotice = ({ source: { name } }: Job, { ref, severity }: Issue): boolean =>
  severity === "warning" &&
  ref !== null &&
  (ref === name || !(ref.startsWith(`${name}!`) ? ref.slice(name.length + 1) : ref).includes(":"))

/** How the source was read: by which profile, and what it says itself of encoding, dialect and formats, with the evidence. Nothing where it says nothing. */
export const reading = ({ source }: Job, notices: ReadonlyArray<Issue>): string => {
  const by = source.reading
  if (by === undefined && notices.length === 0) return ""
  const profile =
    by === undefined ? "" : `<p>Read by ${text(by.name)}, SHA-256 <code class="hash">${escaped(by.sha256)}</code>.</p>`
  const items = notices.map(
    ({ code, message, ref }) =>
      `<dt><code>${escaped(visible(code))}</code></dt><dd>${text(message)} <small>${text(ref ?? "")}</small></dd>`,
  )
  const list = items.length === 0 ? "" : `<dl class="facts">${items.join("")}</dl>`
  return `<section aria-labelledby="h-reading"><h2 id="h-reading">How the source was read</h2>${profile}${list}</section>\n`
}

const run = (job: Job, isThis: boolean, figure: (job: Job) => readonly [value: number, said: string]): Point => {
  const [value, said] = figure(job)
  return { label: `${moment(job.createdAt)} (${job.status})`, value, said, isThis }
}

/** How the job differs from those before it: small charts of a figure over the runs. Nothing for a first run. */
export const drift = (job: Job, before: ReadonlyArray<Job>): string => {
  const read = before.filter(({ counts, undo }) => undo === null && counts.processed > 0).reverse()
  if (read.length === 0 || job.counts.processed === 0) return ""
  const series = (title: string, figure: (of: Job) => readonly [number, string]): string =>
    columns(title, [...read.map((it) => run(it, false, figure)), run(job, true, figure)])
  const parts = [
    series("Rows read", ({ counts }) => [counts.processed, count(counts.processed)]),
    series("Rows rejected", ({ counts }) => [counts.rejected / counts.processed, share(counts.rejected, counts.processed)]),
    series("Records created", ({ counts }) => [counts.created, count(counts.created)]),
    series("Records updated", ({ counts }) => [counts.updated, count(counts.updated)]),
  ]
  return `<section aria-labelledby="h-runs"><h2 id="h-runs">Beside the ${read.length === 1 ? "run" : `${read.length} runs`} before</h2><div class="runs">${parts.join("")}</div></section>
`
}

/** The job's facts: who, when, from where, and the hashes. */
export const facts = (job: Job): string => {
  const all: ReadonlyArray<readonly [string, string]> = [
    ["Job", `<code>${escaped(job.id)}</code>`],
    ["Import", `${text(job.import)}, revision ${job.revision}, ${job.mode}`],
    [
      "Source",
      `${text(job.source.name)} (${escaped(job.source.kind)}${job.source.bytes === null ? "" : `, ${count(job.source.bytes)} bytes`})`,
    ],
    ...(job.source.sha256 === null ? [] : [["SHA-256 of the source", `<code>${escaped(job.source.sha256)}</code>`] as const]),
    ["Target", text(job.target)],
    ["Began", moment(job.createdAt)],
    ["Last change", moment(job.updatedAt)],
    ...(job.transaction === null ? [] : [["Commit", job.transaction] as const]),
    ...(job.snapshot === null ? [] : [["Snapshot", `<code>${escaped(job.snapshot.hash)}</code>`] as const]),
    ...(job.plan === null ? [] : [["Plan", `<code>${escaped(job.plan)}</code>`] as const]),
    ...Object.entries(job.counts.normalizations).map(
      ([rule, times]) => [`Normalized by ${rule}`, `${count(times)} cells`] as const,
    ),
  ]
  const list = all.map(([name, value]) => `<dt>${escaped(visible(name))}</dt><dd>${value}</dd>`).join("")
  return `<section aria-labelledby="h-facts"><h2 id="h-facts">Facts</h2><dl class="facts">${list}</dl></section>
`
}
