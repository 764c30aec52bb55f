/**
 * The sheet Summary: what became of the job, what it counted, what the other sheets hold, and what to do now.
 */
import type { Job } from "@waybill/core"
import { type Row, reference } from "./Book.ts"
import type { Written } from "./dataSheet.ts"
import type { Listed } from "./detailSheets.ts"
import type { Cell, Layout, Value } from "./SheetText.ts"
import type { Style } from "./styles.ts"
import { cut } from "./text.ts"

/** What the other sheets came to hold. */
export interface Contents {
  readonly data: Written
  readonly issues: Listed
  readonly candidates: Listed
  readonly normalizations: Listed
  readonly changes: Listed
}

/** How the sheet is laid out. */
export const layout: Layout = {
  columns: [{ width: 24, style: "plain" }, ...Array.from({ length: 7 }, () => ({ width: 13, style: "plain" }) as const)],
  hasHeader: false,
  colour: "1F3A5F",
  isSelected: true,
  orientation: "portrait",
}

const statusStyles: { readonly [status in Job.Status]?: Style } = {
  success: "good",
  partial: "warning",
  failed: "error",
  cancelled: "warning",
  undone: "warning",
}

const blank: Row = { cells: [] }
const count = (value: number): Cell => ({ value, style: "number" })
const line = (label: string, ...cells: ReadonlyArray<Value | Cell>): Row => ({
  cells: [{ value: label, style: "label" }, ...cells],
})
const heading = (...titles: ReadonlyArray<string>): Row => ({ cells: titles.map((value) => ({ value, style: "heading" })) })
const note = (value: string): Cell => ({ value, style: "note" })

const title = (job: Job.Job): string => {
  const { rejected, processed } = job.counts
  const what = rejected === 0 ? `${processed} rows` : `${rejected} of ${processed} rows rejected`
  return `${job.import}: ${job.status}, ${what}`
}

/** The rows of the sheet. */
export const rows = (job: Job.Job, contents: Contents): ReadonlyArray<Row> => [
  { cells: [{ value: title(job), style: "title" }] },
  ...advice(job, contents).map((value): Row => ({ cells: [note(value)] })),
  blank,
  heading("Job", "", "", "", "", "", "", ""),
  ...about(job),
  blank,
  heading(job.status === "pending" ? "Rows, as planned" : "Rows", "", "", "", "", "", "", ""),
  ...(["processed", "imported", "skipped", "rejected", "unprocessed"] as const).map((name) =>
    line(name, count(job.counts[name])),
  ),
  blank,
  ...records(job),
  ...codes("Issues", job.counts.issuesByCode),
  ...codes("Normalizations", job.counts.normalizations),
  heading("Sheets", "lines", "", "", "", "", "", ""),
  ...sheets(contents),
]

const advice = (job: Job.Job, { data, issues }: Contents): ReadonlyArray<string> => {
  const lines: Array<string> = []
  if (data.rows > 0 && job.counts.rejected > 0)
    lines.push(
      "Correct the red cells on the sheet Data, save this workbook and upload it as it is: Data is read, and its column of issues is left out.",
    )
  if (data.sheets.length > 1)
    lines.push(`Data goes on on ${data.sheets.slice(1).join(", ")}; an upload of this workbook reads the first of them only.`)
  if (!data.isWhole && data.rows > 0)
    lines.push("Data holds the rejected rows only, because the report was made without the original file.")
  if (!data.isWhole && data.rows < job.counts.rejected)
    lines.push(
      `${job.counts.rejected - data.rows} rejected rows are not on Data: they were rejected against the target, and their cells are in the original file only.`,
    )
  if (data.leftOut.count > 0)
    lines.push(
      `${data.leftOut.count} rows are not on Data, because a cell of theirs is longer than 32,767 characters: ${data.leftOut.first.join(", ")}${data.leftOut.count > data.leftOut.first.length ? ", …" : ""}.`,
    )
  const found = job.counts.errors + job.counts.warnings
  if (issues.rows < found)
    lines.push(`${issues.rows} of ${found} issues are listed; the others are warnings beyond what a job keeps.`)
  if (issues.unlinked > 0) lines.push(`The last ${issues.unlinked} issues have no link: a sheet holds 65,000.`)
  return lines
}

const about = (job: Job.Job): ReadonlyArray<Row> => {
  const { failure, source, undo } = job
  return [
    line("status", { value: job.status, style: statusStyles[job.status] ?? "text" }),
    ...(failure === null ? [] : [line("failure", cut(failure.message)), line("failure code", failure.code)]),
    line("job", job.id),
    line("import", `${job.import}, revision ${job.revision}, ${job.mode}`),
    line("source", `${source.name} (${source.kind})`),
    ...(source.bytes === null ? [] : [line("size in bytes", count(source.bytes))]),
    ...(source.sha256 === null ? [] : [line("SHA-256", source.sha256)]),
    ...(source.reading === undefined
      ? []
      : [line("read by", cut(source.reading.name)), line("SHA-256 of that", source.reading.sha256)]),
    line("target", job.target),
    line("started by", job.startedBy),
    line("created", job.createdAt),
    line("last change", job.updatedAt),
    ...(undo === null
      ? []
      : [
          line("takes back", undo.of),
          line("reversed", count(undo.reversed)),
          line("kept", count(undo.kept)),
          line("errored", count(undo.errored)),
        ]),
  ]
}

const outcomes = ["records", "created", "updated", "unchanged", "conflict", "failed", "candidates"] as const

const records = (job: Job.Job): ReadonlyArray<Row> => {
  const entities = Object.entries(job.counts.entities)
  if (entities.length === 0) return []
  return [
    heading(job.status === "pending" ? "Records, as planned" : "Records", ...outcomes),
    ...entities.map(([name, counts]) => line(name, ...outcomes.map((outcome) => count(counts[outcome])))),
    blank,
  ]
}

const codes = (name: string, counts: { readonly [code: string]: number }): ReadonlyArray<Row> => {
  const found = Object.entries(counts).sort(([one, more], [other, less]) => less - more || (one < other ? -1 : 1))
  if (found.length === 0) return []
  return [heading(name, "count", "", "", "", "", "", ""), ...found.map(([code, times]) => line(code, count(times))), blank]
}

const sheets = ({ candidates, changes, data, issues, normalizations }: Contents): ReadonlyArray<Row> => {
  const held: ReadonlyArray<readonly [Pick<Listed, "sheets" | "rows">, string]> = [
    [issues, "everything that is wrong, with the row linked to its cell in Data"],
    [
      data,
      data.isWhole ? "all rows, ready to be corrected and uploaded" : "the rejected rows, ready to be corrected and uploaded",
    ],
    [
      candidates,
      "what rows refer to and exists nowhere, with near keys of the file; of those that are open the rows are rejected",
    ],
    [normalizations, "every cell that was changed before it was read"],
    [changes, "what a commit does, field by field; records that stay as they are are not listed"],
  ]
  return held.flatMap(([{ rows: lines, sheets: names }, what]) =>
    names.map((name, at): Row => {
      const cells = [
        { value: name, style: "link" } as const,
        at === 0 ? count(lines) : null,
        at === 0 ? what : `${names[0]}, continued`,
      ]
      return { cells, link: { at: 0, to: reference(name, "A1") } }
    }),
  )
}
