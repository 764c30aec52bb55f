/**
 * A failed job says what to do next, whatever its code, and names where the page about failures says more.
 */
import { readFileSync } from "node:fs"
import { type Job, Summary } from "@waybill/core"
import { describe, expect, test } from "vitest"
import { adviceOf, entries, entryOf } from "../src/internal/advice.ts"
import { make } from "./application.ts"

const page = readFileSync(new URL("../../../docs/failures.md", import.meta.url), "utf8")

// the first cells of the table under a heading, with the rest of their rows
const rows = (heading: string): ReadonlyArray<readonly [string, string]> =>
  page
    .slice(page.indexOf(`\n## ${heading}\n`) + 1)
    .split("\n## ")[0]!
    .split("\n")
    .flatMap((line) => {
      const [, first, rest] = /^\| (`.*?) +\| (.*)$/.exec(line) ?? []
      return first === undefined ? [] : [[first, rest!] as const]
    })

const codesIn = (cell: string): ReadonlyArray<string> => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)

const failures = rows("Failure codes").flatMap(([first]) => codesIn(first))
const errors = rows("Issue codes")
  .filter(([, rest]) => !rest.startsWith("warning"))
  .flatMap(([first]) => codesIn(first))

const failed = (code: string, more: Partial<Job.Job> = {}): Job.Job =>
  ({
    status: "failed",
    undo: null,
    plan: null,
    counts: Summary.empty,
    failure: { code, message: "it failed", retryable: false },
    ...more,
  }) as Job.Job

describe("the lines", () => {
  test("are there for every failure of the page", () => {
    expect(failures.length).toBeGreaterThan(40)
    for (const code of failures) {
      const [line, ...more] = adviceOf(failed(code))
      expect(more, code).toEqual([])
      expect(line, code).toMatch(/^[^\n]{20,130} \(docs\/failures\.md: [^\n]+\)$/)
      expect(line, code).toContain(`(docs/failures.md: ${code})`)
    }
  })

  test("are there for every error of a row that the page has", () => {
    expect(errors.length).toBeGreaterThan(20)
    expect(errors.filter((code) => entryOf(code) === undefined)).toEqual([])
  })

  test("are of no code that the page does not have", () => {
    const known = new Set([...failures, ...errors, "field.…"])
    expect(entries().filter((entry) => !known.has(entry))).toEqual([])
  })

  test("fall back on the family of a code", () => {
    expect(entryOf("store.Capacity")).toBe("store.…")
    expect(entryOf("sink.23505")).toBe("sink.…")
    expect(entryOf("sink.Timeout")).toBe("sink.Timeout")
    expect(entryOf("xlsx.error")).toBeUndefined()
  })

  test("end in the way on that the job has", () => {
    const retryable = { code: "sink.Capacity", message: "no space", retryable: true }
    expect(adviceOf(failed("sink.Capacity"))[0]).toContain("make room in the target, and import it again (")
    expect(adviceOf(failed("", { failure: retryable, plan: "p" }))[0]).toContain("and commit the job again (")
    expect(adviceOf(failed("", { failure: retryable, plan: null }))[0]).toContain("and import it again (")
    expect(adviceOf(failed("", { failure: retryable, undo: {} as Job.Undo }))[0]).toContain("and undo it again (")
  })

  test("tell of the most frequent errors, where the failure lies in rows", () => {
    const issuesByCode = { "cell.empty": 2, "csv.width": 9, "key.conflict": 5, "reference.missing": 1, "rule.margin": 2 }
    const counts = { ...Summary.empty, issuesByCode }
    const named = (code: string) => adviceOf(failed(code, { counts })).map((line) => /^[a-z]+\.[a-z]+(?=: )/.exec(line)?.[0])
    expect(named("rows.rejected")).toEqual([undefined, "key.conflict", "cell.empty", "rule.margin"])
    expect(named("source.Malformed")).toEqual([undefined])
  })
})

test("a job that did not fail needs none", () => {
  for (const status of ["pending", "running", "success", "partial", "undone"] as const)
    expect(adviceOf(failed("conflict", { status }))).toEqual([])
  expect(adviceOf(failed("", { failure: null }))).toEqual([])
})

test("the report of a failed job ends in them", async () => {
  const { run } = make()
  const { out } = await run("validate", "bad.csv")
  expect(out.slice(out.indexOf("\nNext\n"))).toBe(`
Next
  correct the rows at their source and import it again, or have the import allow partial imports (docs/failures.md: rows.rejected)
  cell.decimal: correct such cells at their source to what the message expects, or have the import normalize them (docs/failures.md: cell.decimal)
  cell.empty: fill in such cells at their source, or let the column of the import be empty (docs/failures.md: cell.empty)
`)
})
