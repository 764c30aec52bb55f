/**
 * Reports of jobs that are not made easily: large numbers, every status, wide characters.
 */
import { type Issue, Job, Summary } from "@waybill/core"
import { describe, expect, test } from "vitest"
import { Report } from "../src/index.ts"
import * as format from "../src/internal/format.ts"
import { line } from "../src/internal/progress.ts"
import { scrub } from "../src/internal/scrub.ts"
import { visible, width } from "../src/internal/table.ts"

const entity = {
  records: 0,
  created: 0,
  updated: 0,
  unchanged: 0,
  conflict: 0,
  failed: 0,
  candidates: 0,
  deleted: 0,
  missing: 0,
}

const counts: Summary.Counts = {
  ...Summary.empty,
  processed: 1_234_567,
  imported: 1_234_500,
  skipped: 7,
  rejected: 60,
  entities: {
    category: { ...entity, records: 12, created: 2, unchanged: 10, candidates: 2 },
    product: { ...entity, records: 1_234_000, created: 1_000_000, updated: 34_000, unchanged: 199_999, conflict: 1 },
  },
}

const job = (status: Job.Status): Job.Job => ({
  id: "20260302-101503-k3x9a2",
  import: "catalog",
  revision: 3,
  definition: "d",
  status,
  mode: "smart",
  startedBy: "ada",
  createdAt: "2026-03-02T10:15:03.120Z",
  updatedAt: "2026-03-02T10:15:09.000Z",
  source: { kind: "xlsx", name: "fiyat listesi.xlsx", sha256: null, bytes: 41_234, details: {} },
  target: "shop on localhost",
  attempt: 1,
  cursor: null,
  bookmark: null,
  snapshot: null,
  plan: null,
  transaction: "atomic",
  counts,
  timings: { validate: 9_999, read: 640.4, plan: 61_000 },
  failure: status === "failed" ? { code: "sink.Unreachable", message: "the server is gone", retryable: true } : null,
  earlier: null,
  token: 1,
  lease: null,
  request: null,
  purged: null,
  undo: null,
  parent: null,
  partition: null,
  partitions: null,
  version: 4,
})

test("counts are right-aligned, with thousands separators and a total", () => {
  expect(Report.counts(counts)).toBe(`Rows
  processed   imported  skipped  rejected
  1,234,567  1,234,500        7        60

Records
  entity      records    created  updated  unchanged  conflict  failed  candidates
  category         12          2        0         10         0       0           2
  product   1,234,000  1,000,000   34,000    199,999         1       0           0
  total     1,234,012  1,000,002   34,000    200,009         1       0           2
`)
})

test("rows that a stopped validation never came to have a column of their own", () => {
  expect(Report.counts({ ...Summary.empty, processed: 5, unprocessed: 5 })).toBe(`Rows
  processed  imported  skipped  rejected  unprocessed
          5         0        0         0            5
`)
})

test("the head of a job", () => {
  expect(Report.head(job("pending"))).toBe(`catalog: validated; nothing is written yet
  job       20260302-101503-k3x9a2
  source    fiyat listesi.xlsx (41.2 kB)
  target    shop on localhost
  mode      smart
  started   2026-03-02 10:15:03 UTC by ada
  took      read 640 ms, plan 1 min 1 s
`)
})

test.each([
  ["validating", "is being validated, or its validation broke off"],
  ["running", "is being committed, or its commit broke off; committing it again goes on from there"],
  ["success", "committed and verified"],
  ["partial", "committed in part and verified: 60 rows rejected"],
  ["failed", "failed: the server is gone"],
  ["cancelled", "cancelled before its commit"],
  ["undone", "committed, and taken back"],
] as const)("the headline of a job that is %s", (status, text) => {
  expect(Report.head(job(status)).split("\n")[0]).toBe(`catalog: ${text}`)
})

test("every status of a job has a headline", () => {
  for (const status of Object.keys(Job.moves) as ReadonlyArray<Job.Status>)
    expect(Report.head(job(status)).startsWith("catalog: ")).toBe(true)
})

test("only the first candidates are listed", () => {
  const candidates = Array.from({ length: 12 }, (_, at) => ({
    entity: "brand",
    key: `b${at}`,
    rows: 1,
    firstRef: "x:1",
    created: true,
  }))
  const text = Report.job(job("success"), { issues: [], candidates, next: [] })
  expect(text).toContain("Candidates, which the commit created\n")
  expect(text).toContain("  brand   b9      1  x:1        created\n  … and 2 more\n")
})

test("a commit lists only what its preview had not", () => {
  const found: Issue.Issue = {
    severity: "error",
    code: "conflict",
    ref: "x:1",
    entity: "brand",
    column: null,
    message: "gone",
    value: null,
  }
  const of = { ...job("partial"), counts: { ...counts, errors: 2, warnings: 1, issuesByCode: { a: 2, conflict: 1 } } }
  const details = { candidates: [], next: [], sincePreview: true }
  expect(
    Report.job(of, { ...details, issues: [] })
      .split("\n\n")
      .slice(-1),
  ).toStrictEqual(["Issues: 2 errors, 1 warning, as in the preview\n"])
  expect(
    Report.job(of, { ...details, issues: [found] })
      .split("\n\n")
      .slice(-2),
  ).toStrictEqual([
    "Issues: 2 errors, 1 warning",
    "Found by the commit\n  severity  ref  column  code      value  message\n  error     x:1          conflict         gone\n",
  ])
})

test("deletions have a column where there are any", () => {
  const { category, product } = counts.entities
  const deleting = { ...counts, entities: { category: category!, product: { ...product!, deleted: 1_204 } } }
  expect(Report.counts(counts)).not.toContain("deleted")
  expect(Report.counts(deleting)).toMatch(/unchanged {2}deleted {2}conflict/)
  expect(Report.counts(deleting)).toMatch(/product .* 1,204 /)
  expect(Report.counts(deleting)).toMatch(/total .* 1,204 /)
})

describe("pieces", () => {
  test("progress", () => {
    expect(line({ job: "1", phase: "read", done: 12_000, total: null })).toBe("Reading: 12,000 rows")
    expect(line({ job: "1", phase: "commit", done: 999, total: 1_000 })).toBe("Writing: 999 of 1,000 records (99 %)")
    expect(line({ job: "1", phase: "plan", done: 0, total: null })).toBe("Planning …")
  })

  test("numbers, durations and sizes", () => {
    expect([0, 999, 1_000, 1_234_567].map(format.count)).toStrictEqual(["0", "999", "1,000", "1,234,567"])
    expect([0, 999.4, 1_000, 59_949, 59_950, 3_600_000].map(format.duration)).toStrictEqual([
      "0 ms",
      "999 ms",
      "1.0 s",
      "59.9 s",
      "1 min 0 s",
      "60 min 0 s",
    ])
    expect([999, 1_000, 41_234, 3_000_000, 7e12].map(format.size)).toStrictEqual([
      "999 B",
      "1.0 kB",
      "41.2 kB",
      "3.0 MB",
      "7000.0 GB",
    ])
  })

  test("width counts what a terminal shows", () => {
    expect(width("İğdır")).toBe(5)
    expect(width("e\u0301")).toBe(1)
    expect(width("日本")).toBe(4)
  })

  test("control characters and bidirectional overrides are shown as escapes", () => {
    expect(visible("a\nb\u001b[2J\u202e\u0085")).toBe("a\\nb\\u001b[2J\\u202e\\u0085")
  })

  test("what looks like a secret is taken out, and nothing else", () => {
    expect(scrub("mongodb+srv://u:p%40@h/db?authSource=a")).toBe("mongodb+srv://***@h/db?authSource=a")
    expect(scrub("?key=abc&latitude=1")).toBe("?key=***&latitude=1")
    expect(scrub("duplicate key value violates unique constraint")).toBe("duplicate key value violates unique constraint")
    expect(scrub("see https://example.org/@user")).toBe("see https://example.org/@user")
  })
})
